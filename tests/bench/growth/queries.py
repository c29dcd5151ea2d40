"""The hub's standard queries, each as its door asks it, of one probe patient."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hie.access.policy import Restriction
from hie.api.operations.lastn import newest
from hie.fhir import ITEM, LOINC
from hie.fhir.elements import referenced
from hie.store import identifiers, persons, versions
from hie.store.of_home import of_home
from hie.store.results import by_item
from hie.store.search.query import parse_query
from hie.store.search.registry import BOUND
from hie.store.search.search import search
from hie.store.served import Stored
from hie.store.session import Reader
from tests.bench.growth.codes import catalogue_tests
from tests.bench.growth.data import newest_probed
from tests.builders import RESIDENT_ID

ALL = Restriction()
PANEL = "panel: latest of 27 tests"
_COUNT = 50


@dataclass(frozen=True, slots=True)
class Probe:
    """A patient that lies in every size, one result of theirs, and their number."""

    home: str
    result: str
    number: str
    place: list[Any]  # where the first page of their results ends


Ask = Callable[[Reader, Probe], Awaitable[int]]  # how many resources the answer has


async def probe(reader: Reader, home: str) -> Probe:
    """What the queries need to know of a probe."""
    page = await search(reader, parse_query("Observation", [("patient", home)]), ALL)
    patient = (await versions.read(reader, "Patient", home, ALL)).resource()
    number = next(one["value"] for one in patient["identifier"] if one["system"] == RESIDENT_ID)
    assert page.following is not None
    return Probe(home, page.matches[7].id, number, page.following)


def _asks(kind: str, *more: tuple[str, str], paged: bool = False) -> Ask:
    async def ask(reader: Reader, probe: Probe) -> int:
        pairs = [(key, value.format(probe=probe)) for key, value in more]
        query = parse_query(kind, pairs)
        page = await search(reader, query, ALL, probe.place if paged else None)
        return page.total if page.total is not None else len(page.matches)

    return ask


async def _read(reader: Reader, probe: Probe) -> int:
    return (await versions.read(reader, "Observation", probe.result, ALL)).version


async def _latest(reader: Reader, probe: Probe) -> int:
    """The panel: the newest result of each of 27 tests, as Observation/$lastn reads them."""
    query = parse_query("Observation", [("patient", probe.home), ("code", _PANEL)])
    return len(await newest(reader, query, ALL, 1))


async def _everything(reader: Reader, probe: Probe) -> int:
    """A page as Patient/$everything reads it: the patient, then each type until it is full."""
    await versions.read(reader, "Patient", probe.home, ALL)
    found: list[Stored] = []
    for kind in ("Patient", *sorted(BOUND)):
        left = _COUNT - len(found) + 1
        found += await of_home(reader, kind, probe.home, ALL, "", 0, left)
        if len(found) > _COUNT:
            break
    return len(found)


async def _order_check(reader: Reader, probe: Probe) -> int:
    """What an order of five tests reads: the person by number, results, reports, specimens."""
    homes = await identifiers.homes_by_identifier(reader, "resident-id", probe.number)
    person = await persons.person_of(reader, homes[0])
    homes = await persons.homes_of(reader, person or "")
    await versions.read_many(reader, "Patient", homes, ALL)
    items = [test.item or "" for test in catalogue_tests()[:5]]
    rows = await by_item(reader, homes, items, ALL)
    reports = sorted({report for _, report in rows if report})
    trees = [one.resource() for one, _ in rows]
    named = [referenced(tree["specimen"]) for tree in trees]
    await versions.read_many(reader, "DiagnosticReport", reports, ALL)
    await versions.read_many(reader, "Specimen", sorted({one[1] for one in named if one}), ALL)
    return len(rows)


_NEWEST = newest_probed()
_SINCE = f"ge{_NEWEST - timedelta(days=90):%Y-%m-%d}"
_YEAR = f"ge{_NEWEST - timedelta(days=600):%Y-%m-%d}"
_PATIENT = ("patient", "{probe.home}")
_PANEL = ",".join(f"{ITEM}|{test.item}" for test in catalogue_tests())
QUERIES: Mapping[str, Ask] = {
    "read by id": _read,
    PANEL: _latest,
    "newest 27 of a patient": _asks("Observation", _PATIENT, ("_count", "27")),
    "patient, 90 days": _asks("Observation", _PATIENT, ("date", _SINCE)),
    "patient, 600 days": _asks("Observation", _PATIENT, ("date", _YEAR)),
    "patient, one item": _asks("Observation", _PATIENT, ("code", _PANEL.split(",")[0])),
    "patient, one LOINC code": _asks("Observation", _PATIENT, ("code", f"{LOINC}|1751-7")),
    "patient, one local code": _asks("Observation", _PATIENT, ("code", "Alb")),
    "patient, by id": _asks("Observation", _PATIENT, ("_sort", "_id")),
    "page 2 by key": _asks("Observation", _PATIENT, paged=True),
    "count, _total=accurate": _asks(
        "Observation", _PATIENT, ("_total", "accurate"), ("_count", "0")
    ),
    "Patient by identifier": _asks("Patient", ("identifier", f"{RESIDENT_ID}|{{probe.number}}")),
    "patient, value over 50 (evaluated)": _asks(
        "Observation", _PATIENT, ("value-quantity", "gt50")
    ),
    "reports of a patient": _asks("DiagnosticReport", _PATIENT),
    "$everything, first page": _everything,
    "order-check of five tests": _order_check,
}
