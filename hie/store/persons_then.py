"""Whose homes were whose at an earlier instant: the links between persons, played again.

`person_home` says how things are now. A home began as a person of its own; every link says which
homes moved, from whom to whom and when, and when it was taken back. Played from the beginning up
to an instant, in the order they happened, they give the persons of that instant exactly.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from hie.store import persons
from hie.store.persons import Link
from hie.store.session import Reader


async def persons_then(reader: Reader, homes: Iterable[str], known_at_us: int) -> dict[str, str]:
    """The person each of these homes belonged to, and every home that was ever linked with one.

    Homes that came later are among them: that is for whoever reads their Patients to see.
    """
    now = await persons.persons_of(reader, homes)
    links = await _linked(reader, set(now.values()))
    known = {person for link in links for person in (link.person, link.was)} | set(now.values())
    for person, theirs in (await persons.families(reader, known)).items():
        now.update(dict.fromkeys(theirs, person))
    return replay(now, links, known_at_us)


def replay(now: dict[str, str], links: Iterable[Link], known_at_us: int) -> dict[str, str]:
    """The person of each home at an instant; `now` is where each is today.

    What happened at the instant itself had happened.
    """
    ordered = sorted(links, key=_order)
    state = dict(now)
    for link in reversed(ordered):  # a home began where its first link found it
        state.update(dict.fromkeys(link.homes, link.was))
    events = [_Event(link.at_us, len(link.homes), link.id, link, undone=False) for link in ordered]
    events += [
        _Event(link.undone_us, 0, link.id, link, undone=True)
        for link in ordered
        if link.undone_us is not None
    ]
    for event in sorted(events, key=attrgetter("at_us", "undone", "size", "id")):
        if event.at_us > known_at_us:
            break
        if event.undone:
            where = _where(event, ordered)
            there = [home for home in event.link.homes if state.get(home) == where]
            state.update(dict.fromkeys(there, event.link.was))
        else:
            state.update(dict.fromkeys(event.link.homes, event.link.person))
    return state


@dataclass(frozen=True, slots=True)
class _Event:
    """A link that was made, or taken back."""

    at_us: int
    size: int
    id: str
    link: Link
    undone: bool


def _order(link: Link) -> tuple[int, int, str]:
    """When a link was made; of those of one instant, what moved more homes moved them later."""
    return link.at_us, len(link.homes), link.id


def _where(event: _Event, links: Sequence[Link]) -> str:
    """Where the homes of a link's person were when it was taken back (`persons.undo`)."""
    person, at_us = event.link.person, event.link.at_us
    seen = {person}
    while True:
        onward = next(
            (
                one
                for one in links
                if one.was == person
                and at_us <= one.at_us <= event.at_us
                and (one.undone_us is None or one.undone_us >= event.at_us)
                and one.id != event.link.id
            ),
            None,
        )
        if onward is None or onward.person in seen:
            return person
        person, at_us = onward.person, onward.at_us
        seen.add(person)


async def _linked(reader: Reader, start: set[str]) -> list[Link]:
    """All links between these persons and others, and between those and others again."""
    found: dict[str, Link] = {}
    waiting, seen = set(start), set(start)
    while waiting:
        links = await persons.links_between(reader, waiting)
        found.update((link.id, link) for link in links)
        waiting = {p for link in links for p in (link.person, link.was)} - seen
        seen |= waiting
    return list(found.values())
