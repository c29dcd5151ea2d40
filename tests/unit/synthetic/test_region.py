"""The synthetic region: real files, the same every time, wrong only where it says so."""

import hashlib
import importlib.metadata
import json
import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from hie.adapter import Adapter, Decoded, Severity, Site
from hie.identity.identifiers import check
from hie.recognition.catalogue import load_catalogue
from hie.recognition.credit_code import is_credit_code
from hie.recognition.region import load_regions
from hie.recognition.register import RegisterRows
from hie.recognition.register_files import Parsed, apply_import, check_import, parse_register
from hie.records import Quantity
from hie.synthetic import Manifest, generate
from hie.synthetic.stories import TOLD
from hie.terminology.concept_map import read_maps

TODAY = date(2026, 6, 15)
# What a site sends every time is no defect.
HABITS = {"zone-assumed", "unit-unescaped", "indented"}
# What stories bring along, all of it stored.
TOLD_ISSUES = {
    "identifier-15-digit",
    "identifier-contradicts",
    "identifier-invalid",
    "identifier-placeholder",
    "collection-missing",
    "received-before-collection",
}


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return generate(tmp_path_factory.mktemp("region"), seed=1, today=TODAY)


@pytest.fixture(scope="module")
def adapter() -> Adapter:
    (found,) = importlib.metadata.entry_points(group="hie.adapters", name="hl7v2")
    loaded: Adapter = found.load()
    return loaded


def decoded(region: Manifest, adapter: Adapter) -> dict[Path, Decoded]:
    found = {}
    for one in region.sites:
        profile = tomllib.loads(one.profile.read_text("utf-8"))
        site = Site(one.site, one.institution, one.adapter, profile)
        for path in sorted(one.messages.iterdir()):
            found[path] = adapter.decode(path.read_bytes(), site)
    return found


def is_held(message: Decoded) -> bool:
    worst = {issue.severity for issue in message.issues}
    return Severity.HOLD in worst or (Severity.ERROR in worst and not message.records)


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_and_day_give_the_same_bytes(region: Manifest, tmp_path: Path) -> None:
    generate(tmp_path, seed=1, today=TODAY)
    assert digest(tmp_path) == digest(region.folder)


def test_another_seed_and_another_day_give_others(region: Manifest, tmp_path: Path) -> None:
    for number, (seed, today) in enumerate([(2, TODAY), (1, date(2026, 6, 16))]):
        generate(tmp_path / str(number), seed=seed, today=today)
        other, first = digest(tmp_path / str(number)), digest(region.folder)
        alike = {name for name in first if other.get(name) == first[name]}
        assert {name.split("/")[0] for name in alike} <= {"maps", "sites", "registers"}


def test_more_people_change_nothing_for_the_others(region: Manifest, tmp_path: Path) -> None:
    more = generate(tmp_path, seed=1, today=TODAY, people=60)
    assert more.people[:50] == region.people


@pytest.mark.parametrize("people", [1, 2, 16, 40])
@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2026, 1, 1), date(2026, 12, 31)])
def test_any_number_of_people_and_any_day_will_do(
    tmp_path: Path, people: int, today: date, adapter: Adapter
) -> None:
    made = generate(tmp_path, seed=3, today=today, people=people)
    assert len(made.people) == people
    held = {path for path, message in decoded(made, adapter).items() if is_held(message)}
    assert held == {one.file for one in made.defects if one.state == "held"}


def test_every_file_counts(region: Manifest) -> None:
    files = [path for path in region.folder.rglob("*") if path.is_file()]
    assert len(files) == region.files
    assert sum(path.suffix == ".hl7" for path in files) == region.messages


def test_messages_are_wrong_only_where_the_manifest_says_so(
    region: Manifest, adapter: Adapter
) -> None:
    spoiled = {one.file: one for one in region.defects}
    met = set()
    for path, message in decoded(region, adapter).items():
        codes = {issue.code for issue in message.issues} - HABITS
        known = spoiled.get(path)
        assert is_held(message) == (known is not None and known.state == "held"), path.name
        if known is None:
            assert codes <= TOLD_ISSUES, path.name
            met |= codes
        elif known.code:
            assert known.code in codes, path.name
    assert met == TOLD_ISSUES


def test_every_field_of_a_message_is_used_but_the_marker_that_it_is_synthetic(
    region: Manifest, adapter: Adapter
) -> None:
    spoiled = {one.file for one in region.defects}
    for path, message in decoded(region, adapter).items():
        if path not in spoiled:
            assert {one.split("[")[0] for one in message.coverage.unknown} == {"ZSY"}
            for record in message.records:
                assert any(extra.text.startswith("ZSY|") for extra in record.extra)


def test_both_dialects_and_both_charsets_are_there(region: Manifest, adapter: Adapter) -> None:
    kinds = {(path.parent.name, one.kind) for path, one in decoded(region, adapter).items()}
    assert {("bj-lis", "ORU^R01"), ("tj-lis", "OUL^R21"), ("gy-lis", "OUL^R21")} <= kinds
    rare = [path for path in (region.sites[1].messages).iterdir() if "00029" in path.name]
    assert rare
    for path in rare:
        assert "王䶮" in path.read_bytes().decode("gb18030")
        with pytest.raises(UnicodeDecodeError):
            path.read_bytes().decode("utf-8")


def test_results_stay_in_the_past_but_for_the_clock_that_is_ahead(
    region: Manifest, adapter: Adapter
) -> None:
    ahead = {
        path
        for path, message in decoded(region, adapter).items()
        for record in message.records
        if record.collected is not None and record.collected.text[:10] >= TODAY.isoformat()
    }
    assert {path.name[-10:-6] for path in ahead} == {"3311"}


