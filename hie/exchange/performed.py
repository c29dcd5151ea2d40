"""What was done for persons after their orders, at whichever institution.

The institution is the one that performed it, else the sending site's; a person's homes are those
the check rested on and those the register has joined to them since.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hie.fhir import Resource, extension
from hie.fhir.elements import find_extension
from hie.recognition.catalogue import Catalogue
from hie.recognition.indicator_facts import Performed
from hie.recognition.record import NO_ISSUERS, find_institution
from hie.recognition.study import read_study
from hie.store import indicator_rows, persons
from hie.store.indicator_rows import DoneRow
from hie.store.persons_then import persons_then
from hie.store.session import Reader

_TAKEN_BACK = frozenset({"cancelled", "entered-in-error"})
# a study whose images still arrive is `registered`, and done; a result is not
_NOT_DONE = {
    "Observation": _TAKEN_BACK | {"registered"},
    "ImagingStudy": _TAKEN_BACK,
    "DiagnosticReport": _TAKEN_BACK | {"registered"},
}
_KINDS = ("Observation", "ImagingStudy", "DiagnosticReport")


async def homes_now(
    reader: Reader, held: Mapping[str, Iterable[str]], known_us: int | None
) -> dict[str, list[str]]:
    """The homes of each person by now; `held` are those its checks rested on.

    With `known_us` by that instant: what was joined or parted later is left out.
    """
    every = {home for homes in held.values() for home in homes}
    own = await persons.families(reader, held)
    every.update(home for homes in own.values() for home in homes)
    if known_us is None:
        now = await persons.persons_of(reader, sorted(every))
        families = await persons.families(reader, now.values())
    else:
        now = await persons_then(reader, sorted(every), known_us)
        families = {}
        for home, person in now.items():
            families.setdefault(person, []).append(home)
    found = {}
    for person, homes in held.items():
        joined = {person, *(now[home] for home in homes if home in now)}
        found[person] = sorted({*homes, *(h for one in joined for h in families.get(one, ()))})
    return found


async def performed_for(
    reader: Reader,
    homes: Mapping[str, Sequence[str]],
    items: Iterable[str],
    span: tuple[int, int],
    known_us: int,
    catalogue: Catalogue,
) -> dict[str, list[Performed]]:
    """By person, what was done of these items, collected within a span of instants."""
    owners: dict[str, list[str]] = {}
    for person, theirs in homes.items():
        for home in theirs:
            owners.setdefault(home, []).append(person)
    wanted = sorted(set(items))
    tests = [item for item in wanted if item not in catalogue.classes]
    classes = [item for item in wanted if item in catalogue.classes]
    found: dict[str, list[Performed]] = {}
    for kind in _KINDS:
        asked = tests if kind == "Observation" else classes
        if not asked or not owners:
            continue
        rows = await indicator_rows.done(reader, kind, sorted(owners), asked, span, known_us)
        for row in rows:
            one = read_performed(row, catalogue)
            if one is None:
                continue
            for person in owners.get(row.stored.home, ()):
                found.setdefault(person, []).append(one)
    return found


def read_performed(row: DoneRow, catalogue: Catalogue) -> Performed | None:
    """One stored row as what was done; None if it was not, or nobody says where or when."""
    resource = row.stored.resource()
    issuer = find_institution(_performers(resource), NO_ISSUERS)
    institution = issuer.code if issuer is not None and issuer.code else row.sender
    done = resource.get("status") not in _NOT_DONE[row.stored.type]
    if institution is None or row.item is None or not done:
        return None
    if row.from_us is None or row.until_us is None:
        return None
    entry = catalogue.items.get(row.item) or catalogue.classes.get(row.item)
    return Performed(
        institution=institution,
        item=row.item,
        at_us=row.from_us,
        until_us=row.until_us,
        resource=f"{row.stored.type}/{row.stored.id}",
        billable=entry.price.code if entry is not None and entry.price else None,
        parts=_parts(row, resource, catalogue),
    )


def _performers(resource: Resource) -> Iterable[Mapping[str, Any]]:
    made_at = find_extension(resource, extension("performing-institution"))
    stated = made_at.get("valueReference") if made_at else None
    return (*((stated,) if isinstance(stated, dict) else ()), *resource.get("performer", ()))


def _parts(row: DoneRow, resource: Resource, catalogue: Catalogue) -> frozenset[str]:
    """The body parts of images; none for a test."""
    match row.stored.type:
        case "ImagingStudy":
            return read_study(resource, None, catalogue.class_of_modality).parts.codes
        case "DiagnosticReport":
            return read_study(None, resource, catalogue.class_of_modality).parts.codes
    return frozenset()
