"""Records meant by what they point at: those of an encounter, those a member of staff made."""

from pathlib import Path
from typing import Any

import pytest

from hie.store import resources, rewriting
from hie.store.resources import Put
from tests.integration.access.consents import give, rule, treating
from tests.integration.access.support import Region, encounter_of, result_of

pytestmark = pytest.mark.anyio
DCM = "http://dicom.nema.org/resources/ontology/DCM"


async def sees(found: Region, key: str, kind: str = "Observation") -> bool:
    return (await found.get(f"{kind}/{key}", "a")).status_code == 200


async def test_what_belongs_to_an_encounter_is_withheld_now_and_later(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        patient = found.patients["P5b"]
        stay = await found.made("b", encounter_of(patient))
        of_it = {"encounter": {"reference": f"Encounter/{stay}"}}
        first = await found.made("b", {**result_of(patient, "e-1"), **of_it})
        await give(
            found, "b", patient, rule("permit", rule("deny", data=f"related:Encounter/{stay}"))
        )
        assert not await sees(found, first)
        assert not await sees(found, stay, "Encounter")
        assert await sees(found, found.results["P5b"])
        later = await found.made("b", {**result_of(patient, "e-2"), **of_it})
        assert not await sees(found, later)
        other = await found.made("b", result_of(patient, "e-3"))
        assert await sees(found, other)
        tree = {**result_of(patient, "e-3"), **of_it, "id": other}
        assert (await found.put(f"Observation/{other}", "b", tree)).status_code == 200
        assert not await sees(found, other)


async def test_what_comes_again_after_its_deletion_is_withheld(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        patient = found.patients["P5b"]
        stay = await found.made("b", encounter_of(patient))
        of_it = {"encounter": {"reference": f"Encounter/{stay}"}}
        tree = result_of(patient, "e-1")
        first = await found.made("b", tree)
        await give(
            found, "b", patient, rule("permit", rule("deny", data=f"related:Encounter/{stay}"))
        )
        assert await sees(found, first)
        ref, seen = ("Observation", first), {**tree, **of_it, "id": first}
        async with found.hub.db.unit() as unit:
            standing = (await resources.current(unit, [ref]))[ref]
            await rewriting.delete(unit, standing, standing.message, standing.updated_us + 1)
        async with found.hub.db.unit() as unit:
            await resources.put(unit, [Put(ref[0], patient, first, seen, standing.message)])
        assert not await sees(found, first)


async def test_only_what_belongs_to_an_encounter_is_permitted(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        patient = found.patients["P5b"]
        stay = await found.made("b", encounter_of(patient))
        of_it = {"encounter": {"reference": f"Encounter/{stay}"}}
        await give(found, "b", patient, rule("permit", data=f"related:Encounter/{stay}"))
        assert not await sees(found, found.results["P5b"])
        later = await found.made("b", {**result_of(patient, "e-2"), **of_it})
        assert await sees(found, later)


async def test_what_a_member_of_staff_made_is_withheld(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        patient = found.patients["P5b"]
        doctor = await found.made("b", {"resourceType": "Practitioner", "name": [{"text": "示例"}]})
        by = {"performer": [{"reference": f"Practitioner/{doctor}"}]}
        first = await found.made("b", {**result_of(patient, "d-1"), **by})
        await give(
            found,
            "b",
            patient,
            rule("permit", rule("deny", data=f"authoredby:Practitioner/{doctor}")),
        )
        later = await found.made("b", {**result_of(patient, "d-2"), **by})
        assert not await sees(found, first)
        assert not await sees(found, later)
        assert await sees(found, found.results["P5b"])


def study_of(patient: str, uid: str) -> dict[str, Any]:
    return {
        "resourceType": "ImagingStudy",
        "status": "available",
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:2.25.{uid}"}],
        "subject": {"reference": f"Patient/{patient}"},
        "started": "2026-06-01T09:00:00+08:00",
        "numberOfSeries": 1,
        "numberOfInstances": 1,
        "series": [{"uid": f"2.25.{uid}1", "modality": {"system": DCM, "code": "CT"}, "number": 1}],
    }


def report_of(patient: str, number: str, *studies: str) -> dict[str, Any]:
    return {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "identifier": [{"system": "urn:ris", "value": number}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "24627-2"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": "2026-06-01T09:00:00+08:00",
        "imagingStudy": [{"reference": f"ImagingStudy/{one}"} for one in studies],
    }


async def test_a_study_that_is_withheld_takes_its_reports_with_it(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        patient = found.patients["P5b"]
        one, other = [await found.made("b", study_of(patient, uid)) for uid in ("41", "42")]
        first = await found.made("b", report_of(patient, "r-1", one))
        second = await found.made("b", report_of(patient, "r-2", other))
        for key in (first, second):
            assert await sees(found, key, "DiagnosticReport")
        root = rule("permit", rule("deny", data=f"instance:ImagingStudy/{one}"))
        await give(found, "b", patient, root)
        assert not await sees(found, one, "ImagingStudy")
        assert not await sees(found, first, "DiagnosticReport")
        assert await sees(found, other, "ImagingStudy")
        assert await sees(found, second, "DiagnosticReport")
        later = await found.made("b", report_of(patient, "r-3", one, other))
        assert not await sees(found, later, "DiagnosticReport")


async def test_a_study_that_is_permitted_is_itself(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        patient = found.patients["P5b"]
        one, other = [await found.made("b", study_of(patient, uid)) for uid in ("41", "42")]
        report = await found.made("b", report_of(patient, "r-1", one))
        await give(found, "b", patient, rule("permit", data=f"instance:ImagingStudy/{one}"))
        assert await sees(found, one, "ImagingStudy")
        assert not await sees(found, other, "ImagingStudy")
        assert not await sees(found, report, "DiagnosticReport")
