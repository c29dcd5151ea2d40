"""The proofs' own arithmetic, and that their page and programs agree."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.security.__main__ import PROGRAMS
from tests.security.questions import TYPES, Asked, Question
from tests.security.timing import effect
from tests.security.twins import Known
from tests.security.worlds import Person, World

PAGE = (Path(__file__).parents[2] / "docs" / "proofs.md").read_text("utf-8")


def test_every_program_has_its_row_and_no_other() -> None:
    table = PAGE.partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.M)) == set(PROGRAMS)


def test_every_file_the_page_names_is_there() -> None:
    root = Path(__file__).parents[2]
    for name in re.findall(r"`(tests/[\w/.*-]+)`", PAGE):
        assert list(root.glob(name.rstrip("/"))), name


@pytest.mark.parametrize(
    ("hidden", "absent", "expected"),
    [
        ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0], 0.0),
        ([4.0, 5.0, 6.0], [1.0, 2.0, 3.0], 1.0),
        ([1.0, 2.0], [1.0, 2.0], 0.5),
        ([1.0, 1.0, 1.0], [1.0, 1.0], 0.5),
        ([1.0, 4.0], [2.0, 3.0], 0.5),
        ([2.0, 3.0, 4.0], [1.0, 2.0], 5.5 / 6),
    ],
)
def test_an_effect_is_the_chance_that_one_takes_longer(
    hidden: list[float], absent: list[float], expected: float
) -> None:
    assert effect(hidden, absent) == pytest.approx(expected)


@given(
    st.lists(st.floats(0, 9), min_size=1, max_size=9),
    st.lists(st.floats(0, 9), min_size=1, max_size=9),
)
def test_an_effect_is_what_counting_all_pairs_gives(a: list[float], b: list[float]) -> None:
    counted = sum((x > y) + 0.5 * (x == y) for x in a for y in b) / (len(a) * len(b))
    assert effect(a, b) == pytest.approx(counted)


SOMEBODY = Person("示例", ("a", "b"), frozenset("a"), frozenset(), False, ())
REGION = World((SOMEBODY,) * 3)
IDS = {kind: [f"{kind[:3]}{n:013}" for n in range(3)] for kind in TYPES}


def asked() -> Asked:
    known = Known(ids=IDS, words={"canary-0-0-": (0, "a", False)})
    shown = frozenset(one for found in IDS.values() for one in found[:1])
    return Asked(REGION, known, shown, writes=True, asks=True)


@settings(max_examples=60, database=None, suppress_health_check=list(HealthCheck))
@given(asked().questions())
def test_every_question_is_a_request_of_this_hub(question: Question) -> None:
    assert question.url.startswith(("/fhir", "/v1/order-check", "/dicom-web/"))
    assert question.arguments({"Authorization": "x"})["headers"]["Authorization"] == "x"


def test_the_grammar_has_every_feature_the_page_speaks_of() -> None:
    found: list[str] = []

    @settings(
        max_examples=500, database=None, suppress_health_check=list(HealthCheck), derandomize=True
    )
    @given(asked().searches())
    def draw(question: Question) -> None:
        found.append(f"{question.url} {question.content or ''}")

    draw()
    whole = "\n".join(found)
    for feature in ("_has:", "_include=", "_revinclude=", "_include:iterate=", "_sort=", "_count=",
                    "_total=", "_summary=", "_elements=", ":not=", ":missing=", ":exact=",
                    ":contains=", ":identifier=", "_lastUpdated=", "/_search", "/Patient/Pat"):  # fmt: skip
        assert feature in whole, feature
    assert re.search(r"[?& ][a-z-]+(:\w+)?\.[a-z_]", whole), "a chain"
    assert {kind for kind in TYPES if f"/{kind}" in whole} == set(TYPES)
