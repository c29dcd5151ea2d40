"""docs/indicators.md and the published definitions say the same."""

import re
from pathlib import Path

import pytest

from hie.recognition.indicator_definitions import (
    Definition,
    IndicatorKind,
    definitions_version,
    load_definitions,
)
from hie.recognition.indicator_tally import REPEAT_DAYS, Amount, Count, Dimension
from hie.recognition.small_cells import THRESHOLD

TEXT = (Path(__file__).parents[2] / "docs" / "indicators.md").read_text("utf-8")
ROWS = {
    row.split("|")[1].strip().strip("`"): [cell.strip() for cell in row.split("|")[2:-1]]
    for row in TEXT.splitlines()
    if re.match(r"\| `[a-z_]+` \|", row)
}


def counted(one: Definition) -> str:
    match one.kind:
        case IndicatorKind.SHARE:
            return f"`{one.numerator} ÷ {one.denominator}`"
        case IndicatorKind.PER_PATIENT_YEAR:
            return f"`{one.numerator} ÷ patient-years`"
    return f"`{one.numerator} − {one.less}`" if one.less else f"`{one.numerator}`"


@pytest.mark.parametrize("one", load_definitions(), ids=lambda one: str(one.key))
def test_a_definition_stands_in_the_document_word_for_word(one: Definition) -> None:
    title, how, words, version = ROWS[one.key]
    assert title == f"{one.title.zh} · {one.title.en}"
    assert how == counted(one)
    assert words == f"{one.formula.en}. {one.meaning.en}"
    assert version == one.version


def test_the_document_tells_no_indicator_that_there_is_not() -> None:
    assert list(ROWS) == [one.key for one in load_definitions()]


def test_what_definitions_count_is_counted() -> None:
    known = {*Count, *Amount}
    for one in load_definitions():
        assert {one.numerator, one.denominator, one.less} - {None} <= known


def test_the_numbers_of_the_document_are_those_of_the_code() -> None:
    assert f"**{definitions_version()}**" in TEXT
    assert f"default {REPEAT_DAYS}" in TEXT
    assert f"counts from 1 to {THRESHOLD - 1} are hidden" in TEXT
    assert "|".join(("institution", "department", "item", "month")) in TEXT
    assert set(Dimension) == {"institution", "department", "item", "month"}
