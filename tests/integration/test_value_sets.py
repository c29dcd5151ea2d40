"""The codes of a value set by its address, shipped or written over FHIR."""

import pytest

from hie.access.policy import Restriction
from hie.errors import ResourceNotFound
from hie.fhir import ITEM
from hie.store import resources
from hie.store.database import Database
from hie.store.resources import Put
from hie.store.value_sets import expansion_of

ALL = Restriction()
SYSTEM = {
    "resourceType": "CodeSystem", "id": "s", "url": "urn:s", "status": "active",
    "content": "complete", "concept": [{"code": "a"}, {"code": "b"}],
}  # fmt: skip
SET = {
    "resourceType": "ValueSet", "id": "v", "url": "urn:v", "status": "active", "version": "1",
    "compose": {"include": [{"system": "urn:s"}, {"valueSet": ["urn:w"]}]},
}  # fmt: skip
INNER = {
    "resourceType": "ValueSet", "id": "w", "url": "urn:w", "status": "active",
    "compose": {"include": [{"system": "urn:t", "concept": [{"code": "c"}]}]},
}  # fmt: skip


@pytest.mark.anyio
async def test_a_stored_value_set_is_expanded_with_what_it_leads_to(database: Database) -> None:
    async with database.unit() as unit:
        puts = [Put(one["resourceType"], "", one["id"], one) for one in (SYSTEM, SET, INNER)]  # type: ignore[arg-type]
        await resources.put(unit, puts, now_us=1)
    async with database.reading() as reader:
        found = await expansion_of(reader, "urn:v|1", ALL)
        assert set(found.members) == {("urn:s", "a"), ("urn:s", "b"), ("urn:t", "c")}
        with pytest.raises(ResourceNotFound):
            await expansion_of(reader, "urn:v|2", ALL)


@pytest.mark.anyio
async def test_a_shipped_value_set_and_the_items_need_no_store(database: Database) -> None:
    async with database.reading() as reader:
        status = await expansion_of(reader, "http://hl7.org/fhir/ValueSet/observation-status", ALL)
        assert status.has("http://hl7.org/fhir/observation-status", "final")
        assert (await expansion_of(reader, "https://hie.example/fhir/ValueSet/item", ALL)).has(
            ITEM, "K"
        )
