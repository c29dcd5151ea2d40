"""The draft orders of a call that the hub has something to say of: ServiceRequests, R4.

Medicines, devices and nutrition are nobody's earlier result: no card. Of order-select those that
were just selected are spoken of, the others only lie beside. CDS Hooks 2.0, order-select and
order-sign: `draftOrders` is a Bundle, `selections` are ids in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hie.cds import ORDER_SELECT
from hie.cds.call import Call
from hie.errors import Fault, InvalidRequest, NotAtHand, UnprocessableRequest
from hie.fhir import Resource
from hie.recognition.request_order import MAX_ORDERS

_KIND = "ServiceRequest"
_OPEN = (None, "draft", "active", "on-hold")  # a re-signed order is no draft any more
_PLACE = "context.draftOrders"


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft order; `ref` names it in the order-check, `key` is its reference, if it has an id."""

    ref: str
    key: str | None
    resource: Resource


def drafts_of(call: Call) -> list[Draft]:
    """The drafts to speak of.

    Raises InvalidRequest for what is no Bundle of orders of this patient, NotAtHand for drafts that
    are named and not sent, UnprocessableRequest for more than can be asked at once.
    """
    faults: list[Fault] = []
    bundle = call.context.get("draftOrders")
    sent = list(_sent(bundle, faults))
    selected = _selected(call, faults)
    lacking = [
        Fault(f"{_PLACE}.entry[{n}].resource", "required", "the draft order itself")
        for n, resource in sent
        if resource is None
    ]
    found: list[Draft] = []
    seen: set[str] = set()
    for n, resource in sent:
        if resource is None or resource.get("resourceType") != _KIND:
            continue
        key = resource.get("id")
        if key is not None and (not isinstance(key, str) or not 1 <= len(key) <= 64 or key in seen):
            faults.append(Fault(f"{_PLACE}.entry[{n}].resource.id", "repeated", "an id of its own"))
            continue
        if key is not None:
            seen.add(key)
        if not _is_of(resource, call.patient):
            expected = "the patient of context.patientId"
            faults.append(
                Fault(f"{_PLACE}.entry[{n}].resource.subject", "another-patient", expected)
            )
        if selected is not None and key not in selected:
            continue
        if resource.get("status") in _OPEN and resource.get("doNotPerform") is not True:
            named = None if key is None else f"{_KIND}/{key}"
            found.append(Draft(key or f"entry-{n}", named, resource))
    if faults:
        raise InvalidRequest("the draft orders cannot be read", tuple(faults))
    every = [resource.get("id") for _, resource in sent if resource is not None]
    lacking += [
        Fault("context.selections", "required", f"{_KIND}/{key} in draftOrders")
        for key, named in sorted((selected or {}).items())
        if key not in (seen if named else every)
    ]
    if lacking:
        raise NotAtHand("draft orders were named, and are not here", tuple(lacking))
    if len(found) > MAX_ORDERS:
        fault = Fault(f"{_PLACE}.entry", "too-many", f"at most {MAX_ORDERS} {_KIND}s")
        raise UnprocessableRequest("more orders than can be asked at once", (fault,))
    return found


def _sent(bundle: Any, faults: list[Fault]) -> Iterable[tuple[int, Resource | None]]:
    """The resources of the Bundle by their place; None where an entry has none."""
    entries = bundle.get("entry", []) if isinstance(bundle, dict) else None
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        code = "required" if bundle is None else "wrong-type"
        faults.append(Fault(_PLACE, code, "a Bundle of draft orders"))
        return
    if not isinstance(entries, list):
        faults.append(Fault(f"{_PLACE}.entry", "wrong-type", "a list"))
        return
    for n, entry in enumerate(entries):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(resource, dict | None):
            faults.append(Fault(f"{_PLACE}.entry[{n}]", "wrong-type", "an entry with a resource"))
            continue
        yield n, resource


def _selected(call: Call, faults: list[Fault]) -> dict[str, bool] | None:
    """The ids that were selected, each with whether it is said to be a ServiceRequest's.

    None: all drafts are spoken of.
    """
    if call.service is not ORDER_SELECT:
        return None
    listed = call.context.get("selections")
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        code = "required" if listed is None else "wrong-type"
        faults.append(Fault("context.selections", code, "a list of ids in draftOrders"))
        return {}
    parts = [one.rpartition("/") for one in listed]
    kinds = [(key, before.rpartition("/")[2]) for before, _, key in parts]
    return {key: kind == _KIND for key, kind in kinds if kind in ("", _KIND)}


def _is_of(resource: Mapping[str, Any], patient: str) -> bool:
    """Whether an order is for this patient; a subject that names none by an id is not compared."""
    subject = resource.get("subject")
    named = subject.get("reference") if isinstance(subject, dict) else None
    if not isinstance(named, str):
        return True
    kind, _, key = named.partition("/_history/")[0].rpartition("/")
    return kind.rpartition("/")[2] != "Patient" or key == patient
