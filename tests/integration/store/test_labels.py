"""Labels of rows: set with the version, never lowered by a source, one for all versions."""

from typing import Any

import msgspec
import pytest

from hie.access.labels import Topic, confidentiality, label_with, topics
from hie.access.labels.label import ASSIGNED, UNMAPPED, bit
from hie.access.labels.tags import found_in
from hie.access.policy import Restriction
from hie.errors import ResourceNotFound
from hie.store import labelling, relabelling, resources, rewriting, versions
from hie.store.database import Database
from hie.store.resources import Put
from tests.builders import a_patient, a_report, an_observation, an_organization
from tests.relabelled import relabel

LOINC = "http://loinc.org"
HIV = label_with(1, bit(Topic.HIV))
ALL, NORMAL = Restriction(), Restriction(clearance=0, own_clearance=0)
REF = ("Observation", "o1")


def result(code: str = "8867-4", message: str | None = None, **more: Any) -> Put:
    tree = an_observation("o1", "h1")
    tree["code"] = {"coding": [{"system": LOINC, "code": code}]}
    label = more.pop("label", None)
    return Put("Observation", "h1", "o1", {**tree, **more}, message, "r1", label=label)


async def wrote(db: Database, *puts: Put) -> None:
    async with db.unit() as unit:
        await resources.put(unit, puts, now_us=1_000_000)


async def label(db: Database) -> int | None:
    """The label of the row, which is that of its body and of its history."""
    async with db.reading() as reader:
        found = (await labelling.labels_of(reader, [REF]))[REF]
        history = await reader.fetch("SELECT DISTINCT label FROM resource_history WHERE id = 'o1'")
        body = (await versions.read(reader, *REF, ALL)).resource()
    assert {row[0] for row in history} <= {found}
    assert found_in(body["meta"]) == found
    return found


async def is_seen(db: Database, version: int | None = None) -> bool:
    async with db.reading() as reader:
        try:
            await versions.read(reader, *REF, NORMAL, version)
        except ResourceNotFound:
            return False
    return True


@pytest.mark.anyio
async def test_a_row_has_its_label_from_its_first_version(database: Database) -> None:
    await wrote(database, result())
    assert await label(database) == 0
    assert await is_seen(database)


@pytest.mark.anyio
async def test_a_sensitive_row_is_never_there_without_its_label(database: Database) -> None:
    await wrote(database, result("7917-8"))
    assert await label(database) == HIV
    assert not await is_seen(database)


@pytest.mark.anyio
async def test_what_is_nobodys_has_no_label(database: Database) -> None:
    organization = Put("Organization", "", "i1", an_organization("i1"))
    await wrote(database, organization, Put("Patient", "h1", "h1", a_patient("h1")))
    async with database.reading() as reader:
        assert await labelling.labels_of(reader, [("Organization", "i1"), ("Patient", "h1")]) == {
            ("Patient", "h1"): 0
        }
        found = await versions.read(reader, "Organization", "i1", NORMAL)
    assert "security" not in found.resource()["meta"]


@pytest.mark.anyio
async def test_a_source_that_says_less_keeps_the_label(database: Database) -> None:
    await wrote(database, result("7917-8"))
    await wrote(database, result("8867-4"))
    assert await label(database) == HIV
    tagged = {"security": [{"system": "urn:x", "code": "MINE"}]}
    await wrote(database, result("8867-4", meta=tagged))
    assert await label(database) == HIV


@pytest.mark.anyio
async def test_a_version_that_says_more_hides_the_ones_before(database: Database) -> None:
    await wrote(database, result())
    assert await is_seen(database)
    await wrote(database, result(note=[{"text": "梅毒"}]))
    assert confidentiality(await label(database)) == 1
    assert not await is_seen(database)
    assert not await is_seen(database, 1)


@pytest.mark.anyio
async def test_a_source_may_restrict_and_cannot_take_it_back(database: Database) -> None:
    system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    for code in ("V", "N", "R"):
        meta = {"security": [{"system": system, "code": code}]}
        await wrote(database, result(meta=meta))
        assert await label(database) == label_with(2, ASSIGNED)


@pytest.mark.anyio
async def test_its_own_tags_coming_back_change_nothing(database: Database) -> None:
    await wrote(database, result("7917-8"))
    async with database.reading() as reader:
        tree = (await versions.read(reader, *REF, ALL)).resource()
    await wrote(database, Put("Observation", "h1", "o1", tree, None, "r1"))
    assert await label(database) == HIV


@pytest.mark.anyio
async def test_an_unknown_code_that_gets_its_map_is_known(database: Database) -> None:
    await wrote(database, result("99999-9", "m1", label=label_with(1, UNMAPPED)))
    assert await label(database) == label_with(1, UNMAPPED)
    await wrote(database, result("8867-4", "m1", label=0))
    assert await label(database) == 0
    assert await is_seen(database, 1)


@pytest.mark.anyio
@pytest.mark.parametrize("writer", ["institution:91110000MA01234567", None])
async def test_a_client_cannot_make_an_unknown_code_known(
    database: Database, writer: str | None
) -> None:
    await wrote(database, result("99999-9", writer))
    await wrote(database, result("8867-4", writer))
    assert topics(await label(database)) == (Topic.UNMAPPED,)


