"""A short road from the region's files to assessments: decoded, built plainly, asked.

It builds only what the rules ask about; the hub's own building is tested where it is.
"""

import importlib.metadata
import tomllib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from hie.adapter import Site
from hie.fhir import INSTITUTION, ITEM, Resource, extension
from hie.identity.identifiers import normalise
from hie.recognition.candidate import Candidate, Identity, Relation
from hie.recognition.catalogue import load_catalogue
from hie.recognition.eligibility import Registers
from hie.recognition.engine import Judged, assess_order
from hie.recognition.facts import Question
from hie.recognition.moment import find_moment
from hie.recognition.policy import PolicyBook
from hie.recognition.record import read_candidate
from hie.recognition.register import RegisterRows
from hie.recognition.register_files import apply_import, parse_register
from hie.recognition.rulebook import load_rulebook
from hie.records import LabReportRecord, Quantity, Result, Text
from hie.synthetic import Manifest
from hie.terminology.concept_map import read_maps

GATES = frozenset({0, 1, 2, 4})  # those that need nothing but the record and the registers


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
        """The verdict on a person's results of an item, uncapped, for Shijiazhuang's 3A."""
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
        return assess_order(item, found, question, gates=GATES, cap=False)


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
    current: dict[tuple[str, str, str], tuple[str, Candidate]] = {}
    for place in region.sites:
        site = Site(
            place.site, place.institution, "hl7v2", tomllib.loads(place.profile.read_text("utf-8"))
        )
        maps = _maps(place.code_map) if place.code_map else {}
        for path in sorted(place.messages.iterdir()):
            if path in held:
                continue
            for report in adapter.decode(path.read_bytes(), site).records:
                for result in report.results:
                    key = (place.site, report.filler.value, result.code.code)
                    current[key] = (_number(report), _candidate(report, result, site, maps))
    yield from current.values()


def _maps(path: Path) -> dict[tuple[str, str], str]:
    rows = read_maps(path.name, path.read_text("utf-8"), load_catalogue().items)
    return {(row.system, row.code): row.item for row in rows if row.item}


def _number(report: LabReportRecord) -> str:
    numbers = [one for one in report.patient.identifiers if one.type == "resident-id"]
    return normalise("resident-id", numbers[0].value) if numbers else ""


def _candidate(
    report: LabReportRecord, result: Result, site: Site, maps: dict[tuple[str, str], str]
) -> Candidate:
    catalogue = load_catalogue()
    by_loinc = catalogue.item_of_loinc(result.code.alt_code or "")
    item = by_loinc[0] if by_loinc else maps.get((result.code.system or "", result.code.code or ""))
    performer = result.performer.code if result.performer else site.institution
    coding: list[Resource] = [{"system": "urn:local", "code": result.code.code}]
    if item:
        said = {"url": extension("mapping"), "valueCode": "confirmed"}
        coding.insert(0, {"system": ITEM, "code": item, "extension": [said]})
    observation: Resource = {
        "resourceType": "Observation",
        "id": "o",
        "identifier": [{"value": result.path}],
        "status": result.status,
        "code": {"coding": coding},
        "performer": [{"identifier": {"system": INSTITUTION, "value": performer}}],
        **_value(result),
    }
    if result.effective:
        observation["effectiveDateTime"] = result.effective.text
    if result.control:
        observation["extension"] = [{"url": extension("control"), "valueCode": result.control}]
    full: Resource = {
        "resourceType": "DiagnosticReport",
        "identifier": [{"value": report.filler.value if report.filler else ""}],
        "status": report.status,
        "resultsInterpreter": [{"display": one.name} for one in report.reviewers],
    }
    if report.issued:
        full["issued"] = report.issued.text
    if report.received:
        url = extension("received-by-laboratory")
        full["extension"] = [{"url": url, "valueDateTime": report.received.text}]
    who: Resource = {"gender": report.patient.sex}
    if report.patient.birth_date:
        who["birthDate"] = report.patient.birth_date.text
    return read_candidate(
        observation, full, None, who, identity=Identity(Relation.STRONG), catalogue=catalogue
    )


def _value(result: Result) -> Resource:
    if isinstance(result.value, Quantity):
        quantity: Resource = {"value": Decimal(result.value.value)}
        if result.unit:
            quantity["unit"] = result.unit.text
        return {"valueQuantity": quantity}
    if isinstance(result.value, Text):
        return {"valueString": result.value.text}
    text = getattr(result.value, "text", None) or getattr(result.value, "display", None)
    return {"valueCodeableConcept": {"text": text}} if text else {}
