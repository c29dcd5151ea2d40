"""The worked example of docs/catalogue.md is a region's folder that holds together."""

import re
from datetime import date
from pathlib import Path

from hie.recognition.rulebook_check import check_rulebook
from hie.recognition.sources import build_sources, read_files, shipped_files
from hie.schemas import using

ROOT = Path(__file__).parents[2]
CATALOGUE = (ROOT / "docs" / "catalogue.md").read_text("utf-8")
FILES = re.findall(r"```yaml\n# (catalogue/\S+)\n(.*?)```", CATALOGUE, re.S)


def test_the_worked_example_holds_together_and_changes_on_its_day(tmp_path: Path) -> None:
    for name, text in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    assert {name for name, _ in FILES} == {
        "catalogue/lab/ZN.yaml", "catalogue/sources-office.yaml", "catalogue/lists/office.yaml",
    }  # fmt: skip
    assert check_rulebook(tmp_path).faults == ()
    with using(tmp_path):
        catalogue = build_sources(read_files(shipped_files())).catalogue
    assert "ZN" not in catalogue.on(date(2025, 12, 31))
    assert catalogue.on(date(2026, 1, 1))["ZN"].missing == ()
    assert "UREA" not in catalogue.listed("list:office", date(2026, 12, 31))
    assert "UREA" in catalogue.listed("list:office", date(2027, 1, 1))
    assert "ZN" not in catalogue.listed("all", date(2027, 1, 1))


def test_every_list_is_told_with_whether_all_includes_it() -> None:
    for key, one in build_sources(read_files(shipped_files())).catalogue.lists.items():
        row = next(line for line in CATALOGUE.splitlines() if line.startswith(f"| `{key}` |"))
        assert row.endswith("| yes |" if one.in_all else "| no |")


def test_what_a_regions_folder_may_hold_is_told() -> None:
    for name in ("catalogue/lab/KEY.yaml", "catalogue/lists/NAME.yaml", "rulebook/reasons.yaml",
                 "texts/words.yaml", "policy/shipped.yaml"):  # fmt: skip
        assert f"`{name}`" in CATALOGUE