@pytest.mark.anyio
async def test_a_version_that_comes_late_raises_what_stands(database: Database) -> None:
    await wrote(database, result("8867-4", "m2"))
    async with database.unit() as unit:
        standing = (await resources.current(unit, [REF]))[REF]
        await resources.reinstate(unit, result("7917-8", "m1"), standing, now_us=2_000_000)
    assert await label(database) == HIV


@pytest.mark.anyio
async def test_what_is_deleted_keeps_its_label_and_gives_it_on(database: Database) -> None:
    await wrote(database, result("7917-8"))
    async with database.unit() as unit:
        standing = (await resources.current(unit, [REF]))[REF]
        await rewriting.delete(unit, standing, None, 2_000_000)
    async with database.reading() as reader:
        rows = await reader.fetch("SELECT label FROM resource_history WHERE id = 'o1'")
    assert [row[0] for row in rows] == [HIV, HIV]
    await wrote(database, result())
    assert await label(database) == HIV


@pytest.mark.anyio
async def test_what_comes_again_saying_more_hides_what_was_deleted(database: Database) -> None:
    await wrote(database, result())
    async with database.unit() as unit:
        standing = (await resources.current(unit, [REF]))[REF]
        await rewriting.delete(unit, standing, None, 2_000_000)
    assert await is_seen(database, 1)
    await wrote(database, result("7917-8"))
    assert await label(database) == HIV
    assert not await is_seen(database, 1)


@pytest.mark.anyio
async def test_a_label_is_set_where_the_row_lies(database: Database) -> None:
    await wrote(database, result("7917-8"))
    await wrote(database, result("7917-8", status="corrected"))
    async with database.unit() as unit:
        rows = await relabelling.of_refs(unit, [REF])
        lower = label_with(0, bit(Topic.HIV) | ASSIGNED)
        assert await relabelling.set_labels(unit, {REF: lower}, rows) == 1
        assert await relabelling.set_labels(unit, {}, rows) == 0
    assert await label(database) == lower
    assert await is_seen(database)
    async with database.reading() as reader:
        found = await versions.read(reader, *REF, ALL)
        report = await reader.fetchval("SELECT report FROM observation WHERE id = 'o1'")
    assert (found.version, found.updated_us, report) == (2, 1_000_000, "r1")


@pytest.mark.anyio
async def test_a_row_without_a_label_is_restricted_until_it_has_one(database: Database) -> None:
    await wrote(database, result())
    async with database.unit() as unit:
        await relabel(unit, "Observation", None)
    assert not await is_seen(database)
    async with database.reading() as reader:
        assert await relabelling.count(reader, "Observation") == 1
        assert await relabelling.keys_after(reader, "Observation", relabelling.START, 9) == [
            ("o1", "h1")
        ]
    await wrote(database, result(status="corrected"))
    assert await is_seen(database)


LOCAL = {"system": "urn:lab", "code": "X7"}
UNKNOWN = label_with(1, UNMAPPED)


@pytest.mark.anyio
async def test_what_comes_late_is_no_reading_of_what_stands(database: Database) -> None:
    await wrote(database, result("99999-9", "m2", label=UNKNOWN))
    async with database.unit() as unit:
        standing = (await resources.current(unit, [REF]))[REF]
        await resources.reinstate(unit, result(message="m1", label=0), standing, now_us=2_000_000)
    assert await label(database) == UNKNOWN
    assert not await is_seen(database)


@pytest.mark.anyio
async def test_another_code_of_another_message_tells_nothing_of_the_first(
    database: Database,
) -> None:
    await wrote(database, result("99999-9", "m1", label=UNKNOWN))
    await wrote(database, result("8867-4", "m2", label=0))
    assert await label(database) == UNKNOWN
    assert not await is_seen(database, 1)


@pytest.mark.anyio
async def test_a_code_that_is_known_in_a_later_message_is_known_in_the_first(
    database: Database,
) -> None:
    one = result(message="m1", label=UNKNOWN)
    local = {**one.resource, "code": {"coding": [LOCAL]}}
    known = {**one.resource, "code": {"coding": [LOCAL, *one.resource["code"]["coding"]]}}
    await wrote(database, msgspec.structs.replace(one, resource=local))
    await wrote(database, msgspec.structs.replace(one, resource=known, message="m2", label=0))
    assert await label(database) == 0
    assert await is_seen(database, 1)


@pytest.mark.anyio
async def test_a_report_that_leaves_out_an_unknown_result_stays_restricted(
    database: Database,
) -> None:
    unknown = result(message="m1", label=UNKNOWN)
    tree = {**a_report("d1", "h1"), "result": [{"reference": "Observation/o1"}]}
    await wrote(database, unknown, Put("DiagnosticReport", "h1", "d1", tree, "m1", label=UNKNOWN))
    later = {**tree, "result": []}
    await wrote(database, Put("DiagnosticReport", "h1", "d1", later, "m2", label=0))
    ref = ("DiagnosticReport", "d1")
    async with database.reading() as reader:
        assert (await labelling.labels_of(reader, [ref]))[ref] == UNKNOWN
    await wrote(database, result(message="m1", label=0, note=[{"text": "again"}]))
    await wrote(database, Put("DiagnosticReport", "h1", "d1", tree, "m3", label=0))
    async with database.reading() as reader:
        assert (await labelling.labels_of(reader, [ref]))[ref] == 0
