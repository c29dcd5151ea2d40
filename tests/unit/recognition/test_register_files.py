"""Register files: read whole, or every wrong cell named and nothing read.

Samples are files (tests/samples/registers); their institutions are invented.
"""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.errors import Fault
from hie.recognition.catalogue import load_catalogue
from hie.recognition.policy import build_policy
from hie.recognition.region import load_regions
from hie.recognition.register import RegisterRows
from hie.recognition.register_check import place_key
from hie.recognition.register_files import FILES, Parsed, apply_import, check_import, parse_register

SAMPLES = Path(__file__).parents[2] / "samples" / "registers"
BAD: dict[str, dict[str, str]] = json.loads((SAMPLES / "bad" / "faults.json").read_text("utf-8"))
NOTHING = RegisterRows(version=0)
A, B, C = "12110102400000101U", "121301024000001027", "124201064000001034"


def files_of(folder: Path) -> list[Parsed]:
    return [parse_register(str(path), path.read_bytes()) for path in sorted(folder.iterdir())]


def check(*parsed: Parsed, known: RegisterRows = NOTHING) -> tuple[list[Fault], list[Fault]]:
    return check_import(parsed, known, load_catalogue(), load_regions())


def institutions(*rows: str) -> Parsed:
    head = "code,name,region,level,kind,consortium,status,from,to"
    return parse_register("institutions.csv", "\n".join((head, *rows)).encode())


def successors(*rows: str) -> Parsed:
    return parse_register("successors.csv", "\n".join(("code,successor,from", *rows)).encode())


def three_institutions() -> Parsed:
    return institutions(
        f"{A},甲,110102,3A,,,active,2022-01-01,2025-12-31",
        f"{B},乙,130102,3A,,,active,2022-01-01,",
        f"{C},丙,420106,3A,,,active,2022-01-01,",
    )


def policies(said: str) -> Parsed:
    text = f"policies: [{{scope: default, from: 2026-01-01, {said}}}]"
    return parse_register("policies.yaml", text.encode())


def marks(*rows: str) -> Parsed:
    return parse_register("marks.csv", "\n".join(("institution,item,mark,from,to", *rows)).encode())


def test_good_files_are_read_whole() -> None:
    parsed = files_of(SAMPLES / "good")
    assert {file.kind for file in parsed} == set(FILES.values())
    assert check(*parsed) == ([], [])
    after = apply_import(NOTHING, parsed)
    assert (len(after.institutions), len(after.qualifications), len(after.precision)) == (5, 3, 2)
    assert (len(after.marks), len(after.policies), after.version) == (5, 2, 1)
    assert [(s.code, s.successor) for s in after.successors] == [(B, A)]
    assert after.precision[0].cv_percent == Decimal("1.8")
    assert after.institutions[1].end == date(2025, 12, 31)
    assert after.institutions[0].end is None


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_usual_way_of_writing_a_file_is_the_same_register(
    encoding: str, mark: str, delimiter: str, end: str
) -> None:
    for path in sorted((SAMPLES / "good").glob("*.csv")):
        lines = path.read_text("utf-8").splitlines()
        text = mark + end.join(line.replace(",", delimiter) for line in lines)
        parsed = parse_register(path.name.upper(), text.encode(encoding))
        assert parsed.faults == ()
        assert parsed.rows == parse_register(path.name, path.read_bytes()).rows


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_read_too(encoding: str) -> None:
    text = f"institution\titem\tmark\tfrom\r\n{A}\tK\t京津冀HR\t2025-01-01\r\n"
    parsed = parse_register("marks.csv", text.encode(encoding))
    assert [row.mark for row in parsed.rows] == ["京津冀HR"]  # type: ignore[union-attr]


def test_what_chinese_excel_writes_is_the_same_register() -> None:
    plain = {file.filename: file for file in files_of(SAMPLES / "good")}
    for file in files_of(SAMPLES / "excel"):
        assert file.faults == ()
        assert file.rows == plain[file.filename].rows


