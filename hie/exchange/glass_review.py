"""The reviews of openings: a privacy officer says whether there was a good reason.

A review that is not done within three days, or that finds no reason, takes from the person the
right to break the glass; the officer gives it back. What was looked at is counted from the log.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hie.access.actor import Actor, ActorKind
from hie.access.glass import FEWEST, LONGEST, Review
from hie.access.policy import Role
from hie.access.reason import Reason
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, NotPermitted, ResourceNotFound, UnprocessableRequest
from hie.exchange.hub import Hub
from hie.store import glass, glass_looks, ledger, users
from hie.store.glass import Opening
from hie.store.instants import written
from hie.store.session import Reader

PAGE = 50
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Reviewed:
    """An opening as a privacy officer reads it: who, and how many looks were taken through it."""

    opening: Opening
    name: str
    agreed_by: str
    reviewed_by: str
    looks: int
    is_overdue: bool
    is_kept: bool  # the person may not break the glass because of it


async def waiting(hub: Hub, institution: str) -> int:
    """How many reviews wait at an institution."""
    async with hub.db.reading() as reader:
        return await glass.count_open(reader, institution)


async def reviews(
    hub: Hub, actor: Actor, state: Review | None, before: str | None = None
) -> tuple[list[Reviewed], str | None]:
    """Openings of the institution, newest first, and where the next page begins; recorded.

    Raises NotPermitted.
    """
    institution = _institution(actor)
    now_us = int(hub.entrance.clock() * _SECOND)
    async with hub.db.reading() as reader:
        found = await glass.find(reader, institution, state, before=_place(before), limit=PAGE + 1)
        page = found[:PAGE]
        listed = [await _reviewed(reader, one, now_us) for one in page]
        names = await users.names_of(reader, _people(page))
    homes = sorted({one.home for one in page})
    event = Event(
        EventType.BREAK_GLASS,
        Action.READ,
        actor,
        subjects=tuple(Subject(home) for home in homes),
        detail=f"{len(page)} openings",
    )
    await hub.ledger.record(event)
    last = page[-1] if len(found) > PAGE else None
    following = None if last is None else f"{last.at_us}.{last.id}"
    return [_named(one, names) for one in listed], following


async def review(hub: Hub, actor: Actor, key: str, verdict: Review, note: str) -> None:
    """Say how a review ended, with words. An unjustified opening ends at once.

    Raises NotPermitted (of one's own openings too), UnprocessableRequest, Conflict,
    ResourceNotFound.
    """
    said = " ".join(note.split())
    if verdict is Review.OPEN or len(said.replace(" ", "")) < FEWEST or len(said) > LONGEST:
        expected = f"justified or unjustified, with {FEWEST} to {LONGEST} characters that say why"
        fault = Fault("note", "required", expected)
        raise UnprocessableRequest("the review was not recorded", (fault,))
    institution = _institution(actor)
    now_us = int(hub.entrance.clock() * _SECOND)
    async with hub.db.unit() as unit:
        one = await glass.get(unit, key, institution)
        if one.subject == actor.subject:
            raise _not_permitted("an opening of somebody else")
        await glass.review(unit, one, verdict, actor.subject, said, now_us)
        if verdict is Review.UNJUSTIFIED:
            await glass.end(unit, key, now_us)
        await ledger.append(unit, _event(actor, one, f"review {key} {verdict}"))


async def lift(hub: Hub, actor: Actor, subject: str, institution: str) -> int:
    """Give back the right to break the glass; of how many reviews. Raises NotPermitted.

    Raises ResourceNotFound where nothing is to be given back. What is overdue is reviewed instead.
    """
    if _institution(actor) not in (None, institution) or subject == actor.subject:
        raise _not_permitted("somebody else of your institution")
    now_us = int(hub.entrance.clock() * _SECOND)
    async with hub.db.unit() as unit:
        lifted = await glass.lift(unit, subject, institution, actor.subject, now_us)
        if not lifted:
            raise ResourceNotFound("no right to give back: an overdue review is done instead")
        event = Event(
            EventType.BREAK_GLASS, Action.UPDATE, actor, detail=f"right of {subject} given back"
        )
        await ledger.append(unit, event)
    return len(lifted)


async def _reviewed(reader: Reader, one: Opening, now_us: int) -> Reviewed:
    return Reviewed(
        opening=one,
        name="",
        agreed_by="",
        reviewed_by="",
        looks=await glass_looks.count(reader, one),
        is_overdue=one.state == Review.OPEN and one.due_us <= now_us,
        is_kept=one.lifted_us is None
        and (
            one.state == Review.UNJUSTIFIED or (one.state == Review.OPEN and one.due_us <= now_us)
        ),
    )


def _people(page: Iterable[Opening]) -> set[str]:
    named = {one.subject for one in page}
    return named | {who for one in page for who in (one.agreed_by, one.reviewed_by) if who}


def _named(one: Reviewed, names: Mapping[str, str]) -> Reviewed:
    """With people as they are called; whom only their hospital knows is told by pseudonym."""

    def name(who: str | None) -> str:
        return "" if who is None else names.get(who, who.rpartition("|")[2])

    opening = one.opening
    return replace(
        one,
        name=name(opening.subject),
        agreed_by=name(opening.agreed_by),
        reviewed_by=name(opening.reviewed_by),
    )


def told(one: Reviewed) -> dict[str, Any]:
    """A reviewed opening for the command line: no name of a patient."""
    opening = one.opening
    return {
        "opening": opening.id,
        "institution": opening.institution,
        "person": one.name,
        "subject": opening.subject,
        "patient": f"Patient/{opening.home}",
        "reason": opening.reason,
        "text": opening.said["text"],
        "at": written(opening.at_us),
        "until": written(opening.ended_us or opening.until_us),
        "looks": one.looks,
        "agreed_by": one.agreed_by,
        "review": "overdue" if one.is_overdue else opening.state,
        "review_by": written(opening.due_us),
        "suspended": one.is_kept,
    }


def _institution(actor: Actor) -> str | None:
    """Whose openings; None: of all. Raises NotPermitted."""
    if actor.kind is ActorKind.OPERATOR:
        return None
    if actor.kind is not ActorKind.USER or actor.role != Role.PRIVACY_OFFICER:
        raise _not_permitted(f"role {Role.PRIVACY_OFFICER}")
    return actor.institution


def _event(actor: Actor, one: Opening, detail: str) -> Event:
    return Event(
        EventType.BREAK_GLASS,
        Action.UPDATE,
        actor,
        subjects=(Subject(one.home, one.person),),
        detail=detail,
    )


def _place(before: str | None) -> tuple[int, str] | None:
    at, _, key = (before or "").partition(".")
    return (int(at), key) if at.isascii() and at.isdecimal() and len(at) < 19 else None


def _not_permitted(expected: str) -> NotPermitted:
    return NotPermitted("not permitted", (Fault("access", Reason.ROLE, expected),))
