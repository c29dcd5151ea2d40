"""Versions of resources: claimed once, written in order, served byte for byte, and restricted."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from hie.access.policy import Restriction
from hie.errors import HubError, ResourceNotFound
from hie.fhir.wire import parse, write
from hie.store import locate, resources, results, versions
from hie.store.database import Database
from hie.store.resources import Put
from hie.store.served import Stored
from tests.builders import a_patient, a_report, an_observation, an_organization
from tests.places import Place

ALL = Restriction()
SYSTEM = "https://hie.example/fhir/sid/site/lis-1/result"


def homes(*names: str) -> Restriction:
    return Restriction(homes=frozenset(names))


async def wrote(db: Database, *puts: Put, now_us: int = 1_000_000) -> list[tuple[str, str, int]]:
    async with db.unit() as unit:
        return await resources.put(unit, puts, now_us=now_us)


async def read(db: Database, kind: str, key: str, seen: Restriction = ALL, **other: int) -> Stored:
    async with db.reading() as reader:
        return await versions.read(reader, kind, key, seen, **other)


def observed(key: str = "o1", home: str = "h1", message: str | None = None, **other: object) -> Put:
    resource = an_observation(key, home, **other)  # type: ignore[arg-type]
    return Put("Observation", home, key, resource, message, report="r1")


@pytest.mark.anyio
async def test_sixteen_claims_of_the_same_keys_get_one_id(database: Database) -> None:
    keys = [("Observation", SYSTEM, f"F1/{n}/") for n in range(5)]

    async def claim(turned: bool) -> dict[locate.Key, tuple[str, bool]]:
        async with database.unit() as unit:
            return await locate.claim(unit, "inst", keys[::-1] if turned else keys)

    claims = await asyncio.gather(*(claim(bool(n % 2)) for n in range(16)))
    for key in keys:
        assert len({one[key][0] for one in claims}) == 1
        assert sum(one[key][1] for one in claims) == 1


@pytest.mark.anyio
async def test_a_claim_that_was_rolled_back_leaves_the_key_free(database: Database) -> None:
    key = ("Patient", SYSTEM, "P1")

    async def fail() -> None:
        async with database.unit() as unit:
            await locate.claim(unit, "inst", [key])
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await fail()
    async with database.unit() as unit:
        made = await locate.claim(unit, "inst", [key])
    assert made[key][1]
    async with database.reading() as reader:
        assert await locate.find_keys(reader, "inst", [key]) == {key: made[key][0]}


@pytest.mark.anyio
async def test_keys_of_another_owner_type_or_system_are_other_keys(database: Database) -> None:
    async with database.unit() as unit:
        ids = {
            (await locate.claim(unit, owner, [key]))[key][0]
            for owner in ("a", "b")
            for key in (("Patient", "s", "1"), ("Device", "s", "1"), ("Patient", "t", "1"))
        }
    assert len(ids) == 6


@pytest.mark.anyio
async def test_a_resource_is_served_byte_by_byte_with_its_digits(database: Database) -> None:
    await wrote(database, observed(message="m1", value="5.10"), now_us=1_780_000_000_123_456)
    found = await read(database, "Observation", "o1")
    assert parse(found.body)["valueQuantity"]["value"] == Decimal("5.10")
    assert b'"value":5.10' in found.body
    assert write(found.resource()) == found.body
    assert found.body.startswith(
        b'{"resourceType":"Observation","id":"o1","meta":{"versionId":"1",'
        b'"lastUpdated":"2026-05-28T20:26:40.123456Z","source":"urn:hie:message:m1",'
        b'"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality",'
        b'"code":"N","display":"normal"}]}'
    )
    assert found.reference == "Observation/o1/_history/1"


@pytest.mark.anyio
async def test_a_new_version_keeps_the_one_before(database: Database) -> None:
    await wrote(database, observed(value="4.1"), now_us=1)
    assert await wrote(database, observed(value="4.2"), now_us=2) == [("Observation", "o1", 2)]
    assert (await read(database, "Observation", "o1")).version == 2
    before = await read(database, "Observation", "o1", version=1)
    assert b'"value":4.1' in before.body
    async with database.reading() as reader:
        every = await versions.history(reader, "Observation", "o1", ALL)
        assert [one.version for one in every] == [2, 1]
        page = await versions.history(reader, "Observation", "o1", ALL, limit=1, before=2)
        assert [one.version for one in page] == [1]
        assert [
            one.version
            for one in await versions.history(reader, "Observation", "o1", ALL, since_us=2)
        ] == [2]


@pytest.mark.anyio
async def test_two_versions_in_one_unit_follow_one_another(database: Database) -> None:
    made = await wrote(database, observed(value="1"), observed("o2"), observed(value="2"))
    assert made == [("Observation", "o1", 1), ("Observation", "o2", 1), ("Observation", "o1", 2)]
    assert b'"value":2' in (await read(database, "Observation", "o1")).body


@pytest.mark.anyio
async def test_versions_written_at_once_are_numbered_without_a_gap(database: Database) -> None:
    await wrote(database, observed(value="0"))
    await asyncio.gather(*(wrote(database, observed(value=str(n))) for n in range(8)))
    async with database.reading() as reader:
        every = await versions.history(reader, "Observation", "o1", ALL)
    assert [one.version for one in every] == list(range(9, 0, -1))


@pytest.mark.anyio
async def test_what_came_late_is_in_history_and_the_standing_version_stands(
    database: Database,
) -> None:
    await wrote(database, observed(value="4.2", status="corrected", message="m2"), now_us=1)
    late = observed(value="4.1", message="m1")
    async with database.unit() as unit:
        standing = (await resources.current(unit, [("Observation", "o1")]))["Observation", "o1"]
        assert await resources.reinstate(unit, late, standing, now_us=2) == 2
    now = await read(database, "Observation", "o1")
    assert (now.version, now.message) == (3, "m2")
    assert now.resource()["status"] == "corrected"
    assert now.resource()["meta"]["versionId"] == "3"
    then = await read(database, "Observation", "o1", version=2)
    assert (then.message, then.resource()["status"]) == ("m1", "final")
    async with database.reading() as reader:
        found = await results.by_item(reader, ["h1"], ["K"], ALL)
    assert [(one.version, report) for one, report in found] == [(3, "r1")]


@pytest.mark.anyio
async def test_typed_columns_say_what_the_resource_says(database: Database) -> None:
    await wrote(database, observed())
    async with database.reading() as reader:
        row = await reader.fetchrow(
            "SELECT code_system, code, local_system, local_code, item, category, status,"
            " effective_us, effective_end_us, issued_us, report FROM observation"
        )
    assert tuple(row)[:7] == (
        "LN",
        "2823-3",
        "~site/lis-1/local",
        "K",
        "K",
        "laboratory",
        "final",
    )
    assert row[8] - row[7] == 999_999
    assert row[10] == "r1"


@pytest.mark.anyio
async def test_hidden_is_answered_like_absent(database: Database) -> None:
    await wrote(database, observed(), observed("o2", "h2"))
    for seen in (homes("h2"), homes(), Restriction(types=frozenset({"Patient"}))):
        with pytest.raises(ResourceNotFound) as hidden:
            await read(database, "Observation", "o1", seen)
        with pytest.raises(ResourceNotFound) as absent:
            await read(database, "Observation", "nothing", seen)
        assert str(hidden.value) == str(absent.value)
    await wrote(database, observed(value="9"))
    with pytest.raises(ResourceNotFound):
        await read(database, "Observation", "o1", homes("h2"), version=1)
    async with database.reading() as reader:
        with pytest.raises(ResourceNotFound):
            await versions.history(reader, "Observation", "o1", homes("h2"))


@pytest.mark.anyio
async def test_a_version_that_never_was_is_not_found(database: Database) -> None:
    await wrote(database, observed())
    with pytest.raises(ResourceNotFound):
        await read(database, "Observation", "o1", version=2)
    with pytest.raises(ResourceNotFound):
        await read(database, "Observation", "o1", version=0)
    with pytest.raises(ResourceNotFound):
        await read(database, "Unknown", "o1")


@pytest.mark.anyio
async def test_a_restriction_to_homes_does_not_hide_what_is_nobodys(database: Database) -> None:
    await wrote(database, Put("Organization", "", "org1", an_organization("org1")))
    assert (await read(database, "Organization", "org1", homes("h1"))).home == ""


@pytest.mark.anyio
async def test_a_restriction_to_sites_shows_what_these_sites_sent(database: Database) -> None:
    async with database.unit() as unit:
        for message, site in (("m1", "lis-1"), ("m2", "lis-2")):
            await unit.execute(
                "INSERT INTO message (id, site, channel, content_hash, media, size, received_us,"
                " state, stage, attempts, meta, updated_us, body)"
                " VALUES ($1, $2, 'http', '', '', 0, 0, 'stored', '', 0, '{}', 0, $3)",
                message,
                site,
                b"",
            )
    await wrote(database, observed(message="m1"), observed("o2", message="m2"))
    one = Restriction(sites=frozenset({"lis-1"}))
    assert (await read(database, "Observation", "o1", one)).id == "o1"
    with pytest.raises(ResourceNotFound):
        await read(database, "Observation", "o2", one)


@pytest.mark.anyio
async def test_results_of_an_item_come_newest_first_with_unstated_times(
    database: Database,
) -> None:
    days = ("2026-06-01", "2026-06-12T08:10:00+08:00", "2025-01-01")
    puts = [observed(f"o{n}", effective=day) for n, day in enumerate(days)]
    unstated = observed("o9")
    del unstated.resource["effectiveDateTime"]
    await wrote(database, *puts, unstated, observed("other", "h2"), observed("x", item="K"))
    since = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z
    async with database.reading() as reader:
        found = await results.by_item(reader, ["h1"], ["K"], homes("h1"), since_us=since)
    assert {one.id for one, _ in found} == {"o0", "o1", "o9", "x"}
    dated = [one.id for one, _ in found if one.id in {"o0", "o1"}]
    assert dated == ["o1", "o0"]


@pytest.mark.anyio
async def test_what_was_known_at_an_instant_is_the_version_of_then(database: Database) -> None:
    await wrote(database, observed(value="1"), now_us=10)
    await wrote(database, observed(value="2"), now_us=20)
    await wrote(database, observed("o2"), now_us=30)
    async with database.reading() as reader:
        for at, expected in ((5, {}), (10, {"o1": 1}), (25, {"o1": 2}), (30, {"o1": 2, "o2": 1})):
            found = await results.by_item(reader, ["h1"], ["K"], ALL, known_at_us=at)
            assert {one.id: one.version for one, _ in found} == expected


@pytest.mark.anyio
async def test_every_type_is_written_read_and_located(database: Database) -> None:
    patient = Put("Patient", "h1", "h1", a_patient("h1"))
    report = Put("DiagnosticReport", "h1", "r1", a_report("r1", "h1", results=("o1",)))
    plain = [
        Put(kind, "h1" if kind in {"Specimen", "ServiceRequest", "Provenance"} else "", "x", {})
        for kind in (
            "Specimen",
            "ServiceRequest",
            "Provenance",
            "Practitioner",
            "PractitionerRole",
            "Device",
        )
    ]
    await wrote(database, patient, report, *plain)
    async with database.reading() as reader:
        assert await locate.locate(reader, "DiagnosticReport", "r1") == "h1"
        assert await locate.locate(reader, "Device", "x") == ""
        assert await locate.locate(reader, "Device", "y") is None
        assert await locate.locate(reader, "Unknown", "x") is None
        found = await versions.read_many(reader, "Patient", ["h1", "h2"], ALL)
        assert list(found) == ["h1"]
        assert await reader.fetchval("SELECT category FROM diagnostic_report") == "LAB"


@pytest.mark.anyio
async def test_a_resource_never_moves_to_another_home(database: Database) -> None:
    await wrote(database, observed())
    with pytest.raises(HubError, match="home"):
        await wrote(database, observed(home="h2"))
    assert (await read(database, "Observation", "o1")).version == 1


@pytest.mark.anyio
async def test_of_two_units_that_wait_for_each_other_one_is_told_to_try_again(
    postgres_place: Place,
) -> None:
    database = await Database.open(postgres_place.url, postgres_place.data_dir)
    both = asyncio.Barrier(2)

    async def work(first: str, second: str) -> None:
        async with database.unit() as unit:
            await locate.claim(unit, "inst", [("Patient", SYSTEM, first)])
            await both.wait()
            await locate.claim(unit, "inst", [("Patient", SYSTEM, second)])

    results_ = await asyncio.gather(work("1", "2"), work("2", "1"), return_exceptions=True)
    assert sorted(type(one).__name__ for one in results_) == ["Contended", "NoneType"]
    await database.close()


@pytest.mark.anyio
async def test_a_first_version_made_early_is_stored_as_any_other(database: Database) -> None:
    async with database.unit() as unit:
        early = resources.first(unit, observed("o1"), 1_000_000)
        made = await resources.put(
            unit, [early, observed("o1", status="amended"), observed("o2")], now_us=1_000_000
        )
    assert set(made) == {
        ("Observation", "o1", 1),
        ("Observation", "o1", 2),
        ("Observation", "o2", 1),
    }
    first = await read(database, "Observation", "o1", version=1)
    other = await read(database, "Observation", "o2")
    assert first.body.replace(b"o1", b"o2") == other.body
    assert (await read(database, "Observation", "o1")).resource()["status"] == "amended"


@pytest.mark.anyio
async def test_whether_a_consent_means_what_is_written_is_asked_once(database: Database) -> None:
    await wrote(database, observed("o1"))
    async with database.unit() as unit:
        asked: list[str] = []
        fetch = unit.fetch

        async def heard(sql: str, *args: Any) -> Any:
            asked.extend([sql] if "consent_rule" in sql else [])
            return await fetch(sql, *args)

        unit.fetch = heard  # type: ignore[method-assign]
        await resources.put(unit, [Put("Organization", "", "i1", an_organization("i1"))])
        assert asked == []
        await resources.put(unit, [observed("o1"), observed("o2"), observed("o1")])
        assert len(asked) == 1
