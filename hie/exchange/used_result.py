"""The result a decision names, in the version that was used, and what became of it since.

The report and whatever else belongs to it are as they were known when the check was made. A result
that the source withdrew, or that may no longer be seen, comes back without what it said.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from hie.access.policy import Restriction
from hie.canonical.recognised import Change, withheld
from hie.errors import ResourceDeleted, ResourceNotFound
from hie.exchange.parted import led_to
from hie.exchange.person_records import every
from hie.fhir import Resource
from hie.fhir.elements import referenced
from hie.recognition.changes import Role, changes, is_withdrawn
from hie.recognition.moment import find_moment
from hie.recognition.request import find_known_at
from hie.store import persons
from hie.store.checks import Check
from hie.store.results import as_known, reports_of
from hie.store.served import Stored
from hie.store.session import Reader
from hie.store.versions import read, read_many

_MOST_REPORTS: Final = 1_000
# What a result may bring along: what it says of its origin, never another result.
_ALONG: Final = ("Specimen", "Device", "ServiceRequest", "PractitionerRole", "Practitioner",
                 "Organization", "Endpoint")  # fmt: skip


@dataclass(frozen=True, slots=True)
class UsedResult:
    """`used` and `report` as they were; `home` None: the result may no longer be seen at all."""

    home: str | None
    used: Resource
    report: Resource | None
    others: tuple[Resource, ...]
    patient: Resource | None
    change: Change | None


async def find_used(
    reader: Reader, named: str, check: Check, sight: Restriction, *, whole: bool = True
) -> UsedResult:
    """The result of a versioned reference as it stood when the check was made.

    `whole` False leaves out the Patient and what belongs to the result: a notice needs neither.
    """
    kind, key, version = _parts(named)
    at_us = min(check.at_us, find_known_at(check.body["request"]) or check.at_us)
    try:
        used = await read(reader, kind, key, sight, version)
        now = await read(reader, kind, key, sight)
    except (ResourceNotFound, ResourceDeleted):
        return UsedResult(None, _gone(kind, key, version), None, (), None, Change("withdrawn"))
    if await _is_parted(reader, check, used.home):
        return UsedResult(None, _gone(kind, key, version), None, (), None, Change("parted"))
    tree = used.resource()
    report = await _report(reader, used, sight, at_us)
    change = await _change(reader, used, now, report, sight)
    told = report.resource() if report is not None else None
    if change is not None and change.withholds:
        status = change.status or "entered-in-error"
        tree = withheld(tree, status)
        told = None if told is None else withheld(told, status)
    if not whole:
        return UsedResult(used.home, tree, told, (), None, change)
    others = await _along(reader, (tree, *([told] if told else ())), sight, at_us)
    patient = (await _known(reader, "Patient", [used.home], sight, at_us)).get(used.home)
    return UsedResult(used.home, tree, told, tuple(others), patient, change)


def _parts(named: str) -> tuple[str, str, int]:
    kind, key, _, version = named.split("/")
    return kind, key, int(version)


def _gone(kind: str, key: str, version: int) -> Resource:
    """What is left to say of a result that may no longer be seen."""
    bare: Resource = {"resourceType": kind, "id": key, "meta": {"versionId": str(version)}}
    return withheld(bare, "entered-in-error")


async def _report(reader: Reader, used: Stored, sight: Restriction, at_us: int) -> Stored | None:
    """The report a result or study came with, as it was known then."""
    if used.type == "DiagnosticReport":
        return None
    if used.type == "Observation":
        key = (await reports_of(reader, [used.id], sight)).get(used.id)
        keys = [key] if key else []
    else:
        told = await every(reader, "DiagnosticReport", [used.home], sight, most=_MOST_REPORTS)
        keys = [
            one["id"]
            for one in told
            if ("ImagingStudy", used.id) in map(referenced, one.get("imagingStudy", ()))
        ]
    known = await read_many(reader, "DiagnosticReport", keys, sight)
    then = await as_known(reader, "DiagnosticReport", known.values(), sight, at_us)
    return max(then.values(), key=_speaks, default=None)


def _speaks(report: Stored) -> tuple[bool, int, str]:
    """Of several reports of one study the latest was judged, unless it was entered in error."""
    tree = report.resource()
    issued = find_moment(tree.get("issued"))
    return tree.get("status") != "entered-in-error", issued.at_us if issued else -(2**62), report.id


async def _is_parted(reader: Reader, check: Check, home: str) -> bool:
    """Whether the result's Patient is no longer held to be the one the request led to.

    Links were taken back since: the same question that reopens a decision (`hie.exchange.parted`).
    """
    asked = led_to(check)
    if home in asked:
        return False
    holders = await persons.persons_of(reader, asked | {home})
    return holders.get(home) not in {holders[one] for one in asked if one in holders}


async def _change(
    reader: Reader, used: Stored, now: Stored, report: Stored | None, sight: Restriction
) -> Change | None:
    """What the newest versions of result and report say that those used did not."""
    found = [_between(used, now, Role.RESULT)]
    if report is not None:
        role = Role.REPORT if used.type == "Observation" else Role.RESULT
        try:
            newest = await read(reader, report.type, report.id, sight)
        except (ResourceNotFound, ResourceDeleted):
            return Change("withdrawn")
        found.append(_between(report, newest, role))
    told = [one for one in found if one is not None]
    return max(told, key=lambda one: one.withholds, default=None)


def _between(then: Stored, later: Stored, role: Role) -> Change | None:
    """What a later version says otherwise: what reopens a decision (R-908), and nothing else."""
    if later.version == then.version:
        return None
    before, after = then.resource(), later.resource()
    status = str(after.get("status", "")) or None
    if is_withdrawn(after) and not is_withdrawn(before):
        return Change("withdrawn", later.updated_us, status, later.version)
    if not changes(before, after, role):
        return None
    return Change("corrected", later.updated_us, status, later.version)


async def _along(
    reader: Reader, trees: Iterable[Resource], sight: Restriction, at_us: int
) -> list[Resource]:
    """What the resources refer to, and what that refers to, each once."""
    found: dict[tuple[str, str], Resource] = {}
    waiting = list(trees)
    while waiting:
        wanted: dict[str, list[str]] = {}
        for tree in waiting:
            for kind, key in _named(tree):
                if kind in _ALONG and (kind, key) not in found:
                    wanted.setdefault(kind, []).append(key)
        waiting = []
        for kind in _ALONG:
            for key, tree in (
                await _known(reader, kind, wanted.get(kind, []), sight, at_us)
            ).items():
                found[kind, key] = tree
                waiting.append(tree)
    return list(found.values())


def _named(tree: object) -> Iterator[tuple[str, str]]:
    """Every relative reference in a resource."""
    parts: list[object] = [tree]
    for part in parts:  # grows while it is read
        if isinstance(part, dict):
            named = referenced(part) if "reference" in part else None
            if named is not None:
                yield named
            parts.extend(part.values())
        elif isinstance(part, list):
            parts.extend(part)


async def _known(
    reader: Reader, kind: str, keys: Iterable[str], sight: Restriction, at_us: int
) -> dict[str, Resource]:
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    current = await read_many(reader, kind, wanted, sight)
    then = await as_known(reader, kind, current.values(), sight, at_us)
    return {key: one.resource() for key, one in then.items()}
