"""A local code leads to an item by LOINC, by an approved map, or as a proposal by exact name."""

from functools import cache

import pytest

from hie.recognition.catalogue import load_catalogue
from hie.terminology.concept_map import MapEntry, Mapped, MapState, look_up, names_of, propose
from hie.terminology.units import ItemUnits

LOINC_CODES = {"2823-3": ("K", True), "17861-6": ("CA", False)}


@cache
def items() -> dict[str, ItemUnits]:
    return {key: item.units for key, item in load_catalogue().items.items()}


def entry(state: MapState, item: str | None = "K") -> dict[tuple[str, str], MapEntry]:
    return {("99LAB", "0101"): MapEntry(item, None, state)}


@pytest.mark.parametrize("system", ["LN", "LOINC", "http://loinc.org"])
def test_a_confirmed_loinc_code_needs_nobody(system: str) -> None:
    assert look_up([(system, "2823-3")], {}, LOINC_CODES) == Mapped("K", "2823-3", True)


def test_an_unconfirmed_loinc_code_waits_for_a_person() -> None:
    assert look_up([("LN", "17861-6")], {}, LOINC_CODES) == Mapped("CA", "17861-6", False)


def test_a_loinc_code_counts_before_the_sites_map_wherever_it_stands() -> None:
    codes = [("99LAB", "0101"), ("LN", "17861-6")]
    assert look_up(codes, entry(MapState.APPROVED), LOINC_CODES) == Mapped("CA", "17861-6", False)


def test_the_same_text_in_another_system_is_no_loinc_code() -> None:
    assert look_up([("99LAB", "2823-3")], {}, LOINC_CODES) is None


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (MapState.APPROVED, Mapped("K", None, True)),
        (MapState.PROPOSED, Mapped("K", None, False)),
        (MapState.UNMAPPED, None),
        (MapState.REJECTED, None),
    ],
)
def test_a_sites_map_counts_by_its_state(state: MapState, found: Mapped | None) -> None:
    assert look_up([("99LAB", "0101")], entry(state), LOINC_CODES) == found


def test_an_alternate_local_code_is_looked_up_too() -> None:
    codes = [("LN", "0000-0"), ("99LAB", "0101")]
    assert look_up(codes, entry(MapState.APPROVED), LOINC_CODES) == Mapped("K", None, True)


def test_a_code_without_a_system_is_the_sites_own() -> None:
    maps = {("", "0101"): MapEntry("NA", "2951-2", MapState.APPROVED)}
    assert look_up([(None, "0101")], maps, LOINC_CODES) == Mapped("NA", "2951-2", True)
    assert look_up([(None, None), ("", "")], maps, LOINC_CODES) is None


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("钾", "K"), ("★钾", "K"), ("*钾*", "K"), ("＊血清钾", "K"), ("K+", "K"), ("Ｋ＋", "K"),
        ("[K]", "K"), ("钾(", "K"), ("(alt)", "ALT"), ("丙氨酸氨基转移酶(ALT)", "ALT"),
        ("丙氨酸氨基转移酶（ＡＬＴ）", "ALT"), ("谷丙转氨酶【ALT】", "ALT"), ("potassium", "K"),
        (" 白细胞 计数 ", "WBC"), ("血红蛋白(HGB)", "HGB"),
    ],
)  # fmt: skip
def test_an_item_is_proposed_by_its_exact_name_or_alias(name: str, item: str) -> None:
    assert propose([name], names_of(items().values())) == item


@pytest.mark.parametrize(
    "name",
    ["", "钾(尿)", "葡萄糖(餐后2h)", "尿钾", "血红蛋白(糖化)", "丙氨酸氨基转移酶(AST)", "钾/钠",
     "总胆红素", "(", ")(", "()", "*"],
)  # fmt: skip
def test_anything_else_is_proposed_for_nothing(name: str) -> None:
    assert propose([name], names_of(items().values())) is None


def test_names_that_lead_to_two_items_propose_none() -> None:
    assert propose(["钾", "Na"], names_of(items().values())) is None
    assert propose(["钾", "K", None], names_of(items().values())) == "K"


def test_every_name_and_alias_of_the_catalogue_leads_to_its_item() -> None:
    for key, item in items().items():
        for name in item.names:
            assert propose([name], names_of(items().values())) in (key, None), name
        assert not item.names or propose([item.names[0]], names_of(items().values())) == key


def test_a_name_is_not_enough_where_the_catalogue_gives_no_specimen_and_no_unit() -> None:
    assert load_catalogue().items["MAG"].zh == "镁"
    assert propose(["镁"], names_of(items().values())) is None
