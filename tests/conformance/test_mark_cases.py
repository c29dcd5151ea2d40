"""The grammar of marks, text by text (marks.yaml): what each means, and whom it reaches."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hie.recognition.marks import MarkState, covers, read_marks, shown_mark
from hie.recognition.region import load_regions
from hie.recognition.register import InstitutionRow, MarkRow
from hie.schemas import load_yaml

NAME = "marks.yaml"
CASES = load_yaml((Path(__file__).parent / NAME).read_text("utf-8"), NAME)
SINCE = date(2022, 1, 1)
STATES = {
    "legacy": MarkState.LEGACY,
    "unknown": MarkState.PROGRAMME_UNKNOWN,
    "unparsable": MarkState.UNPARSABLE,
}


def receiver(region: str, consortium: str = "") -> InstitutionRow:
    return InstitutionRow(
        "121100004000000014", "示例医院", region, "3A", "", consortium, "active", SINCE, None
    )


def sentence(case: dict[str, Any]) -> str:
    said = "".join(f", {k} {case[k]}" for k in ("kind", "province", "consortia") if k in case)
    return f"{case['text']!r}{said} is {case['means']}"


@pytest.mark.parametrize("case", CASES, ids=sentence)
def test_a_mark_means_what_its_sentence_says(case: dict[str, Any]) -> None:
    row = MarkRow("121100004000000014", "K", case["text"], SINCE, None)
    kind, province = case.get("kind", "laboratory"), case.get("province", "11")
    found = read_marks([row], kind, case.get("consortia", ()), province)
    if case["means"] == "ignored":
        assert found == ()
        return
    (reading,) = found
    assert reading.state is STATES.get(case["means"], MarkState.READ)
    if reading.mark is None:
        assert case["means"] in ("unknown", "unparsable")
        assert shown_mark(found, receiver("110101")) == case["text"]
        return
    assert reading.mark.display == case.get("shown", case["text"])
    if case["means"] != "legacy":
        assert reading.mark.width.name.lower() == case["means"]
    if case["means"] == "consortium":
        (name,) = case["consortia"]
        assert covers(reading.mark, receiver("650102", name))
        assert not covers(reading.mark, receiver("110101", "别的医联体"))
        assert not covers(reading.mark, receiver("110101"))
    elif case["means"] == "national":
        assert reading.mark.codes == load_regions().mainland
    else:
        assert sorted(reading.mark.codes) == case["codes"]
    for region in case.get("covers", ()):
        assert covers(reading.mark, receiver(region)), region
    for region in case.get("misses", ()):
        assert not covers(reading.mark, receiver(region)), region


def test_each_sentence_is_said_once_and_there_are_many() -> None:
    assert len(CASES) >= 60
    assert len({sentence(case) for case in CASES}) == len(CASES)
