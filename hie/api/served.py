"""Which resource types the FHIR door serves, and what the log keeps of a look at one of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from starlette.requests import Request

from hie.access.policy import Restriction, permit_type
from hie.access.scopes import Interaction
from hie.api.respond import hub_of, path_of, query_of
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, ResourceNotFound
from hie.oauth.door import actor_in
from hie.store.locate import patients_of
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
    reader: Reader,
    asked: Iterable[str],
    shown: Iterable[Stored],
    restriction: Restriction,
    counted: Mapping[str, bool] | None = None,
) -> dict[str, bool]:
    """The patients a search concerned, of what it shows, and who were asked for and are there.

    And whether they may have rules of Consents. `counted`: who is known to be there, as something
    of theirs was counted. What was asked for and is nobody's id is text of
    the caller's, and stays in the sealed request.
    """
    homes = {**(counted or {}), **_ruled(shown)}
    others = set(asked) - homes.keys()
    if others:
        homes |= await patients_of(reader, sorted(others), replace(restriction, types=None))
    return dict(sorted(homes.items()))


def subjects_of(homes: Mapping[str, bool], shown: Sequence[Stored]) -> tuple[Subject, ...]:
    """What the log keeps of patients (`asked_about`) a look concerned, with what it showed."""
    of_home: dict[str, list[str]] = {home: [] for home in homes}
    for one in shown:
        if one.home in of_home:
            of_home[one.home].append(one.reference)
    return tuple(
        Subject(home, None, tuple(mine), is_ruled=homes[home]) for home, mine in of_home.items()
    )


def _ruled(shown: Iterable[Stored]) -> dict[str, bool]:
    """The patients of what is shown; whether any of it says that they may have rules."""
    found: dict[str, bool] = {}
    for one in shown:
        if one.home:
            found[one.home] = found.get(one.home, False) or one.is_ruled
    return found


async def record_look(
    request: Request, kind: EventType, found: Sequence[Stored], detail: str | None = None
) -> None:
    """The audit record, durable before the first byte of the answer; one subject a patient."""
    nobody = [one.reference for one in found if not one.home]
    subjects = subjects_of(_ruled(found), found)
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
