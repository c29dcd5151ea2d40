"""The notice to the patient (R-902): of one decision, or of all that stand in a check on one sheet.

Every retrieval is recorded before the answer leaves (R-906).
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from hie.access.actor import Actor
from hie.audit.event import Action, Event, EventType, Subject
from hie.canonical import said
from hie.canonical.notice import Line, Notice, Repeated, Used
from hie.errors import Conflict, Fault
from hie.exchange.decided import (
    Made,
    get_made,
    item_of,
    name_of,
    party_of,
    sight_of,
    standing_in,
    subjects_of,
)
from hie.exchange.hub import Hub
from hie.exchange.used_result import UsedResult, find_used
from hie.fhir import Resource
from hie.fhir.wire import parse, write
from hie.store.checks import Check
from hie.store.session import Reader
from hie.store.versions import read_many


async def notice_of_decision(hub: Hub, actor: Actor, key: str, form: str) -> Notice:
    """The notice of one decision. Raises ResourceNotFound; Conflict for a replaced one."""
    async with hub.db.reading() as reader:
        made = await get_made(reader, actor, key)
        notice, subjects = await _notice(hub, reader, actor, key, made.check, [made])
    await _told(hub, actor, made.check, subjects, f"notice {form} of decision {key}")
    return notice


async def notice_of_check(hub: Hub, actor: Actor, key: str, form: str) -> Notice:
    """The notice of every decision of a check that stands. Raises ResourceNotFound.

    Conflict says that nothing was decided on it yet.
    """
    async with hub.db.reading() as reader:
        check, made = await standing_in(reader, actor, key)
        if not made:
            raise Conflict(
                "nothing was decided on this check yet",
                (Fault("id", "not-decided", "a decision of it (POST /v1/decisions)"),),
            )
        notice, subjects = await _notice(hub, reader, actor, key, check, made)
    await _told(hub, actor, check, subjects, f"notice {form} of check {key}")
    return notice


async def command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`decision-notice`: {decision | check, form} -> {notice: JSON text, synthetic}."""
    form = str(arguments["form"])
    if arguments.get("check"):
        notice = await notice_of_check(hub, actor, str(arguments["check"]), form)
    else:
        notice = await notice_of_decision(hub, actor, str(arguments["decision"]), form)
    text = write(msgspec.to_builtins(notice)).decode()
    return {"notice": text, "synthetic": hub.settings.synthetic}


def notice_read(text: str) -> Notice:
    """A notice that `command` wrote, read back."""
    return msgspec.convert(parse(text.encode()), Notice)


async def _notice(
    hub: Hub, reader: Reader, actor: Actor, key: str, check: Check, made: Sequence[Made]
) -> tuple[Notice, tuple[Subject, ...]]:
    lines: list[Line] = []
    subjects: list[Subject] = []
    for one in made:
        found = None
        if one.is_use and one.candidate is not None:
            named = one.candidate["resource"]
            found = await find_used(reader, named, check, sight_of(actor, check), whole=False)
            subjects += subjects_of(check, found.home, named)
        lines.append(await _line(hub, reader, one, found))
    request = check.body["request"]
    asked = request.get("patient", {})
    patient = await _patient(reader, actor, check)
    names = (one.get("text") for one in patient.get("name", ()))
    notice = Notice(
        id=key,
        check=check.id,
        institution=await party_of(hub, check.institution, check.at_us),
        lines=tuple(lines),
        name=asked.get("name") or next((name for name in names if name), None),
        sex=asked.get("sex") or patient.get("gender"),
        birth_date=asked.get("birth_date") or patient.get("birthDate"),
        department=request.get("receiver", {}).get("department"),
    )
    return notice, tuple(subjects) or subjects_of(check, None)


async def _patient(reader: Reader, actor: Actor, check: Check) -> Resource:
    """A Patient of the person who was matched: names them when the request did not."""
    identity = check.body.get("facts", {}).get("identity", {})
    homes = sorted(identity.get("homes") or ()) if identity.get("state") == "matched" else []
    found = await read_many(reader, "Patient", homes, sight_of(actor, check)) if homes else {}
    return next((found[home].resource() for home in homes if home in found), {})


async def _line(hub: Hub, reader: Reader, made: Made, found: UsedResult | None) -> Line:
    decision, item = made.decision, item_of(hub, made.order["item"])
    repeated = used = None
    if found is None:
        explained = bool(decision.explained)
        repeated = Repeated(decision.reason or "", decision.text, explained)
    else:
        used = await _used(hub, made, found)
    return Line(
        decision=decision.id,
        ref=decision.ref,
        key=item.key,
        zh=item.zh,
        en=item.en,
        at_us=decision.at_us,
        practitioner=await name_of(reader, decision) or decision.practitioner,
        repeated=repeated,
        used=used,
    )


async def _used(hub: Hub, made: Made, found: UsedResult) -> Used:
    source = (made.candidate or {}).get("institution", {})
    tree, report = found.used, found.report or {}
    taken = tree.get("effectiveDateTime") or tree.get("started") or report.get("effectiveDateTime")
    is_withdrawn = found.change is not None and found.change.withholds
    is_told = not is_withdrawn and tree["resourceType"] == "Observation"
    return Used(
        source=await party_of(hub, source.get("code") or "", made.check.at_us, source.get("name")),
        taken=taken,
        value=said.value(tree) or None if is_told else None,
        unit=said.unit(tree) or None if is_told else None,
        change=found.change,
    )


async def _told(
    hub: Hub, actor: Actor, check: Check, subjects: tuple[Subject, ...], detail: str
) -> None:
    await hub.ledger.record(
        Event(
            EventType.DECIDE,
            Action.READ,
            actor,
            subjects=subjects,
            policy=check.policy,
            detail=detail,
        )
    )
