"""Which resource types the FHIR door serves, and what the log keeps of a look at one of them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from starlette.requests import Request

from hie.access.policy import Restriction, permit_type
from hie.access.scopes import Interaction
from hie.api.respond import hub_of, path_of, query_of
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, ResourceNotFound
from hie.oauth.door import actor_in
from hie.store.locate import homes_of
from hie.store.search.registry import PARAMETERS
from hie.store.served import Stored
from hie.store.session import Reader

LOGGED = "AuditEvent"  # served from the audit log, read only


def served(request: Request) -> str:
    """The type in the address. Raises ResourceNotFound naming those there are."""
    kind: str = request.path_params["type"]
    if kind == LOGGED:
        fault = Fault("type", "not-offered", "read and search of AuditEvent")
        raise ResourceNotFound("the log is only read and searched", (fault,))
    if kind not in PARAMETERS:
        fault = Fault("type", "unknown-type", ", ".join(sorted({*PARAMETERS, LOGGED})))
        raise ResourceNotFound("no such resource type here", (fault,))
    return kind


def permitted(request: Request) -> tuple[str, Restriction]:
    """The type in the address and what of it may be seen by READ. Raises NotPermitted."""
    kind = served(request)
    return kind, permit_type(actor_in(request), kind, Interaction.READ)


async def asked_about(
    reader: Reader, asked: Iterable[str], shown: Iterable[Stored], restriction: Restriction
) -> list[str]:
    """The patients a search concerned: of what it shows, and who were asked for and are there.

    What was asked for and is nobody's id is text of the caller's, and stays in the sealed request.
    """
    homes = {one.home for one in shown if one.home}
    others = set(asked) - homes
    if others:
        sight = replace(restriction, types=None)
        homes |= (await homes_of(reader, "Patient", others, sight)).keys()
    return sorted(homes)


def subjects_of(homes: Iterable[str], shown: Sequence[Stored]) -> tuple[Subject, ...]:
    """What the log keeps of patients a look concerned, with what it showed of each."""
    of_home: dict[str, list[Stored]] = {home: [] for home in sorted(homes)}
    for one in shown:
        if one.home in of_home:
            of_home[one.home].append(one)
    return tuple(
        Subject(
            home,
            None,
            tuple(one.reference for one in mine),
            is_ruled=not mine or any(one.is_ruled for one in mine),
        )
        for home, mine in of_home.items()
    )


async def record_look(
    request: Request, kind: EventType, found: Sequence[Stored], detail: str | None = None
) -> None:
    """The audit record, durable before the first byte of the answer; one subject a patient."""
    nobody = [one.reference for one in found if not one.home]
    subjects = subjects_of({one.home for one in found if one.home}, found)
    if detail is None and len(nobody) == 1:
        detail = nobody[0]
    asked = query_of(request)
    query = path_of(request) + (f"?{asked}" if asked else "")
    event = Event(
        kind,
        Action.READ,
        actor_in(request),
        subjects=subjects,
        query=query.encode(),
        detail=detail,
    )
    await hub_of(request).ledger.record(event)
