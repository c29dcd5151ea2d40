"""Sites, clients, people, code maps, checks and decisions: small tables with their own laws."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hie.errors import Conflict, ResourceNotFound
from hie.store import checks, clients, code_maps, decisions, jti, sessions, sites, users
from hie.store.code_maps import MapState, Seen
from hie.store.database import Database
from hie.store.decisions import AlreadyDecided, Decision
from hie.store.jti import Use

DECISION = Decision(
    check="c1",
    ref="1",
    assessment="a1",
    decision="use",
    reason=None,
    text=None,
    explained=None,
    practitioner="dr1",
    institution="91A",
    at_us=5,
    key="k1",
    content_hash="x",
)


async def decide(db: Database, decision: Decision) -> tuple[Decision, str]:
    async with db.unit() as unit:
        return await decisions.record(unit, decision)


@pytest.mark.anyio
async def test_a_site_is_added_changed_and_disabled(database: Database) -> None:
    async def put(profile: str) -> bool:
        async with database.unit() as unit:
            return await sites.put(
                unit, site="lis-1", institution="91A", adapter="hl7v2", profile=profile, now_us=7
            )

    assert await put('charset = "gb18030"\n') is True
    assert await put("") is False
    async with database.unit() as unit:
        await sites.enable(unit, "lis-1", False, 8)
        with pytest.raises(ResourceNotFound):
            await sites.enable(unit, "lis-2", True, 8)
    async with database.reading() as reader:
        found = await sites.find(reader, "lis-1")
        assert found is not None
        assert (found.site.adapter, found.enabled, dict(found.site.profile)) == ("hl7v2", False, {})
        assert await sites.find(reader, "lis-2") is None
        assert [one.site.id for one in await sites.every(reader)] == ["lis-1"]
        assert await sites.version(reader) == 8


@pytest.mark.anyio
async def test_a_client_is_registered_once(database: Database) -> None:
    async def add() -> None:
        async with database.unit() as unit:
            await clients.add(
                unit,
                client="his-1",
                institution="91A",
                name="HIS",
                jwks={"keys": []},
                scopes=["system/Observation.rs", "user/*.r"],
                purposes=["TREAT"],
                now_us=1,
            )

    results = await asyncio.gather(*(add() for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(one, Conflict) for one in results) == 3
    async with database.unit() as unit:
        await clients.set_status(unit, "his-1", "suspended", 2)
        await clients.set_keys(unit, "his-1", {"keys": [{"kid": "1"}]}, 3)
        with pytest.raises(ResourceNotFound):
            await clients.set_status(unit, "nobody", "active", 2)
    async with database.reading() as reader:
        found = await clients.find(reader, "his-1")
        assert found is not None
        assert found.scopes == ("system/Observation.rs", "user/*.r")
        assert found.status == "suspended"
        assert found.jwks == '{"keys": [{"kid": "1"}]}'
        assert await clients.find(reader, "nobody") is None
        assert [one.id for one in await clients.everyone(reader)] == ["his-1"]
        assert await clients.version(reader) == 3


@pytest.mark.anyio
async def test_a_token_id_is_used_once_until_it_expires(database: Database) -> None:
    async def use(name: str, now: int = 0, most: int = 100, issuer: str = "his-1") -> Use:
        async with database.unit() as unit:
            return await jti.use(unit, issuer, name, expires_us=now + 10, now_us=now, most=most)

    results = await asyncio.gather(*(use("a") for _ in range(16)))
    assert sorted(results) == sorted([Use.FIRST, *[Use.REPEATED] * 15])
    assert await use("a", issuer="his-2") is Use.FIRST
    assert await use("b", most=1) is Use.TOO_MANY
    assert await use("c", issuer="his-3", most=1) is Use.FIRST
    assert await use("a", now=100, most=1) is Use.FIRST
    async with database.unit() as unit:
        assert await jti.clear(unit, 1_000) == 3


@pytest.mark.anyio
async def test_a_session_ends_with_its_time_its_password_and_its_person(
    database: Database,
) -> None:
    async def account(login: str) -> str:
        async with database.unit() as unit:
            return await users.add(
                unit,
                login=login,
                argon2="$argon2id$x",
                name="测试医生",
                role="clinician",
                institution="91A",
                department="心内科",
                lang="zh",
                now_us=1,
            )

    async def begin(secret: str, one: str) -> None:
        async with database.unit() as unit:
            await sessions.begin(unit, secret=secret, account=one, csrf="t", lang="zh", now_us=10)

    async def found(secret: str, **ages: Any) -> bool:
        async with database.reading() as reader:
            return await sessions.find(reader, secret, **ages) is not None

    doctor = await account("doctor")
    with pytest.raises(Conflict):
        await account("doctor")
    for secret in ("s1", "s2"):
        await begin(secret, doctor)
    assert await found("s1")
    assert not await found("s1", seen_after_us=11)
    async with database.unit() as unit:
        await sessions.seen(unit, "s1", 20)
        await sessions.set_lang(unit, "s1", "en")
    assert await found("s1", seen_after_us=11)
    assert not await found("s1", begun_after_us=11)
    async with database.unit() as unit:
        await sessions.end(unit, "s2")
    assert not await found("s2")
    async with database.unit() as unit:
        await users.rehash(unit, doctor, "$argon2id$y")
        await users.set_lang(unit, doctor, "en")
    assert await found("s1")
    async with database.unit() as unit:
        await users.set_password(unit, doctor, "$argon2id$z")
    assert not await found("s1")
    await begin("s3", doctor)
    async with database.unit() as unit:
        await users.set_status(unit, doctor, "suspended")
    assert not await found("s3")
    async with database.reading() as reader:
        row = await users.by_login(reader, "doctor")
        assert row is not None
        assert (row.argon2, row.status, row.lang) == ("$argon2id$z", "suspended", "en")
        assert await users.find(reader, doctor) == row
        assert [one.login for one in await users.everyone(reader)] == ["doctor"]
        assert await reader.fetchval("SELECT count(*) FROM session WHERE hash = 's3'") == 0
    async with database.unit() as unit:
        assert await sessions.clear(unit, 100) == 0
        with pytest.raises(ResourceNotFound):
            await users.set_status(unit, "nobody", "active")


@pytest.mark.anyio
async def test_codes_are_counted_and_their_state_is_a_persons(database: Database) -> None:
    seen = [
        Seen("local", "K", "钾", "mmol/L", sample="4.1"),
        Seen("local", "K", "钾", "mmol/L", sample="4.3"),
        Seen("", "NA", "钠"),
        Seen("", "x" * 501, "too long"),
    ]

    async def see(now: int) -> None:
        async with database.unit() as unit:
            await code_maps.see(unit, "lis-1", seen, now)

    await asyncio.gather(*(see(n) for n in range(1, 5)))
    async with database.unit() as unit:
        change = {"state": MapState.APPROVED, "item": "K", "by": "u1", "now_us": 9}
        assert await code_maps.decide(unit, "lis-1", "local", "K", **change)  # type: ignore[arg-type]
        assert not await code_maps.decide(unit, "lis-1", "local", "K", **change)  # type: ignore[arg-type]
        assert await code_maps.decide(unit, "lis-1", "local", "new", **change)  # type: ignore[arg-type]
        with pytest.raises(Conflict):
            await code_maps.decide(
                unit,
                "lis-1",
                "",
                "NA",
                state=MapState.REJECTED,
                item=None,
                by="u1",
                now_us=9,
                version=7,
            )
    await see(20)
    async with database.reading() as reader:
        found = await code_maps.find(reader, "lis-1")
        assert [(one.code, one.count, one.state) for one in found] == [
            ("K", 10, "approved"),
            ("NA", 5, "unmapped"),
            ("new", 0, "approved"),
        ]
        row = await code_maps.get(reader, "lis-1", "local", "K")
        assert (row.item, row.samples, row.first_us, row.last_us) == (
            "K",
            ("4.1", "4.3"),
            row.first_us,
            20,
        )
        assert [one.code for one in await code_maps.find(reader, "lis-1", "unmapped")] == ["NA"]
        assert set(await code_maps.maps_of(reader, "lis-1")) == {
            ("local", "K"),
            ("", "NA"),
            ("local", "new"),
        }
        assert await code_maps.version(reader, "lis-1") == 2
        assert await code_maps.version(reader, "lis-2") == 0
        with pytest.raises(ResourceNotFound):
            await code_maps.get(reader, "lis-1", "local", "nothing")
        assert await code_maps.messages_with(reader, "lis-1", [("", "K")]) == []


@pytest.mark.anyio
async def test_a_check_is_read_by_its_own_institution_digit_by_digit(database: Database) -> None:
    body = {"request": {"on": "x"}, "answer": {"value": Decimal("5.10")}, "facts": []}
    async with database.unit() as unit:
        key = await checks.add(
            unit,
            at_us=1,
            institution="91A",
            practitioner="dr1",
            person=None,
            on_us=2,
            policy="2026.1",
            body=body,
        )
    async with database.reading() as reader:
        found = await checks.get(reader, key, "91A")
        assert found.body == body
        assert str(found.body["answer"]["value"]) == "5.10"
        with pytest.raises(ResourceNotFound):
            await checks.get(reader, key, "91B")


@pytest.mark.anyio
async def test_a_decision_repeated_is_unchanged_and_another_needs_to_name_it(
    database: Database,
) -> None:
    first, state = await decide(database, DECISION)
    assert state == "recorded"
    assert await decide(database, replace(DECISION, at_us=9)) == (first, "unchanged")
    other = replace(DECISION, decision="repeat", key="k2", content_hash="y", at_us=6)
    with pytest.raises(AlreadyDecided) as refused:
        await decide(database, other)
    assert refused.value.standing == first
    with pytest.raises(AlreadyDecided):
        await decide(database, replace(other, replaces="nothing"))
    with pytest.raises(AlreadyDecided):
        await decide(database, replace(other, key="k1"))
    second, state = await decide(database, replace(other, replaces=first.id))
    assert (state, second.replaces) == ("replaced", first.id)
    with pytest.raises(AlreadyDecided):
        await decide(database, replace(other, key="k3", content_hash="z", replaces=first.id))
    async with database.reading() as reader:
        assert await decisions.standing_of(reader, "c1", "1") == second
        assert [one.state for one in await decisions.of_check(reader, "c1")] == [
            "replaced",
            "recorded",
        ]
        assert await decisions.find(reader, first.id, "91B") is None
    with pytest.raises(Conflict):
        await decide(database, replace(DECISION, ref="2", replaces=first.id))


@pytest.mark.anyio
async def test_sixteen_decisions_at_once_leave_one_standing(database: Database) -> None:
    results = await asyncio.gather(
        *(decide(database, replace(DECISION, key=f"k{n}", content_hash=str(n))) for n in range(16)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, AlreadyDecided) for one in results) == 15
    same = replace(DECISION, ref="2")
    again = await asyncio.gather(*(decide(database, same) for _ in range(16)))
    states = [state for _, state in again]
    assert sorted(states) == ["recorded", *["unchanged"] * 15]
    assert len({one.id for one, _ in again}) == 1


@pytest.mark.anyio
async def test_a_session_in_a_frame_is_another_and_opens_one_patient(database: Database) -> None:
    async with database.unit() as unit:
        doctor = await users.add(
            unit, login="doctor", argon2="x", name="n", role="clinician", institution="91A",
            department="d", lang="zh", now_us=1,
        )  # fmt: skip
        for secret, framed in (("window", False), ("frame", True)):
            await sessions.begin(
                unit, secret=secret, account=doctor, csrf="t", lang="zh", now_us=10, framed=framed
            )
    async with database.unit() as unit:
        for secret in ("window", "frame"):
            await sessions.launch(unit, sessions.hash_of(database, secret), "p1")
    async with database.reading() as reader:
        found = [
            await sessions.find(reader, secret, framed=framed)
            for secret in ("window", "frame")
            for framed in (False, True)
        ]
        assert [one is not None for one in found] == [True, False, False, True]
        assert [one.frame for one in found if one is not None] == [None, "p1"]
        for secret, ages, expected in (
            ("window", (10, 11), True), ("window", (11, 10), False),
            ("frame", (11, 10), True), ("frame", (10, 11), False),
        ):  # fmt: skip
            hashed = sessions.hash_of(database, secret)
            begun, framed_us = ages
            goes_on = await sessions.alive(
                reader, hashed, begun_after_us=begun, framed_after_us=framed_us
            )
            assert goes_on is expected
