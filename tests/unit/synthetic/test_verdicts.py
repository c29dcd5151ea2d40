"""What the region shows when its people are asked about, on any day it is made for."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from hie.recognition.assessment import Outcome
from hie.synthetic import generate
from tests.unit.synthetic.road import Road, fired

YES, REVIEW, NO = Outcome.RECOGNISE, Outcome.REVIEW, Outcome.REFUSE


@pytest.fixture(
    scope="module",
    params=["2026-06-15", "2026-07-01", "2027-01-02", "2024-02-29"],
)
def road(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Road:
    folder: Path = tmp_path_factory.mktemp("region")
    return Road(generate(folder, seed=1, today=date.fromisoformat(request.param)))


@pytest.mark.parametrize(
    ("person", "item", "outcome", "rules"),
    [
        (1, "K", YES, {"R-104"}),
        (1, "HBA1C", YES, {"R-104"}),
        (2, "K", NO, {"R-401"}),
        (3, "K", YES, {"R-404"}),
        (6, "CRE", YES, {"R-104"}),
        (7, "HBA1C", YES, {"R-104"}),
        (10, "TG", REVIEW, {"R-105"}),
        (10, "CK", REVIEW, {"R-105"}),
        (11, "ALT", NO, {"R-203"}),
        (12, "HBSAG", NO, {"R-007"}),
        (17, "K", REVIEW, {"R-402"}),
        (20, "K", YES, {"R-104"}),
        (27, "K", REVIEW, {"R-006"}),
        (27, "UA", REVIEW, {"R-202"}),
        (27, "LDH", REVIEW, {"R-006", "R-110"}),
        (17, "CK", REVIEW, {"R-208"}),
        (28, "NA", NO, {"R-205"}),
        (28, "GLU", NO, {"R-204"}),
        (28, "CK", NO, {"R-201"}),
        (28, "UREA", YES, {"R-106"}),
        (28, "TC", REVIEW, {"R-107"}),
        (8, "CK", YES, {"R-110"}),
        (4, "K", REVIEW, {"R-501"}),
        (13, "PLT", REVIEW, {"R-507"}),
        (26, "HBSAG", REVIEW, {"R-309"}),
        (31, "WBC", REVIEW, {"R-508"}),
    ],
)
def test_a_story_shows_what_it_is_told_for(
    road: Road, person: int, item: str, outcome: Outcome, rules: set[str]
) -> None:
    judged = road.ask(person, item)
    assert judged.outcome is outcome
    assert rules <= fired(judged)


@pytest.mark.parametrize(
    ("person", "item", "rule"),
    [(5, "K", "R-306"), (8, "LDH", "R-302"), (23, "K", "R-303")],
)
def test_what_is_not_the_same_measurement_leads_nothing(
    road: Road, person: int, item: str, rule: str
) -> None:
    judged = road.ask(person, item)
    newest, *_ = judged.assessments
    assert newest.outcome is NO
    assert rule in {one.rule for one in newest.findings if one.fired}
    assert newest is not judged.leading


def test_conversions_keep_the_reported_value(road: Road) -> None:
    (creatinine, *_) = road.ask(6, "CRE").assessments
    assert (creatinine.candidate.value.text, creatinine.candidate.value.reported) == ("88.4", "1.0")
    (glycated, *_) = road.ask(7, "HBA1C").assessments
    assert (glycated.candidate.value.text, glycated.candidate.value.reported) == ("6.5", "48")


def test_a_correction_stands_for_what_it_corrects(road: Road) -> None:
    (potassium, *_) = road.ask(20, "K").assessments
    assert potassium.candidate.value.text == "4.21"
    assert potassium.candidate.status == "corrected"


def test_a_withdrawn_result_is_no_candidate(road: Road) -> None:
    ages = {one.age_days for one in road.ask(21, "PLT").assessments}
    assert 3 not in ages


def test_times_that_cannot_be_are_refused(road: Road) -> None:
    for person, item in ((32, "K"), (33, "PLT")):
        newest, *_ = road.ask(person, item).assessments
        assert {one.rule for one in newest.findings if one.fired} == {"R-008"}


def test_a_preliminary_result_is_refused_and_hides_no_older_one(road: Road) -> None:
    newest, *_ = road.ask(19, "K").assessments
    assert {one.rule for one in newest.findings if one.fired} >= {"R-004"}


def test_the_level_rule_of_beijing_speaks_of_gaoyi(road: Road) -> None:
    assert "R-109" in fired(road.ask(8, "K", receiver="11"))


def test_several_people_show_each_outcome(road: Road) -> None:
    shown: Counter[Outcome] = Counter()
    for person in range(1, 51):
        found = {road.ask(person, item).outcome for item in ("K", "CRE", "GLU", "HGB", "HBA1C")}
        shown.update(found)
    assert all(shown[outcome] >= 5 for outcome in (YES, REVIEW, NO, Outcome.NONE))
