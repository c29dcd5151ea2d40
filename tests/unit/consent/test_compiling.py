"""What a patient said decides who sees what: IHE PCF, level by level."""

from dataclasses import replace

import pytest

from hie.consent.provision import Level
from hie.consent.terms import Terms
from tests.unit.consent.consents import RESULT, A, B, C, a_consent, asked, at, rule
from tests.unit.consent.evaluator import Record

HIV = replace(RESULT, label=1 + 4 * 1)
PSY = replace(RESULT, label=1 + 4 * 4)
BOTH = replace(RESULT, label=1 + 4 * 5)
UNLABELLED = replace(RESULT, label=None)
UNMAPPED = replace(RESULT, label=1 + 4 * 2048)
PATIENT = Record("Patient", "p5", label=0, source=A)


def test_who_said_nothing_is_decided_by_the_policy() -> None:
    assert asked() is None


def test_a_denial_denies_everything() -> None:
    assert asked(a_consent(rule("deny"))) is False
    assert asked(a_consent(rule("deny")), record=PATIENT) is False


def test_a_permission_permits() -> None:
    assert asked(a_consent(rule("permit"))) is True


def test_a_denial_of_one_institution_says_nothing_of_the_others() -> None:
    denial = a_consent(rule("deny", who="Organization/c"))
    assert asked(denial, by=C) is False
    assert asked(denial, by=B) is None


def test_a_permission_with_an_exception_of_one_institution() -> None:
    consent = a_consent(rule("permit", rule("deny", who="Organization/c")))
    assert asked(consent, by=C) is False
    assert asked(consent, by=B) is True


def test_what_is_permitted_to_one_is_not_to_others() -> None:
    consent = a_consent(rule("permit", who="Organization/a Organization/b"))
    assert asked(consent, by=A) is True
    assert asked(consent, by=B) is True
    assert asked(consent, by=C) is False


def test_a_person_can_be_named() -> None:
    consent = a_consent(rule("deny", who="Practitioner/p"))
    assert asked(consent, parties=frozenset({"user/p"})) is False
    assert asked(consent, parties=frozenset({"user/q"})) is None


@pytest.mark.parametrize(
    ("offset", "expected"), [(-1_000_000, True), (-1, True), (0, None), (1_000_000, None)]
)
def test_a_period_ends_at_its_end(offset: int, expected: bool | None) -> None:
    end = "2026-06-15T10:00:00+08:00"
    consent = a_consent(rule("permit", period=f"2026-06-01/{end}"))
    assert asked(consent, now=at(end) + offset) is expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-06-14T23:59:59+08:00", None),
        ("2026-06-15T00:00:00+08:00", False),
        ("2026-06-20T23:59:59+08:00", False),
        ("2026-06-21T00:00:00+08:00", None),
    ],
)
def test_a_day_ends_at_midnight(now: str, expected: bool | None) -> None:
    consent = a_consent(rule("deny", period="2026-06-15/2026-06-20"))
    assert asked(consent, now=at(now)) is expected


def test_an_exception_holds_no_longer_than_its_consent() -> None:
    consent = a_consent(rule("deny", rule("permit", period="2026/2027"), period="/2026-06-10"))
    assert asked(consent) is None


def test_of_two_at_the_same_time_the_denial_counts() -> None:
    permit, deny = a_consent(rule("permit")), a_consent(rule("deny"))
    assert asked(permit, deny) is False
    assert asked(deny, permit) is False


def test_of_two_the_newer_counts() -> None:
    old = {"dateTime": "2026-05-31T09:00:00+08:00"}
    assert asked(a_consent(rule("deny"), **old), a_consent(rule("permit"))) is True
    assert asked(a_consent(rule("permit"), **old), a_consent(rule("deny"))) is False


def test_where_the_newer_is_silent_the_older_counts() -> None:
    old = a_consent(rule("deny"), dateTime="2020")
    newer = a_consent(rule("permit", purpose="HRESCH"))
    assert asked(old, newer) is False


def test_a_permission_is_about_its_purposes() -> None:
    consent = a_consent(rule("permit", purpose="TREAT"))
    assert asked(consent, purpose="TREAT") is True
    assert asked(consent, purpose="ETREAT") is True  # v3-ActReason: below TREAT
    assert asked(consent, purpose="PUBHLTH") is None


def test_only_what_is_permitted_for_a_purpose_is() -> None:
    consent = a_consent(rule("permit", purpose="TREAT", data="instance:Observation/k"))
    assert asked(consent) is True
    assert asked(consent, record=replace(RESULT, id="other")) is False


def test_an_emergency_is_presumed_unless_it_is_denied() -> None:
    plain, said = a_consent(rule("deny")), a_consent(rule("deny", purpose="TREAT BTG"))
    assert asked(plain, purpose="BTG") is None
    assert asked(plain, purpose="ETREAT") is False
    assert asked(said, purpose="BTG") is False
    assert asked(plain, purpose="BTG", terms=Terms(presumed=False)) is False


def test_all_but_breaking_the_glass() -> None:
    consent = a_consent(rule("deny", rule("permit", purpose="BTG")))
    assert asked(consent, purpose="BTG", terms=Terms(presumed=False)) is True
    assert asked(consent, purpose="TREAT") is False


def test_days_of_records() -> None:
    consent = a_consent(rule("permit", rule("deny", days="2026-01/2026-06")))
    assert asked(consent) is False
    assert asked(consent, record=replace(RESULT, day=(at("2026-07-01"), at("2026-07-01")))) is True
    assert asked(consent, record=replace(RESULT, day=None)) is False
    assert asked(consent, record=PATIENT) is True
    only = a_consent(rule("permit", days="2025/2025"))
    assert asked(only) is False
    assert asked(only, record=replace(RESULT, day=None)) is False
    assert asked(only, record=PATIENT) is True


