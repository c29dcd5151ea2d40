"""A short road from the region's files to assessments: decoded, built, asked; nothing is stored."""

import importlib.metadata
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from hie.adapter import Site
from hie.canonical.context import BuildContext
from hie.canonical.keys import Key, ReportKeys, business_keys
from hie.canonical.laboratory import build
from hie.identity.identifiers import normalise
from hie.recognition.candidate import Candidate, Identity, Relation
from hie.recognition.catalogue import load_catalogue
from hie.recognition.eligibility import Registers
from hie.recognition.engine import Judged, assess_order
from hie.recognition.moment import find_moment
from hie.recognition.policy import PolicyBook
from hie.recognition.question import Question
from hie.recognition.record import read_candidate
from hie.recognition.register import RegisterRows
from hie.recognition.register_files import apply_import, parse_register
from hie.recognition.rulebook import load_rulebook
from hie.records import LabReportRecord
from hie.synthetic import Manifest
from hie.terminology.concept_map import MapEntry, MapState, read_maps


class Road:
    """A region, read once; `ask` is an order-check of one of its people."""

    def __init__(self, region: Manifest) -> None:
        self.region = region
        files = [parse_register(path.name, path.read_bytes()) for path in region.registers]
        self.rows = apply_import(RegisterRows(0), files)
        self.results: dict[str, list[Candidate]] = {}
        for number, candidate in _candidates(region):
            self.results.setdefault(number, []).append(candidate)

    def ask(self, person: int, item: str, receiver: str = "1301") -> Judged:
        """The verdict on a person's results of an item for Shijiazhuang's 3A, asked in no encounter."""
        on = find_moment(f"{self.region.today}T10:00:00+08:00")
        assert on is not None
        row = next(
            row
            for row in self.rows.institutions
            if row.region.startswith(receiver) and _in_force(row.start, row.end, on.day)
        )
        question = Question(
            on, row, load_catalogue(), Registers(self.rows), PolicyBook.of(self.rows),
            load_rulebook(),
        )  # fmt: skip
        found = self.results.get(self.region.people[person - 1].resident_id, [])
        return assess_order(item, found, question)


def fired(judged: Judged) -> set[str]:
    """The rules that fired for what leads, or for the newest."""
    spoken = judged.leading or (judged.assessments[0] if judged.assessments else None)
    return {one.rule for one in spoken.findings if one.fired} if spoken else set()


def _in_force(start: date, end: date | None, day: date) -> bool:
    return start <= day and (end is None or day <= end)


def _candidates(region: Manifest) -> Iterator[tuple[str, Candidate]]:
    """(resident number, candidate), the current version of each result alone."""
    (entry,) = importlib.metadata.entry_points(group="hie.adapters", name="hl7v2")
    adapter = entry.load()
    held = {one.file for one in region.defects}
    current: dict[tuple[str, str], tuple[str, Candidate]] = {}
    for place in region.sites:
        site = Site(
            place.site, place.institution, "hl7v2", tomllib.loads(place.profile.read_text("utf-8"))
        )
        maps = _maps(place.code_map) if place.code_map else {}
        for path in sorted(place.messages.iterdir()):
            if path in held:
                continue
            for report in adapter.decode(path.read_bytes(), site).records:
                for result, candidate in _built(report, site, maps):
                    current[place.site, result] = (_number(report), candidate)
    yield from current.values()


def _maps(path: Path) -> dict[tuple[str, str], MapEntry]:
    rows = read_maps(path.name, path.read_text("utf-8"), load_catalogue().items)
    return {
        (row.system, row.code): MapEntry(row.item, row.loinc, MapState.APPROVED)
        for row in rows
        if row.item
    }


def _number(report: LabReportRecord) -> str:
    numbers = [one for one in report.patient.identifiers if one.type == "resident-id"]
    return normalise("resident-id", numbers[0].value) if numbers else ""


class _Ids(dict[Key, str]):
    """An id for every key that is asked for, the same for the same key."""

    def __missing__(self, key: Key) -> str:
        self[key] = f"{key.type.lower()}-{len(self) + 1}"
        return self[key]


def _built(
    report: LabReportRecord, site: Site, maps: Mapping[tuple[str, str], MapEntry]
) -> Iterator[tuple[str, Candidate]]:
    """(business key, candidate) of each result, as the hub builds it."""
    catalogue = load_catalogue()
    keys = business_keys(report, site, "m1")
    assert isinstance(keys, ReportKeys)
    ids = _Ids()
    items = {key: item.units for key, item in catalogue.items.items()}
    loinc = {
        code: (key, code in item.loinc_confirmed)
        for key, item in catalogue.items.items()
        for code in (*item.loinc_confirmed, *item.loinc_unconfirmed)
    }
    context = BuildContext(
        site, "m1", "00" * 32, None, "hl7v2 1.0.0", ids, {}, maps, items, loinc,
        lambda kind, value: None, "2026-06-12T04:00:01.000Z",
    )  # fmt: skip
    made = build(report, keys, context).resources
    by_id = {f"{key.type}/{ids[key]}": one for key, one in made.items()}
    for key in keys.results:
        specimen = made[key].get("specimen", {}).get("reference")
        yield (
            key.value,
            read_candidate(
                {**made[key], "id": ids[key]},
                made[keys.report],
                by_id.get(specimen),
                made[keys.patient],
                identity=Identity(Relation.STRONG),
                catalogue=catalogue,
            ),
        )
