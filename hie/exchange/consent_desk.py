"""Consents at the desk: what stands of a patient's, a form that is recorded, one that is withdrawn.

For the page and the command line; systems write the Consent itself over FHIR. All end in the same
unit of work: the Consent, the rules it becomes, its audit record.
"""

import time
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from hie.access.actor import Actor, ActorKind
from hie.access.policy import Restriction, permit, restriction
from hie.access.scopes import Door, Interaction
from hie.audit.event import Action, Event, EventType, Subject
from hie.consent.forms import Filled, consent, form_of, forms
from hie.consent.naming import named, signed_by_guardian
from hie.consent.rule import EVER_US, FIRST_US, Rule
from hie.consent.terms import terms_in_force
from hie.consent.tree import contained_in
from hie.consent.words import purposes_in, topics_in
from hie.errors import Fault, InvalidRequest, ResourceNotFound
from hie.exchange import write_resource
from hie.exchange.consents_at_start import recompile_all
from hie.exchange.hub import Hub
from hie.exchange.writing import Writing, Written, in_one_unit
from hie.fhir import Resource, extension
from hie.fhir.elements import find_extension
from hie.store import consents, ledger
from hie.store.instants import written
from hie.store.of_home import of_home
from hie.store.served import Stored
from hie.store.session import Reader
from hie.store.versions import read, read_many

_MOST = 200  # Consents of one person that are listed


async def standing(hub: Hub, actor: Actor, patient: str) -> list[dict[str, Any]]:
    """The Consents of a patient that may be seen, newest first. Raises ResourceNotFound."""
    sight = _sight(actor, Interaction.READ)
    async with hub.db.reading() as reader:
        found = await _consents(reader, patient, sight)
    await _looked(hub, actor, patient, found)
    newest = sorted((told(one) for one in found), key=lambda one: str(one["at"]), reverse=True)
    return sorted(newest, key=lambda one: one["status"] != "active")


async def one_of(hub: Hub, actor: Actor, key: str) -> dict[str, Any]:
    """One Consent, as it is printed. Raises ResourceNotFound."""
    sight = _sight(actor, Interaction.READ)
    async with hub.db.reading() as reader:
        found = await read(reader, "Consent", key, sight)
    await _looked(hub, actor, found.home, [found])
    return {**told(found), "patient": found.home, "resource": found.resource()}


