"""Records meant by what they point at: those of an encounter, those a member of staff made."""

from pathlib import Path
from typing import Any

import pytest

from hie.store import resources, rewriting
from hie.store.resources import Put
from tests.integration.access.consents import give, rule, treating
from tests.integration.access.support import Region, encounter_of, result_of

pytestmark = pytest.mark.anyio


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
