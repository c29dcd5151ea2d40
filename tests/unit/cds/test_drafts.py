"""Of the drafts of a call the ServiceRequests are spoken of, of order-select the selected ones."""

import json
from typing import Any

import pytest

from hie.cds import ORDER_SELECT, ORDER_SIGN
from hie.cds.call import Call, read_call
from hie.cds.drafts import drafts_of
from hie.errors import InvalidRequest, NotAtHand, UnprocessableRequest
from tests.integration.cds.support import (
    CREATININE,
    ITEM,
    MEDICINE,
    POTASSIUM,
    call_of,
    draft,
    sign,
)

K = (ITEM, "K")


def signed(*drafts: Any, bundle: Any = None) -> Call:
    body = sign(*drafts)
    if bundle is not None:
        body["context"]["draftOrders"] = bundle
    return read_call(ORDER_SIGN, json.dumps(body).encode())


def selected(*drafts: Any, selections: Any) -> Call:
    body = call_of("order-select", *drafts)
    body["context"]["selections"] = selections
    return read_call(ORDER_SELECT, json.dumps(body).encode())


def refs(call: Call) -> list[str]:
    return [one.ref for one in drafts_of(call)]


def test_only_open_service_requests_are_spoken_of() -> None:
    call = signed(
        POTASSIUM,
        MEDICINE,
        draft("revised", K, status="active"),
        draft("gone", K, status="revoked"),
        draft("never", K, doNotPerform=True),
        draft(None, K),
    )
    assert refs(call) == ["sr-k", "revised", "entry-5"]
    assert [one.key for one in drafts_of(call)] == [
        "ServiceRequest/sr-k",
        "ServiceRequest/revised",
        None,
    ]


@pytest.mark.parametrize(
    "selections", [["ServiceRequest/sr-k"], ["sr-k"], ["MedicationRequest/med-1", "sr-k"]]
)
def test_of_what_was_selected_alone_somebody_is_reminded(selections: list[str]) -> None:
    assert refs(selected(POTASSIUM, CREATININE, MEDICINE, selections=selections)) == ["sr-k"]


@pytest.mark.parametrize(
    ("call", "place"),
    [
        (selected(POTASSIUM, selections=["ServiceRequest/other"]), "context.selections"),
        (signed(bundle={"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:1"}]}),
         "context.draftOrders.entry[0].resource"),
    ],
)  # fmt: skip
def test_drafts_that_are_named_and_not_sent_are_asked_for(call: Call, place: str) -> None:
    with pytest.raises(NotAtHand) as caught:
        drafts_of(call)
    assert [one.path for one in caught.value.faults] == [place]


@pytest.mark.parametrize(
    ("call", "place"),
    [
        (signed(bundle=[]), "context.draftOrders"),
        (signed(bundle={"resourceType": "List"}), "context.draftOrders"),
        (signed(bundle={"resourceType": "Bundle", "entry": 7}), "context.draftOrders.entry"),
        (signed(bundle={"resourceType": "Bundle", "entry": [7]}), "context.draftOrders.entry[0]"),
        (signed(POTASSIUM, POTASSIUM), "context.draftOrders.entry[1].resource.id"),
        (signed(draft("x", K, subject={"reference": "Patient/somebody-else"})),
         "context.draftOrders.entry[0].resource.subject"),
        (selected(POTASSIUM, selections=None), "context.selections"),
        (selected(POTASSIUM, selections=[1]), "context.selections"),
    ],
)  # fmt: skip
def test_what_are_no_drafts_of_this_patient_is_refused(call: Call, place: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        drafts_of(call)
    assert [one.path for one in caught.value.faults] == [place]


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "https://his.example/fhir/Patient/his-pat-4711/_history/3"},
        {"reference": "urn:uuid:d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"},
        {"identifier": {"value": "x"}},
        {"reference": "Group/1"},
    ],
)
def test_a_subject_that_may_be_the_patient_is_taken(subject: dict[str, Any]) -> None:
    assert refs(signed(draft("x", K, subject=subject))) == ["x"]


def test_a_hundred_orders_are_asked_at_once_and_no_more() -> None:
    many = [draft(f"d{n}", K) for n in range(101)]
    assert len(refs(signed(*many[:100]))) == 100
    with pytest.raises(UnprocessableRequest):
        drafts_of(signed(*many))


def test_no_drafts_are_no_orders() -> None:
    assert refs(signed(bundle={"resourceType": "Bundle", "type": "collection"})) == []
