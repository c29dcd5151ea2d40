"""All current resources of a type that one person's homes hold, however many homes there are."""

from collections.abc import Iterable, Sequence

from hie.access.policy import Restriction
from hie.audit.event import Subject
from hie.fhir import Resource
from hie.fhir.elements import referenced
from hie.store.search.query import parse_query
from hie.store.search.registry import MOST_COUNT, MOST_VALUES
from hie.store.search.search import search
from hie.store.session import Reader


async def every(
    reader: Reader, kind: str, homes: Sequence[str], sight: Restriction, *, most: int
) -> list[Resource]:
    """The resources this reader may see, newest first of each fifty homes; `most` bounds them."""
    found: list[Resource] = []
    for start in range(0, len(homes), MOST_VALUES):
        named = ",".join(homes[start : start + MOST_VALUES])
        query = parse_query(kind, [("patient", named), ("_count", str(MOST_COUNT))])
        after: Sequence[object] | None = None
        while len(found) < most:
            page = await search(reader, query, sight, after)
            found += [one.resource() for one in page.matches]
            if page.following is None:
                break
            after = page.following
    return found


def subjects_of(
    homes: Sequence[str], person: str | None, shown: Iterable[Resource]
) -> tuple[Subject, ...]:
    """What was shown, by the home it belongs to: each version is named once."""
    mine: dict[str, dict[str, None]] = {home: {} for home in homes}
    for one in shown:
        home = one["id"] if one["resourceType"] == "Patient" else _home(one)
        if home in mine:
            version = one.get("meta", {}).get("versionId", "1")
            mine[home][f"{one['resourceType']}/{one['id']}/_history/{version}"] = None
    return tuple(Subject(home, person, tuple(named)) for home, named in mine.items())


def _home(resource: Resource) -> str | None:
    found = referenced(resource.get("subject"))
    return None if found is None or found[0] != "Patient" else found[1]