@pytest.mark.parametrize("case", sorted(BAD))
def test_each_refusal_names_its_places(case: str) -> None:
    faults, _ = check(*files_of(SAMPLES / "bad" / case))
    assert {fault.path: fault.code for fault in faults} == BAD[case]


def test_every_bad_sample_is_listed() -> None:
    folders = {path.name for path in (SAMPLES / "bad").iterdir() if path.is_dir()}
    assert folders == set(BAD)


def test_both_overlapping_rows_are_named() -> None:
    faults, _ = check(
        institutions(
            f"{A},甲,110102,3A,,,active,2022-01-01,2023-01-01",
            f"{A},甲,110102,3A,,,suspended,2023-01-01,",
        )
    )
    assert [(f.path, f.code) for f in faults] == [("institutions.csv:3:from", "overlap")]
    assert "institutions.csv:2" in faults[0].expected


def test_an_overlap_with_what_is_known_names_the_known_row() -> None:
    known = apply_import(NOTHING, [institutions(f"{A},甲,110102,3A,,,active,2022-01-01,")])
    for row in (f"{A},甲,110102,3A,,,active,2021-01-01,", f"{A},甲,110102,3A,,,active,2024-01-01,"):
        faults, _ = check(institutions(row), known=known)
        assert [(f.path, f.code) for f in faults] == [("institutions.csv:2:from", "overlap")]
        assert f"the row of {A} from 2022-01-01 (known)" in faults[0].expected


def test_a_known_row_is_named_with_the_import_it_came_with() -> None:
    coming = institutions(f"{A},甲,110102,3A,,,active,2022-01-01,")
    known = apply_import(NOTHING, [coming, successors(f"{A},{B},2026-01-01")])
    since = {place_key(row): 7 for row in (*known.institutions, *known.successors)}
    faults, _ = check_import(
        [institutions(f"{A},甲,110102,3A,,,active,2024-01-01,"), successors(f"{A},{B},2026-02-01")],
        known, load_catalogue(), load_regions(), since,
    )  # fmt: skip
    told = {fault.path: fault.expected for fault in faults if fault.code != "unknown-successor"}
    assert told == {
        "institutions.csv:2:from": f"a period of {A} that shares no day with"
        f" the row of {A} from 2022-01-01 (in force since import 7)",
        "successors.csv:2:successor": f"one successor of {A}:"
        f" the row of {A} from 2026-01-01 (in force since import 7) names {B}",
    }


def test_a_ring_is_closed_by_a_known_row_too_whatever_the_days() -> None:
    known = apply_import(
        NOTHING, [three_institutions(), successors(f"{A},{B},2026-01-01", f"{B},{C},2020-01-01")]
    )
    faults, _ = check(successors(f"{C},{A},2030-01-01"), known=known)
    assert [(f.path, f.code) for f in faults] == [("successors.csv:2:successor", "succession-ring")]
    assert f"the row of {A} from 2026-01-01" in faults[0].expected
    assert f"the row of {B} from 2020-01-01" in faults[0].expected


def test_of_a_tail_into_a_ring_the_ring_alone_is_at_fault() -> None:
    faults, _ = check(
        three_institutions(),
        successors(f"{A},{B},2026-01-01", f"{B},{C},2026-01-01", f"{C},{B},2026-01-01"),
    )
    assert [(f.path, f.code) for f in faults] == [("successors.csv:4:successor", "succession-ring")]
    assert "successors.csv:3" in faults[0].expected


def test_a_successor_is_taken_back_by_an_empty_cell_and_another_may_follow() -> None:
    known = apply_import(NOTHING, [three_institutions(), successors(f"{A},{B},2026-01-01")])
    coming = successors(f"{A},,2026-01-01", f"{A},{C},2026-02-01")
    assert check(coming, known=known)[0] == []
    back, _ = check(successors(f"{A},{B},2026-01-01"), known=apply_import(known, [coming]))
    assert [fault.code for fault in back] == ["two-successors"]


