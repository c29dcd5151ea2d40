"""What emergency access shows in the demo: a restricted result elsewhere, and who reviews it.

A hospital writes one result about HIV over the FHIR door's own verbs; the doctor of another gets a
second factor, and their hospital a privacy officer. Everybody is invented.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.policy import restriction
from hie.access.scopes import Interaction
from hie.audit.event import Action, Event, EventType, Subject
from hie.exchange import write_resource
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.exchange.writing import Writing, Written, in_one_unit
from hie.fhir.elements import instant
from hie.store import identifiers, ledger, relations
from hie.synthetic import Manifest
from hie.synthetic.institutions import SHIJIAZHUANG, TIANJIN

LOOKS, KEEPS = SHIJIAZHUANG, TIANJIN  # who breaks the glass, and whose result is behind it
_HIV = ("http://loinc.org", "75622-1")


@dataclass(frozen=True, slots=True)
class Story:
    """Whom to open in an emergency, and with what; `sign_ins` are the people it needs."""

    number: str
    login: str
    sign_ins: list[dict[str, Any]]


async def emergency(hub: Hub, region: Manifest, people: Sequence[dict[str, Any]]) -> Story | None:
    """Make the story; None where the region has nobody for it. `people` are the sign-ins so far."""
    doctor = next((one for one in people if one["institution"] == LOOKS.code), None)
    found = await _patient(hub, region)
    if doctor is None or found is None:
        return None
    number, home = found
    await _result(hub, home)
    given = await run(hub, "user-totp", {"login": doctor["login"]})
    doctor["totp"] = given["secret"]
    officer = {
        "login": "privacy-sjz",
        "name": "周隐私专员（合成）",
        "role": "privacy-officer",
        "institution": LOOKS.code,
        "password": secrets.token_urlsafe(12),
    }
    await run(hub, "user-add", officer)
    told = {key: officer[key] for key in ("login", "password", "institution")}
    return Story(number, doctor["login"], [{**told, "name": LOOKS.name}])


async def _patient(hub: Hub, region: Manifest) -> tuple[str, str] | None:
    """The number of somebody the other hospital has a record of, and that record."""
    async with hub.db.reading() as reader:
        for person in region.people:
            number = person.resident_id
            for home in await identifiers.homes_by_identifier(reader, "resident-id", number):
                known = await relations.known(reader, home)
                if any(one.institution == KEEPS.code and one.kind == "own" for one in known):
                    return number, home
    return None


async def _result(hub: Hub, home: str) -> None:
    """A result about HIV, as the hospital's own system would write it."""
    now = instant(time.time_ns() // 1000)
    system, code = _HIV
    tree = {
        "resourceType": "Observation",
        "status": "final",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "laboratory",
                    }
                ]
            }
        ],
        "code": {"coding": [{"system": system, "code": code}], "text": "HIV抗原抗体（合成）"},
        "subject": {"reference": f"Patient/{home}"},
        "effectiveDateTime": now.isoformat(timespec="seconds"),
        "valueCodeableConcept": {"text": "非反应性（合成）"},
    }
    actor = Actor(
        kind=ActorKind.CLIENT,
        client="demo",
        subject="demo",
        institution=KEEPS.code,
        purpose=Purpose.TREATMENT,
        scopes=frozenset({"system/*.cruds"}),
    )

    async def whole(writing: Writing) -> Written:
        written = await write_resource.create(writing, tree)
        await write_resource.finish(writing)
        subject = Subject(written.home, None, (written.reference,))
        event = Event(EventType.WRITE, Action.CREATE, actor, subjects=(subject,))
        await ledger.append(writing.unit, event)
        return written

    await in_one_unit(hub, actor, restriction(actor, Interaction.CREATE), whole)
