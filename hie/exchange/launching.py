"""Opening an app or a page for one patient: who may, and the tickets that carry it (SMART launch).

A ticket opens nothing by itself: whoever comes with it signs in, as a person of the institution it
was made at, and sees what that person may see. It is used once, within a minute.
"""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from hie.access.actor import Actor
from hie.access.policy import permit_type
from hie.access.reason import Reason
from hie.access.scopes import Interaction
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, InvalidRequest, ResourceNotFound
from hie.exchange.hub import Hub
from hie.exchange.person_records import subjects_of
from hie.exchange.prior_results import patient_shown
from hie.fhir.elements import instant
from hie.oauth.frames import ROOM
from hie.store import apps, clients, launches, ledger, sessions
from hie.store.launches import Launch
from hie.store.session import Reader
from hie.store.versions import read_many

TICKET_SECONDS = 60
_SECOND = 1_000_000
_IN_A_FRAME = " in a frame"


@dataclass(frozen=True, slots=True)
class Opened:
    """Where a ticket leads to, and in which language."""

    page: str
    lang: str | None


async def patient_to_open(hub: Hub, actor: Actor, patient: str) -> dict[str, Any] | None:
    """The patient as pages name them, once the actor may see them; the look is recorded."""
    sight = permit_type(actor, "Patient", Interaction.READ)
    async with hub.db.reading() as reader:
        found = await read_many(reader, "Patient", [patient], sight)
    if patient not in found:
        return None
    resource = found[patient].resource()
    subjects = subjects_of([patient], None, [resource])
    event = Event(EventType.PAGE, Action.READ, actor, subjects=subjects, detail="launch")
    await hub.ledger.record(event)
    return patient_shown([resource], patient)


async def make_ticket(
    hub: Hub, actor: Actor, launch: Launch, launch_url: str | None, *, framed: bool = False
) -> dict[str, Any]:
    """Keep a ticket, recorded; `launch_url` is the app's, None for a page of the hub.

    `framed`: it opens it in a frame of who asks for it.
    """
    ticket, entrance = launches.new_ticket(framed=framed), hub.entrance
    until_us = int(entrance.clock()) * _SECOND + TICKET_SECONDS * _SECOND
    event = Event(
        EventType.LAUNCH,
        Action.CREATE,
        actor,
        subjects=(Subject(launch.patient),) if launch.patient else (),
        detail=f"ticket for {launch.app or launch.page}{_IN_A_FRAME if framed else ''}",
    )
    async with hub.db.unit() as unit:
        await launches.add(unit, ticket, launch, until_us)
        await ledger.append(unit, event)
    answer = {"expires": instant(until_us).isoformat()}
    if launch_url is None:
        page = f"{entrance.address}{ROOM if framed else ''}/launch"
        return {"url": f"{page}?{urlencode({'launch': ticket})}", **answer}
    said = {"iss": entrance.audience, "launch": ticket}
    joint = "&" if "?" in launch_url else "?"
    return {"url": f"{launch_url}{joint}{urlencode(said)}", **said, **answer}


async def open_ticket(hub: Hub, actor: Actor, ticket: str, frame: str | None = None) -> Opened:
    """Use a ticket for a page of the hub. Raises InvalidRequest: none, over, used, another's.

    `frame`: in a frame the hash of its session, which opens the ticket's patient from now on.
    """
    now_us = int(hub.entrance.clock() * _SECOND)
    async with hub.db.unit() as unit:
        found = await launches.find(unit, ticket, now_us)
        if (
            found is None
            or found.page is None
            or found.institution != actor.institution
            or found.account not in {None, actor.subject}
            or launches.is_for_frame(ticket) != (frame is not None)
            or not await launches.use(unit, ticket, now_us)
        ):
            raise InvalidRequest("launch", (Fault("launch", Reason.OIDC, "a fresh ticket"),))
        subjects = (Subject(found.patient),) if found.patient else ()
        detail = found.page
        if frame is not None:
            await sessions.launch(unit, frame, found.patient)
            actor, detail = replace(actor, patient=found.patient), detail + _IN_A_FRAME
        event = Event(EventType.LAUNCH, Action.EXECUTE, actor, subjects=subjects, detail=detail)
        await ledger.append(unit, event)
    return Opened(found.page, found.lang)


async def apps_offered(hub: Hub, actor: Actor) -> list[tuple[apps.App, str]]:
    """The apps a person of the actor's institution may open for a patient, with their names."""
    async with hub.db.reading() as reader:
        return await apps.launchable(reader, actor.institution)


async def open_app(hub: Hub, actor: Actor, app: str, patient: str) -> str:
    """The address at which a person's browser opens an app for a patient.

    Raises ResourceNotFound for an app that is not offered, or a patient the person may not see.
    """
    sight = permit_type(actor, "Patient", Interaction.READ)
    async with hub.db.reading() as reader:
        launch_url = await app_to_open(reader, actor, app)
        seen = await read_many(reader, "Patient", [patient], sight)
    if launch_url is None or patient not in seen:
        raise ResourceNotFound("no such app or patient")
    launch = Launch(actor.client, actor.institution, app, patient, account=actor.subject)
    return str((await make_ticket(hub, actor, launch, launch_url))["url"])


async def app_to_open(reader: Reader, actor: Actor, app: str) -> str | None:
    """The address an app is opened at for people of the actor's institution; None: it is not."""
    known, client = await apps.find(reader, app), await clients.find(reader, app)
    if known is None or client is None or known.launch_url is None or client.status != "active":
        return None
    serves = known.everyone or client.institution == actor.institution
    return known.launch_url if serves else None