def test_a_row_with_a_known_key_corrects_the_successor() -> None:
    known = apply_import(NOTHING, [three_institutions(), successors(f"{A},{B},2026-01-01")])
    coming = successors(f"{A},{C},2026-01-01")
    assert check(coming, known=known)[0] == []
    assert [s.successor for s in apply_import(known, [coming]).successors] == [C]


def test_two_may_join_a_third() -> None:
    assert check(three_institutions(), successors(f"{A},{C},2026-01-01", f"{B},{C},2026-01-01"))[
        0
    ] == []  # fmt: skip


def test_a_successor_that_is_not_active_and_a_predecessor_that_is_are_warned_of() -> None:
    _, warnings = check(
        institutions(
            f"{A},甲,110102,3A,,,active,2022-01-01,2026-01-01",
            f"{B},乙,130102,3A,,,suspended,2022-01-01,",
        ),
        successors(f"{A},{B},2026-01-01", f"{C},{B},2026-01-01"),
    )
    assert {(w.path, w.code) for w in warnings} == {
        ("successors.csv:2:from", "successor-not-active"),
        ("successors.csv:2:code", "predecessor-active"),
        ("successors.csv:3:from", "successor-not-active"),
        ("successors.csv:3:code", "unknown-institution"),
    }


def test_a_row_with_a_known_key_replaces_it_and_may_make_room() -> None:
    known = apply_import(NOTHING, [institutions(f"{A},甲,110102,3A,,,active,2022-01-01,")])
    coming = institutions(
        f"{A},甲,110102,3A,,,active,2022-01-01,2023-12-31",
        f"{A},甲,110102,3A,,,suspended,2024-01-01,",
    )
    assert check(coming, known=known) == ([], [])
    after = apply_import(known, [coming])
    assert [row.end for row in after.institutions] == [date(2023, 12, 31), None]


def test_periods_that_meet_without_a_common_day_do_not_overlap() -> None:
    faults, _ = check(
        institutions(
            f"{A},甲,110102,3A,,,active,2022-01-01,2022-12-31",
            f"{A},甲,110102,3A,,,active,2023-01-01,",
            f"{B},乙,130102,3A,,,active,2022-06-01,",
        )
    )
    assert faults == []


def test_one_institutions_rows_are_compared_across_the_files_of_an_import() -> None:
    row = f"{A},甲,110102,3A,,,active,2022-01-01,"
    faults, _ = check(institutions(row), institutions(row))
    assert [fault.code for fault in faults] == ["duplicate-key"]


def test_a_mark_nobody_can_read_is_imported_with_a_warning() -> None:
    parsed = marks(f"{A},K,火星HR,2022-01-01,", f"{A},K,京津冀HR,2022-01-01,")
    faults, warnings = check(institutions(f"{A},甲,110102,3A,,,active,2022-01-01,"), parsed)
    assert faults == []
    assert [(w.path, w.code) for w in warnings] == [("marks.csv:2:mark", "unparsable-mark")]
    assert len(parsed.rows) == 2


def test_a_legacy_sign_is_read_only_where_it_means_something() -> None:
    _, warnings = check(
        institutions(f"{A},甲,110102,3A,,,active,2022-01-01,"),
        marks(
            f"{A},K,★,2022-01-01,",
            f"{A},CT,★,2022-01-01,",
            f"{A},CT,-GX,2022-01-01,",
            f"{A},US,-GX,2022-01-01,",
        ),
    )
    assert [(w.path, w.code) for w in warnings] == [
        ("marks.csv:3:mark", "mark-ignored"),
        ("marks.csv:5:mark", "mark-ignored"),
    ]


