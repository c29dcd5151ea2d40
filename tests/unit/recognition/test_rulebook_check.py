"""Everything wrong in a region's files is told at once: file, line, kind, reason."""

from pathlib import Path
from typing import Any

import pytest

from hie.errors import HubMisconfigured, RulebookInvalid
from hie.recognition.rulebook_check import Found, check_rulebook, find_cases, require_rulebook
from hie.schemas import own_folder, schema

K, CRE, UREA, TP = (f"catalogue/lab/{key}.yaml" for key in ("K", "CRE", "UREA", "TP"))
LISTS = "catalogue/lists/hubei22.yaml"
GATE3, TEXTS3 = "rulebook/gate3.yaml", "texts/gate3.yaml"
POLICY, REASONS, BASIS = "policy/shipped.yaml", "rulebook/reasons.yaml", "rulebook/basis.yaml"
NEW_ITEM = """\
key: ZN
zh: 锌
en: Zinc
category: chemistry
value_type: quantity
specimen: serum-plasma
from: 2026-01-01
unit: umol/L
aliases: [血清锌]
decimals:
  2026-01-01: {value: 1, basis: local table, certainty: assumed}
validity_days:
  2026-01-01: {value: 30, basis: local table, certainty: assumed}
sources: [local-2026]
"""


def put(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def shipped(name: str) -> str:
    return schema(*name.split("/")).read_text("utf-8")


def line(text: str, words: str) -> int:
    return 1 + next(n for n, one in enumerate(text.splitlines()) if words in one)


def changed(folder: Path, name: str, old: str, new: str) -> str:
    """A shipped file with one change, laid into the folder; its text."""
    text = shipped(name)
    assert old in text
    made = text.replace(old, new, 1)
    put(folder, name, made)
    return made


def faults(folder: Path) -> tuple[Found, ...]:
    return check_rulebook(folder).faults


def test_the_shipped_files_hold_together_and_every_rule_has_its_cases() -> None:
    report = check_rulebook(None, find_cases())
    assert report.faults == ()
    assert report.not_checked == ()
    assert report.counts == {"rules": 61, "items": 38, "classes": 6, "lists": 3, "policies": 5}


def test_without_cases_that_part_is_said_to_be_not_checked() -> None:
    assert check_rulebook(None, None).not_checked == ("the cases: none come with an installed hub",)


def test_an_empty_folder_changes_nothing(tmp_path: Path) -> None:
    assert check_rulebook(tmp_path) == check_rulebook(None)
    assert own_folder() is None


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HubMisconfigured):
        check_rulebook(tmp_path / "none")


def test_a_regions_own_item_list_and_sources_are_looked_at_with_the_shipped_ones(
    tmp_path: Path,
) -> None:
    put(tmp_path, "catalogue/lab/ZN.yaml", NEW_ITEM)
    put(tmp_path, "catalogue/sources-local.yaml", "local-2026: {title: 本地项目表}\n")
    entry = "{value: [ZN, K], basis: local table, certainty: high}"
    put(
        tmp_path,
        "catalogue/lists/own.yaml",
        f"key: own\nzh: 本地\nen: own\nitems:\n  2026-01-01: {entry}\n",
    )
    report = check_rulebook(tmp_path)
    assert report.faults == ()
    assert (report.counts["items"], report.counts["lists"]) == (39, 4)


