"""Consents that overlap stay few rules, and no rule that is left out would have decided."""

import random
import time
from dataclasses import replace
from typing import Any

import pytest

from hie.consent.compiling import Compiled, compile_all
from hie.consent.merging import MOST
from hie.consent.reading import read
from hie.consent.rule import DENY, OPEN, PERMIT, Rule, covers
from hie.consent.terms import Terms
from hie.consent.words import BITS, EVERY_PURPOSE
from hie.fhir import Resource
from tests.unit.consent.consents import ADULT, KNOWN, NOW, RESULT, A, B, C, a_consent, asked, rule
from tests.unit.consent.evaluator import Question, Record, speaks

TOPICS = ("HIV", "STD", "PSY", "SUD", "SEX", "SDV", "GDIS", "HBV", "REPRO", "GENETIC", "VIP")
PATIENT = Record("Patient", "p5", label=0, source=A)


def rules_of(*consents: Resource) -> list[Rule] | None:
    directives = [read({**one, "id": str(n)}, KNOWN, NOW) for n, one in enumerate(consents)]
    found = compile_all(directives, Terms(), ADULT)
    return found.rules if found.is_whole else None


def excepted(n: int) -> dict[str, Any]:
    """A permission of records since a day, but for one topic; each differs."""
    return rule("permit", rule("deny", labels=TOPICS[n % 11]), days=f"2026-01-{1 + n % 28:02d}/")


@pytest.mark.parametrize("count", [4, 8, 30, 200])
def test_permissions_side_by_side_with_an_exception_each_are_two_rules_each(count: int) -> None:
    rules = rules_of(a_consent(rule("permit", *map(excepted, range(count)))))
    assert rules is not None
    assert len(rules) <= 2 * count + 2


@pytest.mark.parametrize("count", [4, 12, 30, 200])
def test_consents_of_one_day_are_about_as_many_rules(count: int) -> None:
    rules = rules_of(*(a_consent(excepted(n), dateTime="2026-06-01") for n in range(count)))
    assert rules is not None
    assert len(rules) <= 4 * count


def test_consents_that_say_the_same_on_one_day_are_one() -> None:
    one = a_consent(excepted(1), dateTime="2026-06-01")
    alone, twelve = rules_of(one), rules_of(*[one] * 12)
    assert alone is not None
    assert twelve is not None
    assert len(twelve) == len(alone)
    assert asked(*[one] * 12) is True


def crossing(n: int) -> dict[str, Any]:
    """A denial with an exception that crosses every other of its kind."""
    who = ("Organization/a", "Organization/a Organization/b", "Organization/c")[n % 3]
    inner = rule(
        "permit", who=who, days=f"20{n:02d}/", labels=f"{TOPICS[n % 11]} {TOPICS[n * 3 % 11]}"
    )
    start, end = f"2026-06-01T09:{n % 60:02d}:00+08:00", f"20{90 - n % 50}"
    return rule("deny", inner, period=f"{start}/{end}", days=f"/20{99 - n:02d}")


def test_what_overlaps_too_much_is_told_in_seconds_and_denied() -> None:
    consents = [a_consent(rule("permit", *map(crossing, range(n, n + 59)))) for n in range(1, 5)]
    started = time.monotonic()
    assert rules_of(*consents) is None
    assert time.monotonic() - started < 20
    assert asked(*consents) is False


def test_more_rules_than_there_may_be_are_told() -> None:
    def naming(count: int) -> Resource:
        return a_consent(rule("deny", data=" ".join(f"instance:Media/{n}" for n in range(count))))

    within = rules_of(naming(MOST))
    assert within is not None
    assert len(within) == MOST
    assert rules_of(naming(MOST + 1)) is None
    assert compile_all([read(naming(MOST + 1), KNOWN, NOW)], Terms(), ADULT) == Compiled(
        [Rule(DENY, "one")], is_whole=False
    )


def test_combinations_are_counted_before_they_are_made() -> None:
    root = rule("deny", data=" ".join(f"instance:Media/{n}" for n in range(3_000)))
    types = [
        {"system": "http://hl7.org/fhir/resource-types", "code": f"T{n}"} for n in range(3_000)
    ]
    started = time.monotonic()
    assert rules_of(a_consent({**root, "class": types})) is None
    assert time.monotonic() - started < 5


def test_of_two_at_the_same_time_a_denial_of_who_the_patient_is_counts() -> None:
    types = [
        [{"system": "http://hl7.org/fhir/resource-types", "code": code}]
        for code in ("Observation", "Patient")
    ]
    one = a_consent({**rule("permit"), "class": types[0]})
    other = a_consent({**rule("deny", rule("permit", who="Organization/a")), "class": types[1]})
    assert asked(one, other, by=A, record=PATIENT) is True
    assert asked(one, other, by=B, record=PATIENT) is False
    assert asked(one, other, by=B) is True


def test_a_permission_of_a_topic_denies_nothing_that_is_not_mapped() -> None:
    one = a_consent(rule("permit", rule("permit", labels="PSY")))
    other = a_consent(rule("permit", rule("deny", rule("permit", labels="R"), labels="HIV")))
    unmapped = replace(RESULT, label=1 + 4 * 2048)
    assert asked(one, record=unmapped) is asked(other, record=unmapped) is True
    assert asked(one, other, record=unmapped) is True


def a_rule(dice: random.Random) -> Rule:
    def maybe(*values: Any) -> Any:
        return dice.choice([None, None, None, *values])

    return Rule(
        dice.choice([DENY, PERMIT, OPEN]),
        institution=maybe(A),
        party=maybe("user/u"),
        purposes=dice.choice([EVERY_PURPOSE, EVERY_PURPOSE, BITS["TREAT"]]),
        source=maybe(A),
        kind=maybe("Observation", "Patient"),
        resource=maybe("Observation/o", "DiagnosticReport/r", "Patient/p"),
        least=dice.choice([0, 0, 0, 1]),
        most=dice.choice([1, 2, 2, 2]),
        any_topics=maybe(1, 5),
        within_topics=maybe(1, 5),
        no_topics=dice.choice([0, 0, 0, 1, 2048]),
        from_us=dice.choice([0, 0, 50]),
        data_from_us=maybe(0, 10),
        data_until_us=maybe(20, 30),
    )


def a_record(dice: random.Random) -> Record:
    kind, key = dice.choice([("Observation", "o"), ("DiagnosticReport", "r"), ("Patient", "p")])
    beside = {"Observation": ["DiagnosticReport/r"], "DiagnosticReport": ["Observation/o"]}
    first = dice.choice([0, 5, 12, 25])
    return Record(
        kind,
        key,
        dice.choice([None, 0, 1, 2, 1 + 4, 1 + 20, 1 + 4 * 2048, 1 + 4 * 2049]),
        dice.choice([A, B]),
        dice.choice([None, (first, first), (first, first + 9)]),
        frozenset(beside.get(kind, ())),
    )


@pytest.mark.parametrize("seed", range(4))
def test_a_rule_that_covers_another_speaks_of_all_the_other_does(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test
    records = [a_record(dice) for _ in range(60)]
    questions = [
        Question(by, BITS[purpose], at, parties)
        for by in (A, C)
        for purpose in ("TREAT", "BTG")
        for at in (10, 60)
        for parties in (frozenset[str](), frozenset({"user/u"}))
    ]
    seen = 0
    for _ in range(20_000):
        one, other = a_rule(dice), a_rule(dice)
        if covers(one, other):
            seen += 1
            for record in records:
                for question in questions:
                    if speaks(other, question, record):
                        assert speaks(one, question, record), (one, other)
    assert seen > 100
