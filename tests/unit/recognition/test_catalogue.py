"""The shipped catalogue says what the sources say, day by day."""

from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.errors import RulebookInvalid
from hie.recognition.catalogue import Catalogue, build_catalogue, load_catalogue
from hie.schemas import read_yaml

DAY = date(2026, 6, 15)
KEYS = frozenset(
    (
        "K", "NA", "CL", "CA", "P", "TP", "ALB", "TC", "TG", "CRE", "UREA", "UA", "GLU", "ALT",
        "AST", "GGT", "LDH", "CK", "HBA1C", "HBSAG", "HBSAB", "HCVAB", "WBC", "RBC", "HGB", "PLT",
        "HCT",
    )
)  # fmt: skip

CLASSES = frozenset(("XRAY", "CT", "MRI", "US", "NM", "MG"))
HUBEI_ALONE = frozenset(
    ("FER", "HDLC", "LDLC", "APOA1", "APOB", "MAG", "FE", "TIBC", "LI", "TBIL", "DBIL")
)


def potassium(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = deepcopy(read_yaml("catalogue", "lab", "K.yaml"))
    data.update(changes)
    return {key: value for key, value in data.items() if value is not ...}


def dated(**days: Any) -> dict[str, Any]:
    return {
        day.replace("_", "-").strip("d"): {"value": value, "basis": "test", "certainty": "assumed"}
        for day, value in days.items()
    }


def catalogue_of(*files: dict[str, Any]) -> Catalogue:
    return build_catalogue((f"{number}.yaml", data) for number, data in enumerate(files))


def test_all_is_the_27_tests_and_6_imaging_classes() -> None:
    catalogue = load_catalogue()
    assert set(catalogue.classes_on(DAY)) == CLASSES
    assert catalogue.listed("all", DAY) == KEYS | CLASSES
    assert catalogue.listed("list:jjj27", DAY) == KEYS
    assert catalogue.listed("list:imaging6", DAY) == CLASSES
    assert catalogue.keys == KEYS | CLASSES | HUBEI_ALONE


def test_the_second_list_is_the_22_items_that_hubei_dates() -> None:
    catalogue = load_catalogue()
    listed = catalogue.listed("list:hubei22", DAY)
    assert listed == HUBEI_ALONE | {
        "TP", "ALB", "GLU", "HBA1C", "TC", "TG", "K", "NA", "CL", "CA", "P",
    }  # fmt: skip
    assert {key: catalogue.on(DAY)[key].validity_days for key in listed} == {
        **dict.fromkeys(("TP", "ALB", "FER", "GLU", "TC", "TG", "HDLC", "LDLC", "APOA1", "APOB",
                         "TBIL", "DBIL"), 30),
        **dict.fromkeys(("K", "NA", "CL", "CA", "MAG", "FE", "TIBC", "P", "LI"), 7),
        "HBA1C": 60,
    }  # fmt: skip
    assert catalogue.listed("list:hubei22", date(2022, 2, 28)) == frozenset()


@pytest.mark.parametrize("key", sorted(HUBEI_ALONE))
def test_an_item_of_the_second_list_holds_what_its_source_gives_and_nothing_else(key: str) -> None:
    item = load_catalogue().on(DAY)[key]
    assert set(item.evidence) == {"validity_days"}
    assert item.evidence["validity_days"].source == "http://rm.rmhospital.com/p/hz_29.html"
    assert item.missing == ("specimen", "unit", "plausible")
    assert (item.loinc_confirmed, item.loinc_unconfirmed, item.unit) == ((), (), "")
    assert (item.specimen, item.turnaround_days, item.price) == (None, None, None)
    assert (item.aliases, item.names, item.units.names) == ((), (), ())


def test_the_27_lack_nothing_that_a_result_needs_to_be_recognised() -> None:
    items = load_catalogue().on(DAY)
    assert {key for key in KEYS if items[key].missing} == set()


def test_a_policy_names_a_list_keys_or_both() -> None:
    catalogue = load_catalogue()
    assert catalogue.listed(["list:imaging6", "K"], DAY) == CLASSES | {"K"}
    assert catalogue.listed(["K", "FER"], DAY) == {"K", "FER"}
    assert catalogue.listed("list:none", DAY) == frozenset()
    assert catalogue.listed(None, DAY) == frozenset()


def test_a_list_changes_on_its_days() -> None:
    entries = {"d2022_03_01": ["K"], "d2024_02_29": ["K", "KX"], "d2025_01_01": None}
    one = {"key": "own", "zh": "本地", "en": "own", "items": dated(**entries)}
    files = [("0.yaml", potassium()), ("1.yaml", potassium(key="KX", **OTHER_LOINC))]
    catalogue = build_catalogue(files, (), [("own.yaml", one)])
    assert catalogue.listed("list:own", date(2024, 2, 28)) == {"K"}
    assert catalogue.listed("list:own", date(2024, 2, 29)) == {"K", "KX"}
    assert catalogue.listed("list:own", date(2024, 12, 31)) == {"K", "KX"}
    assert catalogue.listed("list:own", date(2025, 1, 1)) == frozenset()
    assert catalogue.listed("all", DAY) == {"K", "KX"}  # no list says `in_all`


def test_a_list_names_only_what_the_catalogue_has() -> None:
    one = {"key": "own", "zh": "本地", "en": "own", "items": dated(d2022_03_01=["K", "ZZZ"])}
    with pytest.raises(RulebookInvalid, match="ZZZ is no item"):
        build_catalogue([("0.yaml", potassium())], (), [("own.yaml", one)])


def test_nothing_is_in_force_before_the_first_policy() -> None:
    catalogue = load_catalogue()
    assert catalogue.first_day == date(2022, 3, 1)
    assert catalogue.on(date(2022, 2, 28)) == {}
    assert set(catalogue.on(date(2022, 3, 1))) == KEYS | HUBEI_ALONE
    assert catalogue.listed("all", date(2022, 2, 28)) == frozenset()


@pytest.mark.parametrize(
    ("key", "days", "cv", "f", "tat", "decimals"),
    [
        ("K", 7, "2.5", None, 1, 2),
        ("HBA1C", 60, "2.0", None, 2, 1),
        ("CRE", 15, "4.0", "0.5", 1, 1),
        ("WBC", 7, "6.0", "0.5", 1, 2),
        ("PLT", 7, "8.0", None, 1, 0),
        ("HBSAG", 15, None, None, 2, None),
        ("HBSAB", 15, "10.0", None, 2, None),
        ("TP", 30, "2.0", None, 1, 1),
    ],
)
def test_limits_are_those_of_the_sources(
    key: str, days: int, cv: str | None, f: str | None, tat: int, decimals: int | None
) -> None:
    item = load_catalogue().on(DAY)[key]
    assert item.validity_days == days
    assert item.max_cv_percent == (Decimal(cv) if cv else None)
    assert item.review_fraction == (Decimal(f) if f else None)
    assert (item.turnaround_days, item.decimals) == (tat, decimals)


def test_potassium_is_complete() -> None:
    item = load_catalogue().on(DAY)["K"]
    assert (item.zh, item.en, item.unit, item.kind) == ("钾", "Potassium", "mmol/L", "laboratory")
    assert [(a.unit, a.factor, a.offset) for a in item.alternatives] == [
        ("mEq/L", Decimal(1), Decimal(0)),
        ("mg/dL", Decimal("0.2558"), Decimal(0)),
    ]
    assert item.plausible is not None
    assert (item.plausible.low, item.plausible.high) == (Decimal("1.0"), Decimal("12.0"))
    assert (item.critical_low, item.critical_high) == (Decimal("2.5"), Decimal("6.0"))
    assert item.defects == ("haemolysis", "lipaemia")
    assert item.price is not None
    assert (item.price.amount, item.price.code) == (Decimal("8.5"), "250304001")
    assert item.evidence["validity_days"].certainty == "high"
    assert item.evidence["validity_days"].since == date(2022, 3, 1)
    assert item.evidence["validity_days"].source == "http://rm.rmhospital.com/p/hz_29.html"


def test_glycated_haemoglobin_converts_by_an_affine_rule() -> None:
    (alternative,) = load_catalogue().on(DAY)["HBA1C"].alternatives
    assert alternative.unit == "mmol/mol"
    assert Decimal(48) * alternative.factor + alternative.offset == Decimal("6.5420")


def test_plain_mg_per_dl_of_urea_is_read_only_under_its_two_codes() -> None:
    item = load_catalogue().on(DAY)["UREA"]
    assert {(a.unit, a.plain, a.plain_under) for a in item.alternatives} == {
        ("mg/dL{urea}", "mg/dL", ("3091-6",)),
        ("mg/dL{BUN}", "mg/dL", ("3094-0",)),
    }
    assert "mg/dL" not in {a.unit for a in item.alternatives}


def test_the_five_blood_counts_share_one_billable() -> None:
    items = load_catalogue().on(DAY)
    prices = {items[key].price for key in ("WBC", "RBC", "HGB", "PLT", "HCT")}
    assert {(price.amount, price.code) for price in prices if price} == {(30, "250101015")}


def test_creatinine_has_intervals_to_79_years_and_none_above() -> None:
    found = load_catalogue().on(DAY)["CRE"].reference_intervals
    assert {(i.sex, i.age_low, i.age_high, i.low, i.high) for i in found} == {
        ("male", 18, 59, 57, 97),
        ("female", 18, 59, 41, 73),
        ("male", 60, 79, 57, 111),
        ("female", 60, 79, 41, 81),
    }


def test_guideline_cutoffs_are_no_reference_intervals() -> None:
    for key in ("TC", "TG"):
        item = load_catalogue().on(DAY)[key]
        assert item.reference_intervals == ()
        assert item.guideline_cutoff is not None


def test_what_no_source_gives_stays_absent() -> None:
    items = load_catalogue().on(DAY)
    assert items["TP"].critical_low is None
    assert items["HBSAG"].max_cv_percent is None
    assert items["HBSAG"].unit == ""
    assert items["CRE"].critical_low is None
    assert items["CRE"].critical_high == 654


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("2823-3", ("K", True)),
        ("2160-0", ("CRE", True)),
        ("75410-1", ("HBSAG", True)),
        ("17861-6", ("CA", False)),
        ("14771-0", ("GLU", False)),
        ("14805-6", ("LDH", True)),
        ("6298-4", None),
        ("2828-2", None),
        ("1995-0", None),
        ("22326-3", None),
        ("K", None),
    ],
)
def test_a_loinc_code_means_one_item_or_none(code: str, found: tuple[str, bool] | None) -> None:
    assert load_catalogue().item_of_loinc(code) == found


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("血清钾", "K"),
        (" 血 清 钾 ", "K"),
        ("ｋ＋", "K"),
        ("尿素氮", "UREA"),
        ("crea", "CRE"),
        ("乙肝表面抗原", "HBSAG"),
        ("Haemoglobin A1c", "HBA1C"),
        ("血糖", "GLU"),
        ("镁", None),
        ("", None),
    ],
)
def test_an_exact_name_or_alias_proposes_an_item(name: str, key: str | None) -> None:
    assert load_catalogue().item_of_name(name) == key


