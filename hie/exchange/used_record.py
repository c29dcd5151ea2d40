"""A decision to use gives the result back for the receiver's own record (R-903).

Every retrieval is recorded before the answer leaves (R-906), with what it shows and in which form.
"""

from decimal import Decimal
from typing import Any

import msgspec

from hie.access.actor import Actor
from hie.audit.event import Action, Event, EventType
from hie.canonical.recognised import Decided, Recognised, Verdict, patient_of_record
from hie.errors import Conflict, Fault
from hie.exchange.decided import (
    Made,
    get_made,
    item_of,
    name_of,
    party_of,
    sight_of,
    subjects_of,
)
from hie.exchange.hub import Hub
from hie.exchange.used_result import UsedResult, find_used
from hie.fhir.wire import parse, write


async def used_record(hub: Hub, actor: Actor, key: str, form: str) -> Recognised:
    """The record of a decision to use; `form` says in the audit log how it is given.

    Raises ResourceNotFound, and Conflict for a decision to repeat or one that was replaced.
    """
    async with hub.db.reading() as reader:
        made = await get_made(reader, actor, key)
        if made.candidate is None or not made.is_use:
            raise Conflict(
                "this decision repeats the test: it has a notice, no record",
                (Fault("id", "not-a-use", f"/v1/decisions/{key}/notice"),),
            )
        named = made.candidate["resource"]
        found = await find_used(reader, named, made.check, sight_of(actor, made.check))
        who = await name_of(reader, made.decision)
    record = await _record(hub, made, found, who)
    await hub.ledger.record(
        Event(
            EventType.DECIDE,
            Action.READ,
            actor,
            subjects=subjects_of(made.check, found.home, named),
            policy=made.check.policy,
            detail=f"record {form} of decision {key}",
        )
    )
    return record


async def command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`decision-record`: {decision, form} -> {record: JSON text, synthetic}, to be drawn there."""
    key, form = str(arguments["decision"]), str(arguments["form"])
    record = await used_record(hub, actor, key, form)
    text = write(plain_record(record)).decode()
    return {"record": text, "synthetic": hub.settings.synthetic}


async def _record(hub: Hub, made: Made, found: UsedResult, who: str | None) -> Recognised:
    decision, check, candidate = made.decision, made.check, made.candidate or {}
    request = check.body["request"]
    asked = request.get("patient", {})
    change = found.change
    is_withdrawn = change is not None and change.withholds
    source = candidate.get("institution", {})
    spoke = [one for one in candidate.get("findings", ()) if one["fired"] or one["unknown"]]
    return Recognised(
        decision=Decided(
            id=decision.id,
            ref=decision.ref,
            at_us=decision.at_us,
            practitioner=decision.practitioner,
            practitioner_name=who,
            institution=await party_of(hub, decision.institution, decision.at_us),
            state=decision.state,
            department=request.get("receiver", {}).get("department"),
            encounter=request.get("encounter", {}).get("class"),
            text=decision.text,
        ),
        verdict=Verdict(
            assessment=candidate["assessment"],
            check=check.id,
            on=made.check.body["answer"]["on"],
            policy=check.policy,
            outcome=candidate["outcome"],
            resource=candidate["resource"],
            mark=candidate.get("mark"),
            age_days=candidate.get("age_days"),
            limit_days=candidate.get("limit_days"),
            value=None if is_withdrawn else candidate.get("value"),
            unit=None if is_withdrawn else candidate.get("unit"),
            findings=tuple(_finding(one, is_withdrawn) for one in spoke),
        ),
        item=item_of(hub, made.order["item"]),
        source=await party_of(hub, source.get("code") or "", check.at_us, source.get("name")),
        used=found.used,
        patient=None if found.patient is None else patient_of_record(found.patient),
        report=found.report,
        others=found.others,
        asked=tuple((one["type"], one["value"]) for one in asked.get("identifiers") or ()),
        asked_name=asked.get("name"),
        change=change,
        address=hub.settings.address,
    )


def _finding(one: dict[str, Any], is_withdrawn: bool) -> dict[str, Any]:
    """What a finding says; of a withdrawn result only which rule, for its words hold the value."""
    kept = {name: one[name] for name in ("rule", "fired", "unknown")}
    return kept if is_withdrawn else {**kept, "text": dict(one.get("text") or {})}


def plain_record(record: Recognised) -> dict[str, Any]:
    """The record as JSON values, numbers with their digits."""
    tree: dict[str, Any] = msgspec.to_builtins(record, builtin_types=(Decimal,))
    return tree


def record_of(text: str) -> Recognised:
    """A record that `plain_record` made, read back."""
    return msgspec.convert(parse(text.encode()), Recognised)
