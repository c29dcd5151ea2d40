"""Whose homes were whose at an earlier instant: the links between persons, played again.

`person_home` says how things are now. A home began as a person of its own; every link says which
homes moved, from whom to whom and when, and when it was taken back. Played from the beginning up
to an instant, in the order they happened, they give the persons of that instant exactly.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from hie.identity.standing import beginnings
from hie.store import persons
from hie.store.persons import Link
from hie.store.session import Reader


async def persons_then(reader: Reader, homes: Iterable[str], known_at_us: int) -> dict[str, str]:
    """The person each of these homes belonged to, and every home that was ever linked with one.

    Homes that came later are among them: that is for whoever reads their Patients to see.
    """
    now = await persons.persons_of(reader, homes)
    links = await persons.linked(reader, now.values())
    known = persons.named(links) | set(now.values())
    for person, theirs in (await persons.families(reader, known)).items():
        now.update(dict.fromkeys(theirs, person))
    return replay(now, links, known_at_us)


def replay(now: dict[str, str], ordered: Sequence[Link], known_at_us: int) -> dict[str, str]:
    """The person of each home at an instant; `now` is where each is today, links oldest first.

    What happened at the instant itself had happened.
    """
    state = beginnings(now, [(link.was, link.homes) for link in ordered])
    events = [_Event(link.at_us, len(link.homes), link.id, link, undone=False) for link in ordered]
    events += [
        _Event(link.undone_us, 0, link.id, link, undone=True)
        for link in ordered
        if link.undone_us is not None
    ]
    for event in sorted(events, key=attrgetter("at_us", "undone", "size", "id")):
        if event.at_us > known_at_us:
            break
        if event.link.parted is not None and event.undone:
            state.update(event.link.parted)
        elif event.undone:
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


def _where(event: _Event, links: Sequence[Link]) -> str:
    """Where the homes of a link's person were when an earlier version took it back.

    Then those it had moved and that were still there returned; it did not say which.
    """
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
