"""`POST /v1/launch-tickets`: a HIS asks for what opens an app, or a page of the hub."""

from dataclasses import replace
from typing import Any

from hie.access.actor import Actor
from hie.access.policy import permit_type
from hie.access.scopes import Interaction
from hie.errors import Fault, ResourceNotFound, UnprocessableRequest
from hie.exchange.hub import Hub
from hie.exchange.launching import app_to_open, make_ticket
from hie.exchange.parted import led_to
from hie.fhir.elements import referenced
from hie.fhir.wire import read_object
from hie.store import checks, persons, users
from hie.store.launches import Launch
from hie.store.session import Reader
from hie.store.versions import read_many

_PAGES = {"order-card": "/checks/{}", "prior-results": "/patients/{}"}
_KNOWN = {"app", "check", "encounter", "framed", "lang", "page", "patient", "user"}


async def post_ticket(hub: Hub, actor: Actor, data: bytes) -> dict[str, Any]:
    """POST /v1/launch-tickets: {app, patient}, or {check} or {patient} for a page of the hub.

    Also page, lang, user (a login), encounter and framed (true or false). The answer has `url` and
    `expires`; for an app also `launch` and `iss`, which the url carries.
    Raises UnprocessableRequest naming each field, ResourceNotFound for what is not the caller's.
    """
    body = read_object(data)
    framed = body.pop("framed", False)
    _check(body, framed, frames=bool(hub.settings.frame_origins))
    async with hub.db.reading() as reader:
        launch, launch_url = await _launch(reader, actor, body)
        if framed and not launch.patient:
            launch = replace(launch, patient=await _patient_of(reader, body["check"]))
    return await make_ticket(hub, actor, launch, launch_url, framed=framed is True)


async def _launch(reader: Reader, actor: Actor, body: dict[str, Any]) -> tuple[Launch, str | None]:
    account, launch_url, page = None, None, None
    if "user" in body:
        found = await users.by_login(reader, body["user"])
        if found is None or found.institution != actor.institution:
            raise _unknown("user", "the login of a person of the own institution")
        account = found.id
    patient = body.get("patient", "")
    if patient:
        sight = permit_type(actor, "Patient", Interaction.READ)
        if patient not in await read_many(reader, "Patient", [patient], sight):
            raise ResourceNotFound("no such patient")
    if "encounter" in body:
        await _check_encounter(reader, actor, body["encounter"], patient)
    if "app" in body:
        launch_url = await app_to_open(reader, actor, body["app"])
        if launch_url is None:
            raise _unknown("app", "an app that is opened for people of the own institution")
    elif "check" in body:
        await checks.get(reader, body["check"], actor.institution)
        page = _PAGES["order-card"].format(body["check"])
    else:
        page = _PAGES["prior-results"].format(patient)
    launch = Launch(
        client=actor.client,
        institution=actor.institution,
        app=body.get("app"),
        patient=patient,
        page=page,
        lang=body.get("lang"),
        account=account,
        encounter=body.get("encounter"),
    )
    return launch, launch_url


async def _patient_of(reader: Reader, check: str) -> str:
    """Whom a check is about: a frame opens one patient's pages; raises UnprocessableRequest."""
    homes = sorted(led_to(await checks.get(reader, check)))
    known = await persons.persons_of(reader, homes)
    if not known:
        raise _unknown("check", "a check of a patient who is here, for a frame")
    return min(known)


async def _check_encounter(reader: Reader, actor: Actor, encounter: str, patient: str) -> None:
    """It is one the caller may see, and this patient's."""
    sight = permit_type(actor, "Encounter", Interaction.READ)
    found = (await read_many(reader, "Encounter", [encounter], sight)).get(encounter)
    subject = None if found is None else referenced(found.resource().get("subject"))
    if subject != ("Patient", patient):
        raise _unknown("encounter", "an Encounter of this patient")


def _check(body: dict[str, Any], framed: object, *, frames: bool) -> None:
    faults = [
        Fault(name, "unknown-key", ", ".join(sorted(_KNOWN)))
        for name in sorted(body.keys() - _KNOWN)
    ]
    if not isinstance(framed, bool):
        faults.append(Fault("framed", "wrong-type", "true or false"))
    elif framed and not frames:
        faults.append(Fault("framed", "not-supported", "a hub with frame_origins"))
    for name in sorted(body.keys() & _KNOWN):
        value = body[name]
        if not isinstance(value, str) or not 1 <= len(value) <= 128:
            faults.append(Fault(name, "wrong-type", "a text of 1 to 128 characters"))
    if body.get("lang", "zh") not in {"zh", "en"}:
        faults.append(Fault("lang", "language-unknown", "zh or en"))
    if "app" in body and ("patient" not in body or "check" in body or "page" in body):
        faults.append(
            Fault("app", "contradiction", "an app with a patient, without check and page")
        )
    if "encounter" in body and "patient" not in body:
        faults.append(Fault("encounter", "contradiction", "an encounter with its patient"))
    if "app" not in body and ("check" in body) == ("patient" in body):
        faults.append(Fault("check", "required", "either a check or a patient"))
    expected = "order-card" if "check" in body else "prior-results"
    if body.get("page", expected) != expected:
        faults.append(Fault("page", "unknown-page", expected))
    if faults:
        raise UnprocessableRequest("no ticket was made", tuple(faults))


def _unknown(name: str, expected: str) -> UnprocessableRequest:
    return UnprocessableRequest("no ticket was made", (Fault(name, f"unknown-{name}", expected),))
