"""A birthday that is set right sets the rules of Consents right, also of those that gave none."""

import pytest

from hie.store import consents, persons, resources
from hie.store.database import Database
from hie.store.resources import Put
from tests.builders import a_patient
from tests.unit.consent.consents import a_consent, rule

pytestmark = pytest.mark.anyio
WRITER = "institution:91110000MA01234567"


async def born(db: Database, day: str) -> int:
    """How many rules h1 has once the Patient says so."""
    tree = a_patient("h1", birthDate=day)
    async with db.unit() as unit:
        await resources.put(unit, [Put("Patient", "h1", "h1", tree, WRITER)])
        await persons.settle_in(unit, ["h1", "h2"])
        await consents.refresh(unit, ["h1", "h2"])
        assert await consents.rules_of(unit, "h2") == []
        return len(await consents.rules_of(unit, "h1"))


async def test_what_a_guardian_said_counts_once_it_is_a_childs(database: Database) -> None:
    assert await born(database, "1980-03-04") == 0
    root = rule("deny", period="2026-01-01/2027-01-01")
    guardian = [{"reference": "RelatedPerson/r1"}]
    tree = {**a_consent(root), "id": "c1", "performer": guardian}
    tree["patient"] = {"reference": "Patient/h1"}
    async with database.unit() as unit:
        await resources.put(unit, [Put("Consent", "h1", "c1", tree, WRITER)])
        await consents.recompile(unit, ["h1"])
        assert await consents.rules_of(unit, "h1") == []
    assert await born(database, "2020-03-04") == 1
    assert await born(database, "1980-03-04") == 0
