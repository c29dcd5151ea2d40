"""A province's longest list is data too: it loads, holds together, and stays small in memory."""

import gc
import tracemalloc
from datetime import date
from pathlib import Path

from hie.recognition.rulebook_check import check_rulebook
from hie.recognition.sources import build_sources, read_files, shipped_files
from hie.schemas import using
from tests.bench.many_items import DAYS, write_policy

ITEMS = 100


def test_a_long_generated_list_holds_together_and_its_states_follow_its_days(
    tmp_path: Path,
) -> None:
    keys = write_policy(tmp_path, ITEMS)
    report = check_rulebook(tmp_path)
    assert report.faults == ()
    assert report.counts["items"] == ITEMS
    with using(tmp_path):
        catalogue = build_sources(read_files(shipped_files())).catalogue
    key = keys[-1]
    assert [catalogue.on(date.fromisoformat(day))[key].validity_days for day in DAYS] == [
        7, 14, 10, 7,
    ]  # fmt: skip
    assert catalogue.on(date(2024, 2, 28))[key].validity_days == 7
    assert key in catalogue.listed("all", date(2026, 6, 15))


def test_an_item_of_a_long_list_takes_less_than_a_tenth_of_a_megabyte(tmp_path: Path) -> None:
    write_policy(tmp_path, ITEMS)
    with using(tmp_path):
        files = shipped_files()
        gc.collect()
        tracemalloc.start()
        try:
            kept = build_sources(read_files(files))
            gc.collect()
            grown, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert len(kept.catalogue.items) == ITEMS
    assert grown < ITEMS * 100_000  # 500 items: 50 MB