def test_a_name_of_two_items_is_nobodys() -> None:
    other = potassium(key="KX", loinc={"display": "x", "confirmed": [], "unconfirmed": []})
    assert catalogue_of(potassium(), other).item_of_name("血清钾") is None


def test_method_groups_name_their_codes_and_words() -> None:
    item = load_catalogue().on(DAY)["LDH"]
    assert {group.key: group.loinc for group in item.methods} == {
        "lactate-to-pyruvate": ("14804-9",),
        "pyruvate-to-lactate": ("14805-6",),
    }
    assert item.order_method == "lactate-to-pyruvate"
    assert load_catalogue().on(DAY)["GLU"].time_aspects == {"14771-0": "fasting"}


def test_a_new_value_holds_from_its_day_and_the_old_one_before() -> None:
    catalogue = catalogue_of(potassium(validity_days=dated(d2022_03_01=7, d2026_06_15=5)))
    assert catalogue.on(date(2026, 6, 14))["K"].validity_days == 7
    assert catalogue.on(date(2026, 6, 15))["K"].validity_days == 5
    assert catalogue.items["K"].validity_days == 5


def test_null_ends_a_value() -> None:
    catalogue = catalogue_of(potassium(validity_days=dated(d2022_03_01=7, d2026_06_15=None)))
    item = catalogue.on(DAY)["K"]
    assert item.validity_days is None
    assert "validity_days" not in item.evidence


