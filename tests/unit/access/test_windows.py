"""How long an encounter, an order or a referral lets an institution look at a patient."""

from typing import Any

import pytest

from hie.access.windows import (
    DISCHARGED_US,
    EVER_US,
    GOES_ON_US,
    ORDER_US,
    OUTPATIENT_US,
    REFERRAL_US,
    Kind,
    Window,
    of_encounter,
    of_order,
    of_referral,
    of_visit,
)
from hie.fhir.elements import bounds

BEGIN, END, SAID = (f"2026-06-0{day}T08:00:00+08:00" for day in (1, 3, 5))
SECOND = 1_000_000


def _at(text: str) -> int:
    found = bounds(text)
    assert found is not None
    return found[0]


def _end(text: str) -> int:
    found = bounds(text)
    assert found is not None
    return found[1]


def _encounter(**changed: Any) -> dict[str, Any]:
    found = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"code": "AMB"},
        "period": {"start": BEGIN, "end": END},
        **changed,
    }
    return {key: value for key, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("changed", "until_us"),
    [
        ({}, _end(END) + OUTPATIENT_US),
        ({"class": {"code": "IMP"}}, _end(END) + DISCHARGED_US),
        ({"class": {"code": "OBSENC"}}, _end(END) + DISCHARGED_US),
        ({"class": {"code": "EMER"}}, _end(END) + OUTPATIENT_US),
        ({"class": None}, _end(END) + OUTPATIENT_US),
        ({"class": {"code": "x"}}, _end(END) + OUTPATIENT_US),
        ({"period": {"start": BEGIN}}, _at(BEGIN) + OUTPATIENT_US),
        ({"period": {"start": BEGIN}, "status": "in-progress"}, _at(SAID) + GOES_ON_US),
        ({"period": {"start": BEGIN}, "status": "arrived"}, _at(SAID) + GOES_ON_US),
        ({"period": {"start": BEGIN, "end": "2026-06-03"}}, _at("2026-06-04") + OUTPATIENT_US),
        (
            {"period": {"start": BEGIN}, "status": "in-progress", "class": {"code": "IMP"}},
            EVER_US,
        ),
        ({"period": {"start": BEGIN}, "class": {"code": "IMP"}}, _at(SAID) + DISCHARGED_US),
    ],
)
def test_an_encounter_lasts_as_long_as_its_class_says(
    changed: dict[str, Any], until_us: int
) -> None:
    found = of_encounter(_encounter(**changed), _at(SAID))
    assert found == Window(Kind.VISIT, _at(BEGIN), until_us)


def test_a_registration_of_an_outpatient_is_all_that_is_told() -> None:
    here = _encounter(status="in-progress", period={"start": BEGIN})
    found = of_encounter(here, _at(SAID), is_registration=True)
    assert found == Window(Kind.VISIT, _at(BEGIN), _at(BEGIN) + OUTPATIENT_US)
    stay = {**here, "class": {"code": "IMP"}}
    assert of_encounter(stay, _at(SAID), is_registration=True) == of_encounter(stay, _at(SAID))


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "planned"},
        {"status": "cancelled"},
        {"status": "entered-in-error"},
        {"status": "unknown"},
        {"status": None},
        {"period": {"start": END, "end": "2026-05-01"}},
    ],
)
def test_what_did_not_take_place_opens_nothing(changed: dict[str, Any]) -> None:
    assert of_encounter(_encounter(**changed), _at(SAID)) is None


def test_a_window_holds_to_its_last_second_and_not_beyond() -> None:
    found = of_encounter(_encounter(), _at(SAID))
    assert found is not None
    assert not found.holds(found.from_us - SECOND)
    assert found.holds(found.from_us)
    assert found.holds(found.until_us - SECOND)
    assert not found.holds(found.until_us)


def test_an_order_counts_until_it_is_done_and_never_longer_than_a_month() -> None:
    order = {"resourceType": "ServiceRequest", "status": "active", "intent": "order"}
    at_us = _at(BEGIN)
    open_ = of_order({**order, "authoredOn": BEGIN}, _at(SAID))
    assert open_ == Window(Kind.ORDER, at_us, at_us + ORDER_US)
    done = {**order, "status": "completed", "authoredOn": BEGIN}
    assert of_order(done, _at(SAID)) == Window(Kind.ORDER, at_us, _at(SAID) + OUTPATIENT_US)
    assert of_order(done, _at(SAID), _at(END)) == Window(
        Kind.ORDER, at_us, _at(END) + OUTPATIENT_US
    )
    late = of_order(done, at_us + 10 * ORDER_US)
    assert late == Window(Kind.ORDER, at_us, at_us + ORDER_US)


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "draft"},
        {"status": "revoked"},
        {"status": "entered-in-error"},
        {"intent": "plan"},
    ],
)
def test_an_order_that_nobody_gave_opens_nothing(changed: dict[str, str]) -> None:
    order = {"status": "active", "intent": "order", "authoredOn": BEGIN, **changed}
    assert of_order(order, _at(SAID)) is None


@pytest.mark.parametrize(
    ("changed", "until_us"),
    [
        ({}, _at(BEGIN) + REFERRAL_US),
        ({"restriction": {"period": {"end": END}}}, _end(END)),
        ({"status": "completed", "executionPeriod": {"end": END}}, _end(END) + OUTPATIENT_US),
        ({"status": "completed"}, _at(SAID) + OUTPATIENT_US),
    ],
)
def test_a_referral_counts_from_its_acceptance(changed: dict[str, Any], until_us: int) -> None:
    task = {"status": "accepted", "intent": "order", "authoredOn": BEGIN, **changed}
    assert of_referral(task, _at(SAID)) == Window(Kind.REFERRAL, _at(BEGIN), until_us)


@pytest.mark.parametrize(
    "status", ["draft", "requested", "received", "rejected", "cancelled", "failed", "ready"]
)
def test_a_referral_that_was_not_accepted_opens_nothing(status: str) -> None:
    task = {"status": status, "intent": "order", "authoredOn": BEGIN}
    assert of_referral(task, _at(SAID)) is None


@pytest.mark.parametrize(
    ("class_code", "admitted", "discharged", "from_us", "until_us"),
    [
        ("O", BEGIN, None, _at(BEGIN), _at(BEGIN) + OUTPATIENT_US),
        ("O", None, None, _at(SAID), _at(SAID) + OUTPATIENT_US),
        ("E", BEGIN, END, _at(BEGIN), _end(END) + OUTPATIENT_US),
        ("I", BEGIN, None, _at(BEGIN), _at(SAID) + DISCHARGED_US),
        ("B", BEGIN, None, _at(BEGIN), _at(SAID) + DISCHARGED_US),
        ("I", BEGIN, END, _at(BEGIN), _end(END) + DISCHARGED_US),
        ("I", None, None, _at(SAID), _at(SAID) + DISCHARGED_US),
    ],
)
def test_a_message_proves_a_visit_at_its_own_moment(
    class_code: str, admitted: str | None, discharged: str | None, from_us: int, until_us: int
) -> None:
    found = of_visit(class_code, admitted, discharged, _at(SAID))
    assert found == Window(Kind.VISIT, from_us, until_us)


@pytest.mark.parametrize("class_code", [None, "P", "N", "C"])
def test_a_preadmission_is_no_visit(class_code: str | None) -> None:
    assert of_visit(class_code, BEGIN, None, _at(SAID)) is None