def test_a_day_that_only_partly_lies_in_a_period() -> None:
    around = replace(RESULT, day=(at("2026-06-01"), at("2026-07-01") - 1))
    assert asked(a_consent(rule("deny", days="2026-06-10/2026-06-12")), record=around) is False
    assert asked(a_consent(rule("permit", days="2026-06-10/2026-06-30")), record=around) is False


def test_one_record_and_what_it_is_part_of() -> None:
    consent = a_consent(rule("deny", data="instance:DiagnosticReport/r"))
    inside = replace(RESULT, beside=frozenset({"DiagnosticReport/r"}))
    assert asked(consent, record=inside) is False
    assert asked(consent) is None


def test_records_of_one_institution() -> None:
    consent = a_consent(rule("deny", data="authoredby:Organization/a"))
    assert asked(consent) is False
    assert asked(consent, record=PATIENT) is False
    assert asked(consent, record=replace(RESULT, source=B)) is None


def test_topics() -> None:
    consent = a_consent(rule("permit", rule("deny", labels="HIV")))
    assert asked(consent) is True
    assert asked(consent, record=HIV) is False
    assert asked(consent, record=PSY) is True


@pytest.mark.parametrize("record", [UNLABELLED, UNMAPPED])
def test_what_is_not_known_is_denied_and_not_permitted(record: Record) -> None:
    assert asked(a_consent(rule("deny", labels="HIV")), record=record) is False
    assert asked(a_consent(rule("permit", labels="HIV")), record=record) is False


def test_a_permission_of_one_topic_is_none_of_another() -> None:
    consent = a_consent(rule("permit", rule("permit", labels="PSY"), labels="N"))
    assert asked(consent, record=PSY) is True
    assert asked(consent, record=HIV) is False
    assert asked(consent, record=BOTH) is False


def test_two_denials_with_an_exception_each_both_hold() -> None:
    hiv = rule("deny", rule("permit", who="Organization/a"), labels="HIV")
    psy = rule("deny", rule("permit", who="Organization/b"), labels="PSY")
    consent = a_consent(rule("permit", hiv, psy))
    assert asked(consent, by=A, record=HIV) is True
    assert asked(consent, by=A, record=PSY) is False
    assert asked(consent, by=A, record=BOTH) is False
    assert asked(consent, by=B, record=BOTH) is False
    assert asked(consent, by=C) is True


def test_normal_data_and_restricted_when_the_glass_is_broken() -> None:
    exception = rule("permit", purpose="BTG", labels="R")
    consent = a_consent(rule("permit", exception, labels="N", purpose="TREAT HPAYMT HOPERAT"))
    assert asked(consent) is True
    assert asked(consent, record=HIV) is False
    assert asked(consent, record=HIV, purpose="BTG", terms=Terms(presumed=False)) is True


def test_five_provisions_deep() -> None:
    tree = rule("permit", who="Organization/c", purpose="ETREAT")
    for kind in ("deny", "permit", "deny", "permit"):
        tree = rule(kind, tree)
    assert asked(a_consent(tree), by=C, purpose="ETREAT") is True
    assert asked(a_consent(tree), by=C) is False


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (Level.IMPLICIT, None),
        (Level.BASIC, False),
        (Level.INTERMEDIATE, False),
        (Level.ADVANCED, True),
    ],
)
def test_below_its_level_a_consent_permits_less(level: Level, expected: bool | None) -> None:
    consent = a_consent(rule("permit", labels="N"))
    assert asked(consent, terms=Terms(level)) is expected


@pytest.mark.parametrize("level", [Level.BASIC, Level.INTERMEDIATE])
def test_below_its_level_a_consent_denies_more(level: Level) -> None:
    assert asked(a_consent(rule("deny", labels="HIV")), terms=Terms(level)) is False
    assert asked(a_consent(rule("permit", rule("deny", labels="HIV"))), terms=Terms(level)) is False


@pytest.mark.parametrize("performer", [[], [{"reference": "Patient/p5"}]])
def test_a_child_permits_nothing_alone(performer: list[dict[str, str]]) -> None:
    consent = a_consent(rule("permit"), performer=performer)
    assert asked(consent, birth="2016-01-01") is False
    assert asked(consent, birth="2006-01-01") is True


GUARDIAN = {"performer": [{"type": "RelatedPerson", "display": "guardian"}]}


def test_a_guardian_decides_for_a_child() -> None:
    assert asked(a_consent(rule("permit"), **GUARDIAN), birth="2016-01-01", record=HIV) is True
    assert asked(a_consent(rule("deny"), **GUARDIAN), birth="2016-01-01", record=HIV) is False


def test_what_is_an_adolescents_own_no_guardian_decides() -> None:
    for kind, plain in (("permit", True), ("deny", False)):
        consent = a_consent(rule(kind), **GUARDIAN)
        assert asked(consent, birth="2010-01-01", record=HIV) is None
        assert asked(consent, birth="2010-01-01") is plain


def test_a_guardians_consent_ends_when_the_patient_is_of_age() -> None:
    consent = a_consent(rule("deny"), **GUARDIAN)
    assert asked(consent, birth="2008-06-16") is False
    assert asked(consent, birth="2008-06-15") is None
    assert asked(a_consent(rule("deny")), birth="2008-06-15") is False
