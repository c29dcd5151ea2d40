"""A message is kept before it is acknowledged, and once however often it comes."""

import asyncio

import pytest

from hie.adapter import Issue, Severity
from hie.errors import Conflict, ResourceNotFound
from hie.store import message_issues, message_list, message_records, messages
from hie.store.database import Database
from hie.store.messages import Settlement, State

CONTENT = "MSH|^~\\&|LIS|A|HIE|B|20260615||ORU^R01|1|P|2.4\r姓名".encode()


async def keep(db: Database, content: bytes = CONTENT, **other: object) -> messages.Kept:
    given = {
        "site": "lis-1",
        "channel": "http",
        "native_id": "1",
        "media": "application/hl7-v2",
        "received_us": 1_000,
        "meta": {"client": "lis"},
    }
    return await messages.keep(db, content=content, **{**given, **other})  # type: ignore[arg-type]


@pytest.mark.anyio
async def test_a_kept_message_is_read_back_byte_by_byte(database: Database) -> None:
    kept = await keep(database)
    assert kept.state is State.KEPT
    assert kept.duplicate_of is None
    async with database.reading() as reader:
        assert await messages.content(reader, kept.id) == CONTENT
        message = await messages.get(reader, kept.id)
    assert message.size == len(CONTENT)
    assert message.meta == {"client": "lis"}


@pytest.mark.anyio
async def test_the_same_message_from_sixteen_connections_is_one_row(database: Database) -> None:
    receipts = await asyncio.gather(*(keep(database) for _ in range(16)))
    assert sum(receipt.duplicate_of is None for receipt in receipts) == 1
    assert len({receipt.id for receipt in receipts}) == 1
    async with database.reading() as reader:
        assert await reader.fetchval("SELECT count(*) FROM message") == 1


@pytest.mark.anyio
async def test_another_site_channel_number_or_content_is_another_message(
    database: Database,
) -> None:
    first = await keep(database)
    others = [
        await keep(database, site="lis-2"),
        await keep(database, channel="mllp"),
        await keep(database, native_id="2"),
        await keep(database, native_id=None),
        await keep(database, content=CONTENT + b"\r"),
    ]
    assert len({first.id, *(other.id for other in others)}) == 6
    assert all(other.duplicate_of is None for other in others)


@pytest.mark.anyio
async def test_two_workers_never_take_the_same_message(database: Database) -> None:
    for number in range(10):
        await keep(database, native_id=str(number))
    async with database.reading() as reader:
        assert await message_list.oldest_waiting_us(reader) == 1_000
    taken: list[str] = []

    async def worker() -> None:
        async with database.unit() as unit:
            mine = await messages.take(unit, 4)
            await asyncio.sleep(0)
            await messages.settle(
                unit, [Settlement(one.id, State.STORED, "store") for one in mine], 5
            )
            taken.extend(one.id for one in mine)

    await asyncio.gather(*(worker() for _ in range(4)))
    assert len(taken) == len(set(taken)) >= 8


@pytest.mark.anyio
async def test_a_held_message_shows_its_issues_and_the_value_only_when_asked(
    database: Database,
) -> None:
    kept = await keep(database)
    issue = Issue("decode", "nm-not-numeric", Severity.HOLD, "OBX[3]-5", "a number", "阳性")
    async with database.unit() as unit:
        held = Settlement(kept.id, State.HELD, "decode", "ORU^R01", 7, [issue])
        await messages.settle(unit, [held], 9)
    async with database.reading() as reader:
        state, issues = await messages.state(reader, kept.id)
        assert state is State.HELD
        assert [(one.code, one.found) for one in issues] == [("nm-not-numeric", None)]
        shown = await message_issues.of(reader, kept.id, with_found=True)
        assert shown == [issue]
        stored = await reader.fetchval("SELECT found FROM message_issue")
        assert "阳性".encode() not in bytes(stored)
        assert await message_issues.codes(reader, [kept.id]) == {kept.id: ["nm-not-numeric"]}
        assert (await message_list.find(reader, code="nm-not-numeric"))[0][0].kind == "ORU^R01"
        assert await message_list.count(reader, "lis-1") == {State.HELD: 1}


@pytest.mark.anyio
async def test_a_replayed_message_gets_new_issues_and_keeps_what_it_produced(
    database: Database,
) -> None:
    kept = await keep(database)
    issue = Issue("decode", "x", Severity.WARN, "OBX[1]-5")
    async with database.unit() as unit:
        await messages.settle(
            unit,
            [
                Settlement(
                    kept.id, State.STORED, "store", issues=[issue], records=[("Patient", "a", 1)]
                )
            ],
            9,
        )
    async with database.unit() as unit:
        await messages.again(unit, [kept.id], 10)
        mine = await messages.take_one(unit, kept.id)
        assert mine is not None
        assert mine.attempts == 1
        await messages.settle(
            unit, [Settlement(kept.id, State.STORED, "store", records=[("Patient", "a", 2)])], 11
        )
    async with database.reading() as reader:
        assert await messages.state(reader, kept.id) == (State.STORED, [])
        assert await message_records.produced(reader, kept.id) == [
            ("Patient", "a", 1),
            ("Patient", "a", 2),
        ]


@pytest.mark.anyio
async def test_only_a_held_message_is_dropped_and_its_bytes_stay(database: Database) -> None:
    kept = await keep(database)
    with pytest.raises(Conflict):
        async with database.unit() as unit:
            await messages.drop(unit, kept.id, "sent by mistake", 5)
    with pytest.raises(ResourceNotFound):
        async with database.unit() as unit:
            await messages.drop(unit, "nothing", "sent by mistake", 5)
    async with database.unit() as unit:
        await messages.settle(unit, [Settlement(kept.id, State.HELD, "decode")], 6)
        await messages.drop(unit, kept.id, "sent by mistake", 7)
    async with database.reading() as reader:
        assert (await messages.get(reader, kept.id)).dropped_reason == "sent by mistake"
        assert await messages.content(reader, kept.id) == CONTENT


@pytest.mark.anyio
async def test_pages_of_messages_name_each_once_newest_first(database: Database) -> None:
    for number in range(7):
        await keep(database, native_id=str(number), received_us=1_000 + number // 2)
    seen: list[str] = []
    page = None
    async with database.reading() as reader:
        while True:
            found, page = await message_list.find(reader, site="lis-1", limit=3, page=page)
            seen += [one.id for one in found]
            if page is None:
                break
    assert len(seen) == len(set(seen)) == 7


@pytest.mark.anyio
async def test_the_bytes_of_a_message_do_not_lie_open_in_the_database(database: Database) -> None:
    await keep(database)
    async with database.reading() as reader:
        body = bytes(await reader.fetchval("SELECT body FROM message"))
    assert "姓名".encode() not in body
    assert b"ORU" not in body
