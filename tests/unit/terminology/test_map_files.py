"""Maps as files: both ways without a loss, every wrong row named."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.errors import InvalidRequest, UnprocessableRequest
from hie.fhir import ITEM, LOINC, local_code_system, profile, structure, wire
from hie.terminology.map_files import MapRow, concept_map, read_maps, write_csv

ITEMS = ("K", "NA", "CRE")

_words = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12
).map(str.strip)
_codes = _words.filter(bool).map(lambda text: " ".join(text.split()))
_rows = st.lists(
    st.builds(
        MapRow,
        _codes.filter(lambda name: name not in ("local", "LN", "LOINC", "SCT", "UCUM", "I10"))
        | st.just(""),
        _codes,
        _words,
        st.sampled_from(ITEMS),
        st.none() | st.just("2823-3"),
    ),
    unique_by=lambda row: (row.system, row.code),
    max_size=5,
)


def refused(name: str, content: str) -> list[tuple[str, str]]:
    with pytest.raises(UnprocessableRequest) as caught:
        read_maps(name, content, ITEMS)
    return [(fault.path, fault.code) for fault in caught.value.faults]


def a_map(*groups: dict[str, Any]) -> str:
    return json.dumps({"resourceType": "ConceptMap", "status": "active", "group": list(groups)})


def a_group(
    *codes: tuple[str, str], equivalence: str = "equivalent", **other: Any
) -> dict[str, Any]:
    elements = [
        {"code": code, "target": [{"code": item, "equivalence": equivalence}]}
        for code, item in codes
    ]
    return {"source": local_code_system("s", "L"), "target": ITEM, "element": elements, **other}


@given(_rows)
def test_a_concept_map_that_was_exported_is_imported_the_same(rows: list[MapRow]) -> None:
    made = concept_map("lis-1", [(row, "Display") for row in rows])
    assert profile.check(made) == []
    assert structure.check(made) == []
    read = read_maps("map.json", wire.write(made).decode(), ITEMS)
    assert sorted(read, key=repr) == sorted(rows, key=repr)


@given(_rows)
def test_a_csv_that_was_exported_is_imported_the_same(rows: list[MapRow]) -> None:
    assert read_maps("map.csv", write_csv(rows), ITEMS) == rows


def test_nothing_in_an_exported_csv_is_a_formula() -> None:
    text = write_csv([MapRow("=cmd|' /C calc'!A0", "+1", "@x", "K", None)])
    assert "'=cmd" in text
    guarded = [MapRow("", "'=1", "''-", "K", None)]
    assert read_maps("m.csv", write_csv(guarded), ITEMS) == guarded
    assert all(cell[:1] not in "=+-@" for cell in text.splitlines()[1].split(",") if cell)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_csv_is_read_as_spreadsheets_write_it(delimiter: str, ending: str, mark: str) -> None:
    lines = ["Code,item,name", '0101,K,"钾\u3000"', "", ",,", "0102,,镁"]
    text = mark + ending.join(line.replace(",", delimiter) for line in lines)
    assert read_maps("map.csv", text, ITEMS) == [
        MapRow("", "0101", "钾", "K", None),
        MapRow("", "0102", "镁", None, None),
    ]


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        ("", [("map.csv:header.code", "missing-column"), ("map.csv:header.item", "missing-column")]),
        ("code,item,foo\n", [("map.csv:header.foo", "unknown-column")]),
        ("code,item,code\n", [("map.csv:header.code", "repeated-column")]),
        ("code,item\n,K\n", [("map.csv:row 2.code", "required")]),
        ("code,item\n1,XX\n", [("map.csv:row 2.item", "unknown-item")]),
        ("code,item\n1,K\n1,K\n", [("map.csv:row 3.code", "repeated")]),
        ("code,item\n1,K,x\n", [("map.csv:row 2", "too-many-cells")]),
        ("code,item,loinc\n1,K,abc\n", [("map.csv:row 2.loinc", "not-loinc")]),
        ("code,item\na\x07b,K\n", [("map.csv:row 2.code", "control-character")]),
        (f"code,item\n{'1' * 501},K\n", [("map.csv:row 2.code", "too-long")]),
        ('code,item\n"1,K\n', [("map.csv:row 2", "malformed-csv")]),
        (
            "code,item\n1,XX\n,NA\n",
            [("map.csv:row 2.item", "unknown-item"), ("map.csv:row 3.code", "required")],
        ),
    ],
)  # fmt: skip
def test_every_wrong_row_of_a_csv_is_named(content: str, faults: list[tuple[str, str]]) -> None:
    assert refused("map.csv", content) == faults


def test_an_item_and_a_loinc_code_of_one_local_code_are_one_row() -> None:
    loinc = {**a_group(("1", "2823-3")), "target": LOINC}
    assert read_maps("m.json", a_map(a_group(("1", "K")), loinc), ITEMS) == [
        MapRow("L", "1", "", "K", "2823-3")
    ]


@pytest.mark.parametrize("equivalence", ["wider", "narrower", "relatedto", "inexact", "unmatched"])
def test_a_target_that_is_not_equivalent_is_no_map(equivalence: str) -> None:
    (row,) = read_maps("m.json", a_map(a_group(("1", "K"), equivalence=equivalence)), ITEMS)
    assert row.item is None


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        ('{"resourceType":"Patient"}', ["wrong-type"]),
        ('{"resourceType":"ConceptMap"}', ["required"]),
        (a_map({"source": "x"}), ["required"]),
        (a_map(a_group(("1", "K"), target="http://x")), ["unknown-system"]),
        (a_map(a_group(("1", "XX"))), ["unknown-item"]),
        (a_map(a_group(("1", "K"), ("1", "K"))), ["repeated"]),
        (
            a_map(
                a_group(
                    element=[
                        {
                            "code": "1",
                            "target": [
                                {"code": item, "equivalence": "equal"} for item in ("K", "NA")
                            ],
                        }
                    ]
                )
            ),
            ["several-targets"],
        ),
    ],
)
def test_a_concept_map_that_says_no_map_is_refused(content: str, codes: list[str]) -> None:
    assert [code for _, code in refused("m.json", content)] == codes


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        read_maps("m.JSON", '{"a":1,"a":2}', ITEMS)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(content: str) -> None:
    for name in ("m.csv", "m.json"):
        try:
            read_maps(name, content, ITEMS)
        except (UnprocessableRequest, InvalidRequest) as refusal:
            assert refusal.faults  # noqa: PT017 - each refusal names its places
