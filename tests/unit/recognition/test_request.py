"""What an order-check may say, and every way in which it may be wrong."""

from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.errors import NotPermitted, UnprocessableRequest
from hie.recognition.catalogue import load_catalogue
from hie.recognition.moment import find_moment
from hie.recognition.policy import build_policy
from hie.recognition.request import CheckRequest, find_known_at, parse_request
from hie.recognition.rulebook import Kind
from tests.unit.recognition import records

NOW = find_moment("2026-06-15T02:00:00Z")
BODY: dict[str, Any] = {
    "patient": {
        "identifiers": [{"type": "resident-id", "value": "11010519491231002X"}],
        "name": "张三",
        "sex": "female",
        "birth_date": "1949-12-31",
    },
    "receiver": {
        "institution": records.RECEIVER, "department": "cardiology", "practitioner": "d-1"
    },
    "encounter": {"class": "outpatient", "purpose": "treatment", "before": None, "events": []},
    "orders": [
        {"ref": "1", "item": "K"},
        {"ref": "2", "code": {"system": "http://loinc.org", "code": "2160-0"}},
    ],
    "on": "2026-06-15T10:00:00+08:00",
}  # fmt: skip


def parse(body: Any, caller: str | None = records.RECEIVER, **other: Any) -> CheckRequest:
    assert NOW is not None
    return parse_request(
        body,
        catalogue=load_catalogue(),
        registers=records.registers(),
        policy=build_policy(),
        caller=caller,
        now_us=NOW.at_us,
        **other,
    )


def with_(path: str, value: Any) -> dict[str, Any]:
    """The good request with one place changed; `...` takes it out."""
    body = deepcopy(BODY)
    place: Any = body
    *steps, last = [int(s) if s.isdigit() else s for s in path.split(".")]
    for step in steps:
        place = place[step]
    if value is ...:
        del place[last]
    elif isinstance(place, list) and last == len(place):
        place.append(value)
    else:
        place[last] = value
    return body


def faults(body: Any, **other: Any) -> dict[str, str]:
    with pytest.raises(UnprocessableRequest) as refused:
        parse(body, **other)
    found = refused.value.faults
    assert len({fault.path for fault in found}) == len(found), "one entry for each field"
    assert all(fault.expected for fault in found)
    return {fault.path: fault.code for fault in found}


def test_a_request_is_read() -> None:
    request = parse(BODY)
    assert request.patient.identifiers == (("resident-id", "11010519491231002X"),)
    assert request.receiver.code == records.RECEIVER
    assert [(o.ref, o.item, o.code) for o in request.orders] == [
        ("1", "K", None),
        ("2", "CRE", "2160-0"),
    ]
    assert request.on.text == "2026-06-15T10:00:00+08:00"
    assert request.encounter.events == ()
    assert request.as_known_at is None


def test_on_is_now_when_it_is_left_out() -> None:
    assert parse(with_("on", ...)).on.text == "2026-06-15T10:00:00+08:00"
    assert parse(with_("on", None)).on.text == "2026-06-15T10:00:00+08:00"


def test_on_in_the_future_is_a_question_like_any_other() -> None:
    assert parse(with_("on", "2030-01-01T00:00:00Z")).on.day.isoformat() == "2030-01-01"


def test_optional_keys_may_be_left_out_or_null() -> None:
    body = {
        "patient": {"identifiers": [{"type": "other", "value": ""}], "name": None},
        "receiver": {"institution": records.RECEIVER, "department": None},
        "encounter": {"class": None, "purpose": None, "before": None, "events": None},
        "orders": [{"ref": "1", "item": "K", "code": None, "body_part": None, "contrast": None}],
    }
    request = parse(body)
    assert request.encounter.events is None
    assert request.patient.sex == ""


def test_a_patient_may_be_a_reference() -> None:
    assert parse(with_("patient", {"reference": "Patient/p-1.a"})).patient.reference == (
        "Patient/p-1.a"
    )


def test_optional_keys_of_an_order_are_read() -> None:
    order = {"ref": "1", "item": "CRE", "method": "enzymatic", "setting": "laboratory",
             "conflict": True}  # fmt: skip
    read = parse(with_("orders", [order])).orders[0]
    assert (read.method, read.setting, read.conflict) == ("enzymatic", "laboratory", True)


