"""Who stands together: what the links that were not taken back would have made alone.

A home begins as a person of its own, by a name with which no other begins. A link says of two homes
that they are one person's: of these two, not of whom they were held to be at that time. What stands
after any links and undos, in any order, are the connected components of the links that were not
taken back. Each is called as if the others had never been made.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence


def beginnings(
    now: Mapping[str, str],
    moves: Sequence[tuple[str, Collection[str]]],
    name: Callable[[], str] | None = None,
) -> dict[str, str]:
    """The person each home began as: where its first link found it, or where it still is.

    `moves` are the links, oldest first: whose the homes were, and which they are. `name` makes a
    new name for a second home of one beginning, as clocks that disagree would have it.
    """
    found = dict(now)
    for was, homes in reversed(moves):
        found.update(dict.fromkeys(homes, was))
    if name is None:
        return found
    taken: set[str] = set()
    for home, person in sorted(found.items()):
        if person in taken:
            found[home] = name()
        taken.add(found[home])
    return found


def standing(began: Mapping[str, str], pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The person of each home; `pairs` are what the links that stand are of, oldest first."""
    found = dict(began)
    together = {home: [home] for home in began}
    for one, other in pairs:
        if together[one] is together[other]:
            continue
        moved = together[other]
        together[one].extend(moved)
        together.update(dict.fromkeys(moved, together[one]))
        found.update(dict.fromkeys(moved, found[one]))
    return found