def test_an_item_leaves_the_catalogue_after_its_last_day() -> None:
    catalogue = catalogue_of(potassium(to="2026-06-15"), potassium(key="KX", **OTHER_LOINC))
    assert set(catalogue.on(date(2026, 6, 15))) == {"K", "KX"}
    assert set(catalogue.on(date(2026, 6, 16))) == {"KX"}
    assert "K" in catalogue.items


def test_the_last_day_of_the_calendar_is_no_end() -> None:
    item = catalogue_of(potassium(to="9999-12-31")).on(date(9999, 12, 31))["K"]
    assert item.validity_days == 7


OTHER_LOINC: dict[str, Any] = {"loinc": {"display": "x", "confirmed": [], "unconfirmed": []}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"key": "k"}, "key"),
        ({"aliases": ...}, "aliases"),
        ({"colour": "red"}, "colour"),
        ({"unit": ...}, "unit"),
        ({"validity_days": dated(d2022_03_01="7")}, "validity_days"),
        ({"validity_days": dated(d2022_03_01=-1)}, "validity_days"),
        ({"validity_days": dated(d2022_02_30=7)}, "2022-02-30"),
        ({"validity_days": {"2022-03-01": {"value": 7, "basis": "x"}}}, "certainty"),
        ({"turnaround_days": dated(d2023_03_01=1)}, "turnaround_days"),
        ({"turnaround_days": dated(d2022_03_01=None)}, "turnaround_days"),
        ({"plausible": dated(d2022_03_01={"low": 5, "high": 1})}, "plausible"),
        ({"to": "2021-01-01"}, "before"),
        ({"order_method": "magic"}, "order_method"),
        ({"loinc": {"display": "x", "confirmed": ["2823-4"], "unconfirmed": []}}, "check digit"),
        ({"loinc": {"display": "x", "confirmed": ["2823-3"], "unconfirmed": ["2823-3"]}}, "2823-3"),
        ({"value_type": "coded"}, "unit"),
    ],
)
def test_a_file_that_does_not_hold_together_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(RulebookInvalid, match=said):
        catalogue_of(potassium(**changes))


def test_two_files_cannot_share_a_key() -> None:
    with pytest.raises(RulebookInvalid, match="K is that of"):
        catalogue_of(potassium(), potassium())


def test_an_empty_catalogue_is_refused() -> None:
    with pytest.raises(RulebookInvalid):
        build_catalogue([])


@given(st.dates(date(2022, 3, 1), date(2100, 1, 1)), st.integers(0, 2000))
def test_the_state_of_a_day_never_depends_on_later_days(day: date, gap: int) -> None:
    later = day + timedelta(days=gap + 1)
    known = catalogue_of(potassium())
    changed = catalogue_of(
        potassium(validity_days=dated(d2022_03_01=7) | dated(**{f"d{later}".replace("-", "_"): 1}))
    )
    assert changed.on(day)["K"].validity_days == known.on(day)["K"].validity_days
    assert changed.on(later)["K"].validity_days == 1