def test_events_are_days_or_instants() -> None:
    events = [
        {"type": "surgery", "date": "2026-06-13"},
        {"type": "dialysis", "date": "2026-06-13T08:00:00Z"},
    ]
    read = parse(with_("encounter.events", events)).encounter.events
    assert read is not None
    assert [(kind, moment.exact) for kind, moment in read] == [
        ("surgery", False),
        ("dialysis", True),
    ]


@pytest.mark.parametrize(
    ("path", "value", "fault", "code"),
    [
        ("extra", 1, "extra", "unknown-key"),
        ("patient.nam", "x", "patient.nam", "unknown-key"),
        ("patient.identifiers.0.system", "x", "patient.identifiers[0].system", "unknown-key"),
        ("receiver.code", "x", "receiver.code", "unknown-key"),
        ("encounter.type", "x", "encounter.type", "unknown-key"),
        ("orders.0.itm", "x", "orders[0].itm", "unknown-key"),
        ("orders.1.code.display", "x", "orders[1].code.display", "unknown-key"),
        ("patient", ..., "patient", "required"),
        ("patient", [], "patient", "wrong-type"),
        ("patient.identifiers", {}, "patient.identifiers", "wrong-type"),
        ("patient.identifiers", [], "patient.identifiers", "empty"),
        ("patient.identifiers", ["x"], "patient.identifiers[0]", "wrong-type"),
        ("patient.identifiers", ..., "patient", "identifiers-or-reference"),
        ("patient.reference", "Patient/1", "patient", "identifiers-or-reference"),
        ("patient.identifiers.0.type", "passeport", "patient.identifiers[0].type",
         "unknown-identifier-type"),
        ("patient.identifiers.0.type", ..., "patient.identifiers[0].type", "required"),
        ("patient.identifiers.0.value", 110105, "patient.identifiers[0].value", "wrong-type"),
        ("patient.identifiers.0.value", ..., "patient.identifiers[0].value", "required"),
        ("patient.name", 1, "patient.name", "wrong-type"),
        ("patient.sex", "F", "patient.sex", "unknown-sex"),
        ("patient.birth_date", "1949-02-30", "patient.birth_date", "not-a-date"),
        ("patient.birth_date", "1949-13", "patient.birth_date", "not-a-date"),
        ("patient.birth_date", "49", "patient.birth_date", "not-a-date"),
        ("patient.birth_date", "１９４９", "patient.birth_date", "not-a-date"),
        ("patient.birth_date", "1949-W01-1", "patient.birth_date", "not-a-date"),
        ("patient.birth_date", "0000", "patient.birth_date", "not-a-date"),
        ("patient.birth_date", 1949, "patient.birth_date", "wrong-type"),
        ("patient.birth_date", "2026-06-16", "patient.birth_date", "after-on"),
        ("patient.birth_date", "2027", "patient.birth_date", "after-on"),
        ("receiver", ..., "receiver", "required"),
        ("receiver.institution", ..., "receiver.institution", "required"),
        ("receiver.institution", 12, "receiver.institution", "wrong-type"),
        ("receiver.department", 1, "receiver.department", "wrong-type"),
        ("encounter", "outpatient", "encounter", "wrong-type"),
        ("encounter.class", "ambulatory", "encounter.class", "unknown-class"),
        ("encounter.purpose", "", "encounter.purpose", "unknown-purpose"),
        ("encounter.before", "birth", "encounter.before", "unknown-before"),
        ("encounter.pregnant", "true", "encounter.pregnant", "wrong-type"),
        ("encounter.pregnant", 1, "encounter.pregnant", "wrong-type"),
        ("encounter.events", {}, "encounter.events", "wrong-type"),
        ("encounter.events", [{"type": "nap", "date": "2026-06-01"}], "encounter.events[0].type",
         "unknown-event-type"),
        ("encounter.events", [{"type": "surgery"}], "encounter.events[0].date", "required"),
        ("encounter.events", [{"type": "surgery", "date": "2026-06"}], "encounter.events[0].date",
         "not-a-date"),
        ("encounter.events", [{"type": "surgery", "date": "2026-06-31"}],
         "encounter.events[0].date", "not-a-date"),
        ("encounter.events", [{"type": "surgery", "date": "2026-06-01T08:00:00"}],
         "encounter.events[0].date", "not-a-date"),
        ("orders", ..., "orders", "required"),
        ("orders", [], "orders", "empty"),
        ("orders", {}, "orders", "wrong-type"),
        ("orders.0", "K", "orders[0]", "wrong-type"),
        ("orders.0.ref", ..., "orders[0].ref", "required"),
        ("orders.0.ref", "", "orders[0].ref", "empty"),
        ("orders.0.ref", 1, "orders[0].ref", "wrong-type"),
        ("orders.0.ref", "2", "orders[1].ref", "repeated-ref"),
        ("orders.0.item", "XYZ", "orders[0].item", "unknown-item"),
        ("orders.0.item", "k", "orders[0].item", "unknown-item"),
        ("orders.0.item", "", "orders[0].item", "unknown-item"),
        ("orders.0.item", ["K"], "orders[0].item", "wrong-type"),
        ("orders.0.item", ..., "orders[0].item", "item-or-code"),
        ("orders.1.item", "CRE", "orders[1].item", "item-or-code"),
        ("orders.1.code.code", "9999-9", "orders[1].code", "unknown-code"),
        ("orders.1.code.code", "2947-0", "orders[1].code", "unknown-code"),
        ("orders.1.code.system", "urn:oid:2.16.840.1.113883.6.1", "orders[1].code",
         "unknown-code"),
        ("orders.1.code.system", ..., "orders[1].code.system", "required"),
        ("orders.1.code", "2160-0", "orders[1].code", "wrong-type"),
        ("orders.0.conflict", "yes", "orders[0].conflict", "wrong-type"),
        ("orders.0.setting", "ward", "orders[0].setting", "unknown-setting"),
        ("orders.0.method", "enzymatic", "orders[0].method", "unknown-method"),
        ("orders.1.method", "rapid", "orders[1].method", "unknown-method"),
        ("orders.0.body_part", "CHEST", "orders[0].body_part", "imaging-only"),
        ("orders.0.laterality", "L", "orders[0].laterality", "imaging-only"),
        ("orders.0.laterality", "left", "orders[0].laterality", "unknown-laterality"),
        ("orders.0.contrast", False, "orders[0].contrast", "imaging-only"),
        ("orders.0.contrast", 0, "orders[0].contrast", "wrong-type"),
        ("orders.0.protocol", "low-dose", "orders[0].protocol", "imaging-only"),
        ("orders.0.tracer", "FDG", "orders[0].tracer", "imaging-only"),
        ("on", "2026-06-15T10:00:00", "on", "no-offset"),
        ("on", "2026-06-15", "on", "not-a-time"),
        ("on", "2026-06-31T10:00:00Z", "on", "not-a-time"),
        ("on", "2026-06-15T24:00:00Z", "on", "not-a-time"),
        ("on", "2026-06-15T10:00:60Z", "on", "not-a-time"),
        ("on", "2026-06-15 10:00:00Z", "on", "not-a-time"),
        ("on", "2026-06-15T10:00:00+25:00", "on", "not-a-time"),
        ("on", "9999-12-31T23:59:59-14:00", "on", "not-a-time"),
        ("on", "0000-01-01T00:00:00Z", "on", "not-a-time"),
        ("on", 1750000000, "on", "wrong-type"),
        ("on", True, "on", "wrong-type"),
        ("on", "2022-02-28T23:59:59+08:00", "on", "before-first-policy"),
        ("as_known_at", "yesterday", "as_known_at", "not-a-time"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(path: str, value: Any, fault: str, code: str) -> None:
    assert faults(with_(path, value)) == {fault: code}


def test_the_first_policy_day_in_shanghai_can_be_asked_about() -> None:
    assert parse(with_("on", "2022-02-28T16:00:00Z")).on.day.isoformat() == "2022-03-01"


def test_small_letters_of_rfc_3339_are_read() -> None:
    assert parse(with_("on", "2026-06-15t02:00:00z")).on.text == "2026-06-15T02:00:00Z"


def test_every_wrong_field_is_named_at_once() -> None:
    body = with_("on", "never")
    body["orders"] = [{"ref": "1", "item": "XYZ"}, {"ref": "1", "item": "K", "tracer": "FDG"}]
    body["patient"]["sex"] = "?"
    assert faults(body) == {
        "on": "not-a-time",
        "patient.sex": "unknown-sex",
        "orders[0].item": "unknown-item",
        "orders[1].ref": "repeated-ref",
        "orders[1].tracer": "imaging-only",
    }


def test_a_hundred_orders_are_judged_and_one_more_is_refused() -> None:
    orders = [{"ref": str(n), "item": "K"} for n in range(101)]
    assert len(parse(with_("orders", orders[:100])).orders) == 100
    assert faults(with_("orders", orders)) == {"orders": "too-many"}


def test_one_item_may_be_ordered_twice() -> None:
    orders = [{"ref": "1", "item": "K"}, {"ref": "2", "item": "K"}]
    assert [order.item for order in parse(with_("orders", orders)).orders] == ["K", "K"]


def test_a_receiver_without_a_row_on_the_day_is_unknown() -> None:
    stranger = "124401060000010000"
    assert faults(with_("receiver.institution", stranger), caller=stranger) == {
        "receiver.institution": "unknown-institution"
    }
    body = with_("receiver.institution", stranger)
    body["on"] = "never"
    assert faults(body, caller=stranger)["receiver.institution"] == "unknown-institution"


def test_a_receiver_that_is_not_the_caller_is_refused_whatever_else_is_wrong() -> None:
    body = {"receiver": {"institution": records.SOURCE}, "orders": 5, "rubbish": True}
    with pytest.raises(NotPermitted):
        parse(body)


def test_the_operator_may_ask_for_any_institution() -> None:
    assert parse(BODY, caller=None).receiver.code == records.RECEIVER


@pytest.mark.parametrize("body", [None, [], "x", 5, True])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    assert faults(body) == {"": "wrong-type"}


def test_a_strangers_key_reaches_no_log() -> None:
    assert faults(with_("张三 11010519491231002X", 1)) == {"?": "unknown-key"}


def test_every_imaging_class_can_be_ordered() -> None:
    for key in load_catalogue().classes:
        read = parse(with_("orders", [{"ref": "1", "item": key}])).orders[0]
        assert (read.item, read.kind) == (key, Kind.IMAGING)


def test_an_imaging_order_says_what_images_need_and_nothing_of_a_laboratory() -> None:
    order = {"ref": "1", "item": "CT", "body_part": "CHEST", "laterality": None, "contrast": False}
    read = parse(with_("orders", [order])).orders[0]
    assert (read.kind, read.body_part, read.contrast) == (Kind.IMAGING, "CHEST", False)
    wrong = {**order, "method": "enzymatic", "setting": "laboratory"}
    assert faults(with_("orders", [wrong])) == {
        "orders[0].method": "laboratory-only",
        "orders[0].setting": "laboratory-only",
    }


def test_what_was_known_then_is_asked_for_by_an_instant() -> None:
    body = with_("as_known_at", "2026-06-01T00:00:00Z")
    read = parse(body).as_known_at
    assert read is not None
    assert find_known_at(body) == read.at_us
    for unread in (BODY, with_("as_known_at", "x"), with_("as_known_at", 5), None):
        assert find_known_at(unread) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner,
                                                                max_size=3),
    max_leaves=6,
)  # fmt: skip
PLACES = st.sampled_from(
    ["patient", "patient.identifiers", "patient.identifiers.0", "patient.identifiers.0.value",
     "patient.birth_date", "receiver", "encounter", "encounter.events", "orders", "orders.0",
     "orders.0.item", "orders.0.ref", "orders.1.code", "orders.1.code.code", "on", "as_known_at"]
)  # fmt: skip


@given(PLACES, JSON)
def test_whatever_stands_anywhere_is_read_or_refused_by_name(path: str, value: Any) -> None:
    with suppress(UnprocessableRequest):
        parse(with_(path, value))


@given(st.permutations(list(BODY)))
def test_the_order_of_keys_changes_nothing(keys: list[str]) -> None:
    assert parse({key: BODY[key] for key in keys}) == parse(BODY)