@pytest.mark.parametrize(
    ("name", "old", "new", "where", "code"),
    [
        (K, "low: 1.0, high: 12.0", "low: 12.0, high: 1.0", "low: 12.0", "low-above-high"),
        (K, "critical_low:\n  2022-03-01:\n    value: 2.5", "critical_low:\n  2022-03-01:\n    value: 7",
         None, "low-above"),
        (K, "unconfirmed: []", "unconfirmed: [2160-0]", "unconfirmed: [2160-0]", "loinc-twice"),
        (K, "confirmed: [2823-3]", "confirmed: [2823-4]", "confirmed: [2823-4]", "check-digit"),
        (K, "aliases: [", "aliases: [血钠, ", "aliases: [", "name-twice"),
        (K, "key: K", "key: KX", "key: KX", "file-name"),
        (K, "source: bj-hr-2025", "source: bj-hr-2052", "source: bj-hr-2052", "unknown-source"),
        (K, "{unit: mEq/L", "{unit: MMOL/l", "MMOL/l", "unit-twice"),
        (K, "from: 2022-03-01\n", "from: 2022-03-01\nto: 2021-03-01\n", "to: 2021", "from-after-to"),
        (K, "from: 2022-03-01\n", "from: 2022-03-01\nto: 2022-02-30\n", "to: 2022", "not-a-day"),
        (K, "from: 2022-03-01\n", "from: 2021-03-01\n", "turnaround_days:", "gap"),
        (K, "certainty: high\n", "certainty: sure\n", "certainty: sure", "enum"),
        (K, "zh: 钾\n", "zh: 钾\nzh: 钠\n", "zh: 钠", "duplicate-key"),
        (K, "zh: 钾\n", "zh: 钾\ncolour: red\n", "colour: red", "unknown-key"),
        (K, "2022-03-01:\n    value: 7", "2022-3-1:\n    value: 7", "2022-3-1", "unknown-key"),
        (POLICY, "voluntary: true ", "voluntarily: true ", "voluntarily", "unknown-key"),
        (K, "zh: 钾\n", "zh: [钾\n", None, "malformed-yaml"),
        (CRE, "age_low: 60, age_high: 79, low: 57", "age_low: 59, age_high: 79, low: 57",
         "age_low: 59,", "overlap"),
        (CRE, "age_low: 60, age_high: 79, low: 41", "age_low: 65, age_high: 79, low: 41",
         "age_low: 65,", "gap"),
        (CRE, "words: [苦味酸法", "words: [酶法", "words: [酶法, Jaffe", "word-twice"),
        (UREA, "plain_under: [3091-6]", "plain_under: [2823-3]", "2823-3", "unknown-code"),
        ("catalogue/lab/WBC.yaml", "amount: 30,", "amount: 31,", None, "price-twice"),
        ("catalogue/imaging/CT.yaml", "modalities: [CT]", "modalities: [CT, MR]", None,
         "modality-twice"),
        (LISTS, "value: [TP,", "value: [QQ,", "value: [QQ,", "unknown-item"),
        (LISTS, "key: hubei22", "key: hubei23", "key: hubei23", "file-name"),
        (GATE3, "condition: unit_unusable", "condition: unit_unusual", "unit_unusual", "enum"),
        (GATE3, "id: R-304", "id: R-302", None, "rule-twice"),
        (GATE3, "basis: [UCUM]", "basis: [UCUMM]", "[UCUMM]", "unknown-basis"),
        (GATE3, "gate: 3", "gate: 4", "gate: 4", "file-name"),
        (GATE3, "condition: unit_in_dialect", "condition: implausible", None, "condition-twice"),
        (GATE3, "condition: unit_in_dialect", "condition: implausible", None, "idle-condition"),
        (TEXTS3, "R-303:", "R-393:", "R-393:", "unknown-rule"),
        (TEXTS3, "R-303:", "R-393:", None, "no-sentence"),
        (TEXTS3, "{unit_read} 识别", "{unit} 识别", "{unit} 识别", "unknown-fact"),
        (TEXTS3, "单位缺失或不能换算]", '"“{unit}”"]', "“{unit}”", "needs-facts"),
        (TEXTS3, '"单位 {reported_unit} 可用", ', "", None, "other-facts"),
        (POLICY, "time_limits: {TP: 30", "time_limits: {TPP: 30", "{TPP", "unknown-item"),
        (POLICY, "catalogue: all ", "catalogue: list:nobody ", "list:nobody", "unknown-list"),
        (POLICY, 'version: "2026.2"', "", None, "no-version"),
        (POLICY, "from: 2022-03-01\n    catalogue", "from: 2023-03-01\n    catalogue",
         "from: 2023-03-01", "gap"),
        (POLICY, "from: 2022-03-01\n    catalogue", "from: 2022-03-01\n    to: 2024-01-31\n    catalogue",
         "to: 2024-01-31", "gap"),
        (POLICY, "scope: region:51", "scope: region:50", None, "overlap"),
        (POLICY, "scope: region:51", "scope: region:99", "region:99", "unknown-region"),
        (REASONS, "always: [", "always: [N9_NOBODY, ", "N9_NOBODY", "unknown-reason"),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_its_file_and_line(
    tmp_path: Path, name: str, old: str, new: str, where: str | None, code: str
) -> None:
    text = changed(tmp_path, name, old, new)
    found = [one for one in faults(tmp_path) if one.code.startswith(code)]
    assert found, [str(one) for one in faults(tmp_path)]
    if where is not None:
        assert found[0].file == str(tmp_path / name)
        assert found[0].line == line(text, where)
    assert all(one.reason for one in found)


def dated(**days: Any) -> str:
    entries = (
        f"  {day.strip('d').replace('_', '-')}: {{value: {value}, basis: x, certainty: high}}\n"
        for day, value in days.items()
    )
    return "validity_days:\n" + "".join(entries)


@pytest.mark.parametrize(
    ("days", "code", "reason"),
    [
        ({"d2026_01_01": 7, "d2022_03_01": 9}, "out-of-order", "2022-03-01 stands after"),
        ({"d2022_03_01": 7, "d2024_02_29": "null", "d2025_01_01": 9}, "gap",
         "nothing holds from 2024-02-29 to 2024-12-31"),
        ({"d2024_02_29": 7}, "gap", "nothing holds from 2022-03-01 on"),
        ({"d2022_03_01": 7, "d2023_02_29": 9}, "not-a-day", "2023-02-29"),
    ],
)  # fmt: skip
def test_days_out_of_order_holes_and_days_that_are_none_are_told(
    tmp_path: Path, days: dict[str, Any], code: str, reason: str
) -> None:
    text = shipped(TP)
    start, end = text.index("validity_days:"), text.index("turnaround_days:")
    put(tmp_path, TP, text[:start] + dated(**days) + text[end:])
    (found,) = faults(tmp_path)
    assert (found.code, reason in found.reason) == (code, True)
    assert found.line > line(text, "validity_days:") - 1


def test_a_value_after_the_items_last_day_is_told(tmp_path: Path) -> None:
    text = shipped(TP).replace("from: 2022-03-01", "from: 2022-03-01\nto: 2024-02-29", 1)
    start, end = text.index("validity_days:"), text.index("turnaround_days:")
    put(tmp_path, TP, text[:start] + dated(d2022_03_01=30, d2024_03_01=7) + text[end:])
    assert [one.code for one in faults(tmp_path)] == ["never-in-force"]


def test_all_faults_of_all_files_are_told_at_once_in_order(tmp_path: Path) -> None:
    changed(tmp_path, K, "low: 1.0, high: 12.0", "low: 12.0, high: 1.0")
    changed(tmp_path, GATE3, "basis: [UCUM]", "basis: [UCUMM]")
    changed(tmp_path, LISTS, "value: [TP,", "value: [QQ,")
    put(tmp_path, TEXTS3, "R-301: [")
    found = faults(tmp_path)
    assert [(Path(one.file).name, one.code) for one in found] == [
        ("K.yaml", "low-above-high"),
        ("hubei22.yaml", "unknown-item"),
        ("gate3.yaml", "unknown-basis"),
        ("gate3.yaml", "malformed-yaml"),
    ]


def test_a_file_that_cannot_be_read_is_not_missed_elsewhere(tmp_path: Path) -> None:
    put(tmp_path, K, "key: [")
    put(tmp_path, GATE3, "gate: 3")
    put(tmp_path, BASIS, "- x")
    assert {Path(one.file).name for one in faults(tmp_path)} == {
        "K.yaml", "gate3.yaml", "basis.yaml",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["rulebook/gate3.yml", "rulebook/gates.yaml", "policy/region.yaml", "texts/other.yaml",
     "catalogue/K.yaml", "catalogue/lab/deep/K.yaml"],
)  # fmt: skip
def test_a_file_the_hub_would_never_read_is_told(tmp_path: Path, name: str) -> None:
    put(tmp_path, name, "x: 1")
    (found,) = faults(tmp_path)
    assert (found.code, found.file, found.line) == ("stray-file", str(tmp_path / name), 0)


def test_notes_backups_and_copies_of_shipped_files_are_no_strays(tmp_path: Path) -> None:
    for name in ("catalogue/README.md", "catalogue/lab/K.yaml~", "rulebook/.gate3.yaml.swp"):
        put(tmp_path, name, "x")
    put(tmp_path, "texts/record.yaml", shipped("texts/record.yaml"))
    assert faults(tmp_path) == ()
    put(tmp_path, "texts/record.yaml", "changed: {zh: 甲, en: b}\n")
    assert [one.code for one in faults(tmp_path)] == ["stray-file"]


def test_a_whole_copy_of_the_shipped_files_holds_together() -> None:
    whole = Path(str(schema("catalogue"))).parent
    assert check_rulebook(whole).faults == ()


def test_further_basis_files_are_joined_and_a_code_of_two_is_told(tmp_path: Path) -> None:
    own = "BJ99:\n  title: {zh: 本地文件, en: local}\n"
    put(tmp_path, "rulebook/basis-local.yaml", own)
    changed(tmp_path, GATE3, "basis: [UCUM]", "basis: [UCUM, BJ99]")
    assert faults(tmp_path) == ()
    put(tmp_path, "rulebook/basis-local.yaml", own + "UCUM:\n  title: {zh: 甲, en: b}\n")
    (found,) = faults(tmp_path)
    assert (found.code, found.line) == ("code-twice", 3)


def test_what_keeps_the_hub_down_names_file_line_and_reason(tmp_path: Path) -> None:
    require_rulebook(tmp_path)
    text = changed(tmp_path, K, "low: 1.0, high: 12.0", "low: 12.0, high: 1.0")
    place = f"{tmp_path / K}:{line(text, 'low: 12.0')}: low-above-high: plausible: low lies"
    with pytest.raises(RulebookInvalid) as refused:
        require_rulebook(tmp_path)
    assert place in refused.value.text


def test_cases_that_say_too_little_of_a_rule_are_told(tmp_path: Path) -> None:
    put(tmp_path, "gate4_time.yaml", "- {name: one, outcome: recognise, fired: [R-499]}\n")
    found = {one.reason for one in check_rulebook(None, tmp_path).faults}
    assert "R-401: no case shows it fired" in found
    assert "R-401: no case shows it unknown" in found
    assert "R-401: 0 cases, expected 3" in found
    assert "one: there is no R-499" in found
    assert "R-404: no case shows it unknown" not in found  # it never is
    assert "R-610: no case shows it fired" not in found  # it never does