def test_every_number_passes_its_check_and_names_no_county_that_exists(region: Manifest) -> None:
    numbers = [person.resident_id for person in region.people]
    assert len(set(numbers)) == len(numbers)
    counties = load_regions()
    for person in region.people:
        assert check("resident-id", person.resident_id, TODAY) is None
        assert counties.find(person.resident_id[:6]) is None
        assert person.born < TODAY


def test_the_institutions_are_six_in_four_provinces_with_valid_codes(region: Manifest) -> None:
    codes = [site.institution for site in region.sites]
    assert len(set(codes)) == 6
    assert all(is_credit_code(code) for code in codes)
    assert {code[2:4] for code in codes} == {"11", "12", "13", "37"}
    assert all("示例" in site.name for site in region.sites)


def parsed(region: Manifest) -> list[Parsed]:
    return [parse_register(path.name, path.read_bytes()) for path in region.registers]


def test_the_registers_are_imported_without_a_fault(region: Manifest) -> None:
    files = parsed(region)
    assert len(files) == 5
    assert [fault for one in files for fault in one.faults] == []
    faults, warnings = check_import(files, RegisterRows(0), load_catalogue(), load_regions())
    assert faults == []
    assert [one.code for one in warnings] == ["unparsable-mark"]


def test_the_registers_hold_a_suspension_failed_and_lapsed_rounds_and_marks_of_all_kinds(
    region: Manifest,
) -> None:
    rows = apply_import(RegisterRows(0), parsed(region))
    assert {row.status for row in rows.institutions} == {"active", "suspended"}
    assert {row.level for row in rows.institutions} == {"3A", "2A", ""}
    assert sum(not row.acceptable for row in rows.qualifications) >= 3
    newest = max(row.start for row in rows.qualifications if row.institution[2:4] == "12")
    assert "CK" not in {
        row.item
        for row in rows.qualifications
        if row.institution[2:4] == "12" and row.start == newest
    }
    marks = {row.mark for row in rows.marks}
    assert {"全国HR", "京津冀HR", "北京市HR", "北京市西城区HR", "★"} <= marks
    assert any(row.end is not None for row in rows.marks)


def test_the_code_maps_are_read_and_leave_one_code_of_one_site_open(
    region: Manifest, adapter: Adapter
) -> None:
    items = load_catalogue().items
    mapped = {
        site.site: {
            (row.system, row.code)
            for row in read_maps(site.code_map.name, site.code_map.read_text("utf-8"), items)
        }
        for site in region.sites
        if site.code_map is not None
    }
    assert set(mapped) == {
        "bj-lis",
        "tj-lis",
        "sjz-lis",
        "gy-lis",
        "cy-lis",
        "jn-lis",
    }
    spoiled = {one.file for one in region.defects}
    open_codes = {
        (path.parent.name, result.code.code, result.code.display)
        for path, message in decoded(region, adapter).items()
        if path.parent.name in mapped and path not in spoiled
        for record in message.records
        for result in record.results
        if (result.code.system or "", result.code.code) not in mapped[path.parent.name]
    }
    assert open_codes == {("gy-lis", "0309009", "转肽酶(干片)")}


def test_all_27_items_are_measured_at_every_site(region: Manifest, adapter: Adapter) -> None:
    by_site: dict[str, set[str]] = {}
    for path, message in decoded(region, adapter).items():
        for record in message.records:
            names = {result.code.display or "" for result in record.results}
            by_site.setdefault(path.parent.name, set()).update(names)
    assert all(len(names) >= 27 for names in by_site.values())


def test_values_are_plausible_and_strange_only_in_stories(
    region: Manifest, adapter: Adapter
) -> None:
    catalogue = load_catalogue()
    spoiled = {one.file for one in region.defects}
    for path, message in decoded(region, adapter).items():
        if path.parent.name != "bj-lis" or path in spoiled:
            continue
        for record in message.records:
            for result in record.results:
                found = catalogue.item_of_loinc(result.code.alt_code or "")
                item = found and catalogue.items[found[0]]
                if item and item.plausible and isinstance(result.value, Quantity):
                    value = float(result.value.value)
                    assert item.plausible.low is not None
                    assert item.plausible.high is not None
                    assert float(item.plausible.low) < value < float(item.plausible.high)


def test_the_manifest_tells_what_each_story_shows(region: Manifest) -> None:
    told = json.loads((region.folder / "manifest.json").read_text("utf-8"))
    assert "Synthetic" in told["synthetic"]
    assert [one["shows"] for one in told["people"] if "shows" in one] == [
        shows for _, shows in TOLD.values()
    ]
    assert {one["state"] for one in told["defects"]} == {"stored", "held"}
    for one in told["sites"]:
        for key in ("profile", "messages"):
            assert (region.folder / one[key]).exists()


def test_everything_says_that_it_is_synthetic(region: Manifest) -> None:
    assert "invented" in (region.folder / "README.md").read_text("utf-8")
    not_hl7 = {one.file for one in region.defects if one.name in {"truncated"}}
    for site in region.sites:
        assert "Synthetic" in site.profile.read_text("utf-8")
        for path in site.messages.iterdir():
            if path not in not_hl7:
                assert b"ZSY|SYNTHETIC|" in path.read_bytes(), path.name


def test_no_two_reports_share_a_filler_but_corrections(region: Manifest) -> None:
    seen: dict[str, list[str]] = {}
    for path in region.folder.glob("messages/*/*.hl7"):
        found = re.search(r"-([A-Z]{2}\d+)-([A-Z])$", path.stem)
        if found:
            seen.setdefault(found[1], []).append(found[2])
    assert {tuple(sorted(one)) for one in seen.values() if len(one) > 1} == {("C", "F")}