async def record(hub: Hub, actor: Actor, patient: str, filled: Filled) -> str:
    """Record a form that was signed; the Consent's id.

    Raises UnprocessableRequest naming what is missing, ResourceNotFound for a patient who may not
    be seen, NotPermitted.
    """
    permit(actor, Door.CONSENT)
    at = written(time.time_ns() // 1000)
    sight = _sight(actor, Interaction.READ)
    async with hub.db.reading() as reader:
        if patient not in await read_many(reader, "Patient", [patient], sight):
            raise ResourceNotFound("no such patient")
    tree = consent(filled, patient, actor.institution, at)

    async def step(writing: Writing) -> Written:
        return await write_resource.create(writing, tree)

    return (await _written(hub, actor, Action.CREATE, step)).id


async def withdraw(hub: Hub, actor: Actor, key: str) -> str:
    """End a Consent that the own institution recorded; whose patient it is. Raises NotPermitted."""
    permit(actor, Door.CONSENT)

    async def step(writing: Writing) -> Written:
        found = await read(writing.unit, "Consent", key, writing.sight)
        tree = {**found.resource(), "status": "inactive"}
        return await write_resource.update(writing, "Consent", key, tree, found.version)

    return (await _written(hub, actor, Action.UPDATE, step)).home


async def list_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`consent-list`: {patient} -> {consents}."""
    return {"consents": await standing(hub, actor, str(arguments["patient"]))}


async def record_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`consent-record`: {patient, form, by, institutions, topics, …} -> {consent}."""
    filled = Filled(
        str(arguments["form"]),
        tuple(arguments.get("institutions") or ()),
        tuple(arguments.get("topics") or ()),
        emergency=bool(arguments.get("emergency")),
        guardian=str(arguments.get("guardian") or ""),
        until=str(arguments.get("until") or ""),
        lang=str(arguments.get("lang") or "zh"),
    )
    recorder = replace(actor, institution=str(arguments["by"]))
    return {"consent": await record(hub, recorder, str(arguments["patient"]), filled)}


async def withdraw_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`consent-withdraw`: {consent} -> {consent}."""
    key = str(arguments["consent"])
    async with hub.db.reading() as reader:
        found = await read(reader, "Consent", key, Restriction())
    kind, _, code = (found.message or "").partition(":")
    if kind != "institution":
        fault = Fault("consent", "not-recorded-here", "one that an institution recorded")
        raise InvalidRequest("this Consent came as a message", (fault,))
    await withdraw(hub, replace(actor, institution=code), key)
    return {"consent": key}


async def rules_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`consent-rules`: {patient} -> {rules}: what is asked for every row, in its order."""
    home = str(arguments["patient"])
    async with hub.db.reading() as reader:
        found = await consents.rules_of(reader, home)
    event = Event(
        EventType.PAGE, Action.READ, actor, subjects=(Subject(home),), detail="rules of consents"
    )
    await hub.ledger.record(event)
    return {"rules": [_rule(one) for one in found]}


async def recompile_command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`consent-recompile`: {} -> {homes}: the rules of every Consent made anew."""
    return {"homes": await recompile_all(hub.db, terms_in_force())}


def told(one: Stored) -> dict[str, Any]:
    """A Consent as a list shows it: no name, no words of the patient's."""
    tree = one.resource()
    form = form_of(tree)
    provision = tree.get("provision", {})
    return {
        "consent": one.id,
        "status": tree.get("status"),
        "at": str(tree.get("dateTime") or written(one.updated_us)),
        "form": form[0] if form else None,
        "version": form[1] if form else None,
        "type": provision.get("type"),
        "until": provision.get("period", {}).get("end"),
        "institutions": _institutions(tree),
        "topics": [label.get("code") for label in provision.get("securityLabel", ())],
        "by": (one.message or "").removeprefix("institution:"),
        "guardian": _guardian(tree),
    }


def titles(lang: str) -> Mapping[str, str]:
    """Every form and what it is called."""
    return {key: form.titles[lang] for key, form in forms().items()}


def words_of(tree: Resource) -> str:
    """The words that were signed; "" for a Consent that carries none."""
    data = tree.get("sourceAttachment", {}).get("data")
    if not isinstance(data, str):
        return ""
    try:
        return b64decode(data, validate=True).decode("utf-8")
    except ValueError:
        return ""


def hash_of(tree: Resource) -> str | None:
    """The SHA-256 of the words, as it was noted when they were signed."""
    found = find_extension(tree, extension("text-sha256"))
    return None if found is None else str(found.get("valueString"))


def _rule(one: Rule) -> dict[str, Any]:
    about = {
        "source": one.source,
        "type": one.kind,
        "resource": one.resource,
        "at least": "NRV"[one.least] if one.least else None,
        "at most": "NRV"[one.most] if one.most < 2 else None,
        "any of": topics_in(one.any_topics),
        "only": topics_in(one.within_topics),
        "but not": topics_in(one.no_topics),
        "days from": _instant(one.data_from_us),
        "days until": _instant(one.data_until_us),
    }
    said = [f"{name} {value}" for name, value in about.items() if value]
    return {
        "decision": ("deny", "permit", "permit and open")[one.decision],
        "who": one.institution or one.party or "everybody",
        "purposes": purposes_in(one.purposes),
        "records": "; ".join(said) or "everything",
        "from": _instant(one.from_us),
        "until": _instant(one.until_us),
        "consent": one.consent,
    }


def _instant(at_us: int | None) -> str | None:
    return None if at_us is None or at_us in (FIRST_US, EVER_US) else written(at_us)


def _institutions(tree: Resource) -> list[str]:
    """The institutions it is about; of somebody else the reference."""
    found, contained = [], contained_in(tree)
    for one in tree.get("provision", {}).get("actor", ()):
        reference = one.get("reference", {})
        who = named(reference, {}, contained)
        if who is not None and who.institution is not None and who.party is None:
            found.append(who.institution)
        elif reference.get("reference"):
            found.append(str(reference["reference"]))
    return found


def _guardian(tree: Resource) -> str | None:
    """How the guardian who signed is related, "" where it is not said; None for the patient."""
    if not signed_by_guardian(tree):
        return None
    signed = {one.get("reference") for one in tree["performer"]}
    for one in tree.get("contained", ()):
        if one["resourceType"] == "RelatedPerson" and f"#{one.get('id')}" in signed:
            return str((one.get("relationship") or [{}])[0].get("text", ""))
    return ""


def _sight(actor: Actor, interaction: Interaction) -> Restriction:
    if actor.kind is ActorKind.OPERATOR:
        return Restriction()
    return restriction(actor, interaction)


async def _consents(reader: Reader, patient: str, sight: Restriction) -> list[Stored]:
    if patient not in await read_many(reader, "Patient", [patient], sight):
        raise ResourceNotFound("no such patient")
    found: list[Stored] = []
    for home in await consents.family_of(reader, patient):
        found += await of_home(reader, "Consent", home, sight, "", 0, _MOST)
    return found


async def _looked(hub: Hub, actor: Actor, patient: str, found: list[Stored]) -> None:
    """Record whose Consents were looked at, also where there are none."""
    homes = sorted({patient, *(one.home for one in found)})
    subjects = tuple(
        Subject(home, None, tuple(one.reference for one in found if one.home == home))
        for home in homes
    )
    event = Event(EventType.PAGE, Action.READ, actor, subjects=subjects, detail="consents")
    await hub.ledger.record(event)


async def _written(
    hub: Hub, actor: Actor, action: Action, step: Callable[[Writing], Awaitable[Written]]
) -> Written:
    """One unit of work: the Consent, what follows from it, its audit record."""

    async def whole(writing: Writing) -> Written:
        made = await step(writing)
        await write_resource.finish(writing)
        subject = Subject(made.home, None, (made.reference,))
        event = Event(EventType.WRITE, action, actor, subjects=(subject,), detail=made.reference)
        await ledger.append(writing.unit, event)
        return made

    sight = replace(_sight(actor, Interaction.READ), types=None)
    if sight.asks is not None:
        sight = replace(sight, asks=replace(sight.asks, writing=True))
    return await in_one_unit(hub, actor, sight, whole)
