"""One report of a patient as it stands, with all its results that this reader may see."""

import time
from dataclasses import dataclass

from hie.access.actor import Actor
from hie.access.policy import restriction
from hie.access.scopes import Interaction
from hie.audit.event import Action, Event, EventType
from hie.errors import ResourceNotFound
from hie.exchange.hub import Hub
from hie.exchange.person_records import subjects_of
from hie.fhir import Resource
from hie.fhir.elements import instant, referenced
from hie.recognition.record import find_institution
from hie.store.families import families_of
from hie.store.versions import read_many


@dataclass(frozen=True, slots=True)
class ShownReport:
    """A report, the Patient it names, its results in its own order, and their specimens.

    `institution` is how the register calls where it was made, else as its sender did.
    """

    report: Resource
    institution: str
    patient: Resource
    results: tuple[Resource, ...]
    specimens: tuple[Resource, ...]


async def report_shown(
    hub: Hub, actor: Actor, patient: str, key: str, form: str = "html"
) -> ShownReport:
    """The report, recorded as shown; `form` says in the audit log how it is given.

    It must be of one of the records of the patient's person. Raises ResourceNotFound.
    """
    sight = restriction(actor, Interaction.READ)
    async with hub.db.reading() as reader:
        if patient not in await read_many(reader, "Patient", [patient], sight):
            raise ResourceNotFound("no such patient")
        ((person, homes),) = await families_of(reader, [patient])
        stored = (await read_many(reader, "DiagnosticReport", [key], sight)).get(key)
        if stored is None or stored.home not in homes:
            raise ResourceNotFound("no such report of this patient")
        report = stored.resource()
        named = _named(report, "result", "Observation")
        results = await read_many(reader, "Observation", named, sight)
        kinds = _named(report, "specimen", "Specimen")
        specimens = await read_many(reader, "Specimen", kinds, sight)
        owner = await read_many(reader, "Patient", [stored.home], sight)
    registers, _ = await hub.registers.current()
    issuer = find_institution(report.get("performer", ()), {})
    code, sent = ("", "") if issuer is None else (issuer.code or "", issuer.name or "")
    today = instant(time.time_ns() // 1000).date()
    shown = ShownReport(
        report,
        str(registers.name(code, today) or sent or code),
        owner[stored.home].resource() if stored.home in owner else {"resourceType": "Patient"},
        tuple(results[one].resource() for one in named if one in results),
        tuple(specimens[one].resource() for one in kinds if one in specimens),
    )
    told = [report, *shown.results, *shown.specimens]
    told += [shown.patient] if "id" in shown.patient else []
    await hub.ledger.record(
        Event(
            EventType.PAGE,
            Action.READ,
            actor,
            subjects=subjects_of(homes, person, told),
            detail=f"report {form}",
        )
    )
    return shown


def _named(report: Resource, element: str, kind: str) -> list[str]:
    """The ids of this type that an element of the report refers to, each once."""
    found = (referenced(one) for one in report.get(element, ()))
    return list(dict.fromkeys(one[1] for one in found if one is not None and one[0] == kind))