def test_a_row_of_an_institution_nobody_registered_is_warned_of() -> None:
    _, warnings = check(marks(f"{A},K,全国HR,2022-01-01,"))
    assert [w.code for w in warnings] == ["unknown-institution"]


def test_a_county_the_table_lacks_is_warned_of() -> None:
    faults, warnings = check(institutions(f"{A},甲,110199,3A,,,active,2022-01-01,"))
    assert faults == []
    assert [(w.path, w.code) for w in warnings] == [
        ("institutions.csv:2:region", "region-not-in-table")
    ]


def test_optional_columns_may_be_left_out() -> None:
    parsed = parse_register(
        "institutions.csv", f"code,name,region,status,from\n{A},甲,11,active,2022-01-01\n".encode()
    )
    assert parsed.faults == ()
    (row,) = apply_import(NOTHING, [parsed]).institutions
    assert (row.level, row.kind, row.consortium, row.end) == ("", "", "", None)


def test_a_quoted_cell_may_hold_the_delimiter_and_a_line_break_is_refused() -> None:
    parsed = institutions(
        f'{A},"甲,合成",110102,3A,,,active,2022-01-01,',
        f'{B},"乙\n合成",130102,3A,,,active,2022-01-01,',
        f"{B},丙,130102,9,,,active,2022-01-01,",
    )
    assert [(f.path, f.code) for f in parsed.faults] == [
        ("institutions.csv:3:name", "control-character"),
        ("institutions.csv:5:level", "unknown-level"),
    ]
    assert parsed.rows[0].name == "甲,合成"  # type: ignore[union-attr]


def test_bytes_that_are_no_text_are_refused() -> None:
    parsed = parse_register("marks.csv", b"\xff\xff\xff\x00\x81")
    assert [fault.code for fault in parsed.faults] == ["charset-undecodable"]


def test_imported_policies_are_what_the_policy_book_reads() -> None:
    after = apply_import(NOTHING, files_of(SAMPLES / "good"))
    policy = build_policy(after.policies)
    receiver = next(r for r in after.institutions if r.code == B)
    day = date(2026, 6, 15)
    catalogue = load_catalogue()
    assert policy.value(receiver, day, "voluntary") is False
    assert policy.limit_days(receiver, day, catalogue.on(day)["HBA1C"]) == 45
    assert policy.limit_days(receiver, day, catalogue.classes_on(day)["CT"]) == 20
    assert policy.value(receiver, day, "prices") == {"250304001": Decimal("8.50")}
    assert policy.method_of(B, day, "CRE") == "enzymatic"
    assert policy.value(receiver, day, "critical_limits") == {
        "K": {"low": Decimal("2.8"), "high": Decimal("6.2")}
    }


def test_policy_values_are_json_a_store_can_keep() -> None:
    (first, _) = apply_import(NOTHING, files_of(SAMPLES / "good")).policies
    assert json.loads(json.dumps(dict(first.values))) == first.values


def test_a_later_import_of_one_scope_and_day_comes_after() -> None:
    once = apply_import(NOTHING, [policies("voluntary: true")])
    twice = apply_import(once, [policies("voluntary: false")])
    assert [entry.order for entry in twice.policies] == [0, 1]
    assert apply_import(twice, [policies("voluntary: false")]).policies == twice.policies
    back = apply_import(twice, [policies("voluntary: true")])
    assert [entry.order for entry in back.policies] == [0, 1, 2]


@given(st.sampled_from(sorted(FILES)), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_without_an_error(name: str, content: bytes) -> None:
    parsed = parse_register(name, content)
    assert parsed.kind == FILES[name]
    assert parsed.rows == () or parsed.places


@given(
    st.lists(st.text(alphabet='12AK,;\t"\n全国HR2022-01-01 ', max_size=40), min_size=1, max_size=5)
)
def test_any_rows_are_read_or_refused_without_an_error(rows: list[str]) -> None:
    check(marks(*rows))
