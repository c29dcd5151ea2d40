"""Framing and transport over a real socket: every defect has one answer, and loses nothing."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest

from hie.intake.mllp_frames import framed
from hie.store.sqlite import Sqlite
from tests.integration.intake.lis import PROFILE, Door, message, msa, open_door
from tests.places import Place, at, statement

pytestmark = pytest.mark.anyio


@pytest.fixture
async def door(place: Place) -> AsyncIterator[Door]:
    async with open_door(place) as opened:
        yield opened


async def test_a_split_frame_is_one_message(door: Door) -> None:
    async with door.lis() as lis:
        for byte in framed(message()):
            lis.write(bytes([byte]))
            await asyncio.sleep(0)
        assert msa(await lis.answer()) == ["MSA", "AA", "1"]
    assert [m["state"] for m in await door.messages()] == ["stored"]


async def test_several_frames_in_one_read_are_answered_in_order(door: Door) -> None:
    async with door.lis() as lis:
        lis.write(b"".join(framed(message(str(n))) for n in range(100)))
        assert [msa(await lis.answer())[2] for _ in range(100)] == [str(n) for n in range(100)]
    assert [m["native_id"] for m in await door.messages()] == [str(n) for n in range(50, 100)]


async def test_noise_and_a_missing_last_cr_are_tolerated(door: Door) -> None:
    async with door.lis() as lis:
        lis.write(b"hello\r\n" + framed(message("1")) + b"\x00\x00??" + framed(message("2"))[:-1])
        assert [msa(await lis.answer())[1:] for _ in range(2)] == [["AA", "1"], ["AA", "2"]]
        lis.write(framed(message("3"))[:-1] + b"\n" + framed(message("4")))
        assert [msa(await lis.answer())[1:] for _ in range(2)] == [["AA", "3"], ["AA", "4"]]


async def test_a_frame_that_another_one_cuts_off_is_held_and_the_other_is_taken(
    door: Door,
) -> None:
    cut = message("1")[:-30]
    async with door.lis() as lis:
        lis.write(b"\x0b" + cut + framed(message("1")))
        assert msa(await lis.answer())[1:] == ["AA", "1"]
    first, second = await door.messages()
    assert (first["state"], second["state"]) == ("held", "stored")
    assert "frame-truncated" in first["codes"]
    assert "number-repeated" not in second["codes"]


async def test_a_connection_lost_within_a_frame_leaves_nothing(door: Door) -> None:
    async with door.lis() as lis:
        assert await lis.code(message("1")) == "AA"
        lis.write(framed(message("2"))[:-40])
        await lis.writer.drain()
    assert [m["native_id"] for m in await door.messages()] == ["1"]


async def test_an_oversize_frame_is_refused_with_its_number_and_the_next_is_taken(
    place: Place,
) -> None:
    async with open_door(place, intake_limit=10_000) as door, door.lis() as lis:
        long = message("LONG") + b"NTE|1||" + b"x" * 50_000 + b"\r"
        lis.write(framed(long) + framed(message("2")))
        refused = await lis.answer()
        assert msa(refused)[1:3] == ["AR", "LONG"]
        assert any("207" in line for line in refused if line.startswith("ERR"))
        assert msa(await lis.answer())[1:] == ["AA", "2"]
        assert [m["native_id"] for m in await door.messages()] == ["2"]


async def test_who_says_nothing_or_too_little_is_hung_up_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hie.intake.mllp_connection._FRAME_SECONDS", 0.3)
    async with open_door(place, mllp_idle_seconds=0.3) as door:
        async with door.lis() as lis:
            assert await lis.answer() == []
        async with door.lis() as lis:
            for byte in framed(message())[:20]:
                lis.write(bytes([byte]))
                await asyncio.sleep(0.03)
            assert await lis.answer() == []
        async with door.lis() as lis:  # noise is no frame
            for _ in range(20):
                lis.write(b"\r\n")
                await asyncio.sleep(0.03)
            assert await lis.answer() == []
        assert await door.count("message") == 0


@pytest.mark.parametrize("sender", ["OTHER|HOSP", "LIS|OTHER", "LIS|", "|"])
async def test_an_unknown_application_is_refused_and_recorded(door: Door, sender: str) -> None:
    async with door.lis() as lis:
        assert msa(await lis.send(message("7", sender=sender)))[1:3] == ["AR", "7"]
        assert await lis.code(message("8")) == "AA"
    async with door.hub.db.reading() as reader:
        rows = await reader.fetch(
            "SELECT kind, network, reason, detail FROM audit_access WHERE type = 'refused'"
        )
    assert [tuple(row) for row in rows] == [
        ("stranger", "127.0.0.1", "status", "mllp unknown-sender")
    ]
    assert await door.count("message") == 1


async def test_an_unknown_network_is_refused_and_hung_up_on(place: Place) -> None:
    profile = PROFILE + 'allow = ["127.0.0.1", "10.0.0.0/8"]\n'
    async with open_door(place, profile) as door:
        async with door.lis("127.0.0.2") as lis:
            assert await lis.code(message()) == "AR"
            assert await lis.answer() == []
        async with door.lis("127.0.0.2") as lis:  # a stranger's frame is small or none
            lis.write(b"\x0b" + message() + b"x" * 200_000)
            assert msa(await lis.answer())[1:3] == ["AR", "1"]
        async with door.lis() as lis:
            assert await lis.code(message()) == "AA"
        async with door.hub.db.reading() as reader:
            networks = await reader.fetch("SELECT network FROM audit_access WHERE type = 'refused'")
    assert [row[0] for row in networks] == ["127.0.0.2"] * 2


@pytest.mark.parametrize("processing", ["T", "D"])
async def test_a_test_message_on_a_production_door_is_refused(door: Door, processing: str) -> None:
    async with door.lis() as lis:
        answer = await lis.send(message(processing=processing))
        assert msa(answer)[1:3] == ["AR", "1"]
        assert "ERR|MSH^1^11^202&Unsupported processing id&HL70357" in answer
        await door.site('processing_ids = ["P", "T", "D"]\n' + PROFILE)
        await asyncio.sleep(0.6)
        assert await lis.code(message(processing=processing)) == "AA"


async def test_an_unsupported_type_is_left_aside_with_a_warning(door: Door) -> None:
    async with door.lis() as lis:
        for number, kind in enumerate(["SIU^S12", "DFT^P03", "ADT^A01", "ORU^R99"]):
            assert await lis.code(message(str(number), kind=kind)) == "AA"
    found = await door.messages()
    assert {m["state"] for m in found} == {"stored"}
    assert all("unsupported-type" in m["codes"] for m in found)
    assert await door.count("observation") == 0


async def test_an_unsupported_type_is_refused_where_the_profile_says_so(place: Place) -> None:
    async with open_door(place, PROFILE + 'unsupported = "refuse"\n') as door, door.lis() as lis:
        by_type = await lis.send(message(kind="SIU^S12"))
        assert any("^200&" in line for line in by_type)
        by_event = await lis.send(message(kind="ORU^R99", version="2.5"))
        assert "ERR||MSH^1^9|201^Unsupported event code^HL70357|E|||" in by_event[2]
        assert (msa(by_type)[1], msa(by_event)[1]) == ("AR", "AR")
        assert await lis.code(message("2")) == "AA"
        assert [m["native_id"] for m in await door.messages()] == ["2"]


async def test_a_strange_version_is_tried_and_refused_only_if_it_cannot_be_read(
    door: Door,
) -> None:
    async with door.lis() as lis:
        for number, version in enumerate(["2.1", "3.0", "2.10", "V2.4"]):
            assert await lis.code(message(str(number), version=version)) == "AA"
        bare = message("9", version="3.0").split(b"OBR")[0]
        answer = await lis.send(bare)
        assert msa(answer)[1] == "AR"
        assert any("203^Unsupported version id" in line for line in answer)
    found = await door.messages()
    assert [m["state"] for m in found] == ["stored"] * 4
    assert "version-unknown" in found[1]["codes"]


async def test_a_message_without_a_number_gets_one_from_its_content(door: Door) -> None:
    async with door.lis() as lis:
        first, again = [msa(await lis.send(message("")))[2] for _ in range(2)]
    assert first == again
    assert first.startswith("H")
    assert len(first) == 20
    (kept,) = await door.messages()
    assert kept["native_id"] == first
    assert "message-id-missing" in kept["codes"]


async def test_a_duplicate_is_answered_with_the_same_bytes_and_changes_nothing(
    door: Door,
) -> None:
    async with door.lis() as lis:
        answers = [await lis.send(message()) for _ in range(2)]
        lis.write(framed(message()) * 2)
        answers += [await lis.answer() for _ in range(2)]
    async with door.lis() as other:
        answers.append(await other.send(message()))
        await door.messages()
        answers.append(await other.send(message()))
    assert all(answer == answers[0] for answer in answers)
    assert (await door.count("message"), await door.count("observation")) == (1, 1)


async def test_a_number_used_again_with_other_content_is_processed_and_noticed(
    door: Door,
) -> None:
    async with door.lis() as lis:
        assert await lis.code(message("5", value="4.1")) == "AA"
        lis.write(framed(message("5", value="4.2")) * 2)
        assert [msa(await lis.answer())[1] for _ in range(2)] == ["AA", "AA"]
    first, second = await door.messages()
    assert first["codes"] == [c for c in second["codes"] if c != "number-repeated"]
    assert "number-repeated" in second["codes"]
    shown = await door.count("resource_history")
    assert (await door.count("observation"), shown > 0) == (1, True)


async def test_a_lost_acknowledgement_is_asked_for_again(door: Door) -> None:
    async with door.lis() as lis:
        lis.write(framed(message()))
        await lis.writer.drain()
        lis.writer.transport.abort()
    for _ in range(100):
        if await door.count("message"):
            break
        await asyncio.sleep(0.02)
    async with door.lis() as lis:
        assert await lis.code(message()) == "AA"
    assert len(await door.messages()) == 1


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
@pytest.mark.parametrize("code", ["AR", "AE"])
async def test_while_the_database_is_away_nothing_is_acknowledged(place: Place, code: str) -> None:
    assert place.url
    base, name = at(place.url, "postgres"), place.url.split("?")[0].rsplit("/", 1)[1]
    async with open_door(place, PROFILE + f'unavailable = "{code}"\n') as door:
        async with door.lis() as lis:
            assert await lis.code(message("1")) == "AA"
            statement(base, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            statement(
                base,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"  # noqa: S608
                f" WHERE datname = '{name}'",
            )
            answer = await lis.send(message("2"))
            assert msa(answer)[1:3] == [code, "2"]
            assert any("207" in line for line in answer if line.startswith("ERR"))
            statement(base, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            assert await lis.code(message("2")) == "AA"
        assert [m["state"] for m in await door.messages()] == ["stored", "stored"]


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_on_a_full_disk_the_message_is_refused_and_small_ones_still_come_in(
    place: Place,
) -> None:
    async with open_door(place) as door, door.lis() as lis:
        engine = door.hub.db._engine
        assert isinstance(engine, Sqlite)
        pages = engine._writer.execute("PRAGMA page_count").fetchone()[0]
        engine._writer.execute(f"PRAGMA max_page_count = {pages + 4}")
        noise = secrets.token_bytes(200_000).hex().encode()
        answer = await lis.send(message("1") + b"NTE|1||" + noise + b"\r")
        assert msa(answer)[1:3] == ["AR", "1"]
        assert any("207" in line for line in answer if line.startswith("ERR"))
        assert await door.count("message") == 0
        engine._writer.execute("PRAGMA max_page_count = 1000000")
        assert await lis.code(message("1") + b"NTE|1||" + noise + b"\r") == "AA"


def batch(*messages: bytes, count: int) -> bytes:
    head = b"FHS|^~\\&|LIS|HOSP|HIE|HUB\rBHS|^~\\&|LIS|HOSP|HIE|HUB|||||B77\r"
    return head + b"".join(messages) + f"BTS|{count}\rFTS|1\r".encode()


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
async def test_on_a_full_disk_of_the_server_the_message_is_refused_and_taken_later(
    place: Place,
) -> None:
    assert place.url
    full = (
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"
    )
    async with open_door(place) as door, door.lis() as lis:
        statement(place.url, full)
        trigger = "CREATE TRIGGER disk BEFORE INSERT ON message EXECUTE FUNCTION full_disk()"
        statement(place.url, trigger)
        answer = await lis.send(message("1"))
        assert msa(answer)[1:3] == ["AR", "1"]
        assert any("207" in line for line in answer if line.startswith("ERR"))
        statement(place.url, "DROP TRIGGER disk ON message")
        assert await lis.code(message("1")) == "AA"
        assert [m["state"] for m in await door.messages()] == ["stored"]


async def test_a_wrong_count_of_a_batch_is_noticed_and_all_is_taken(door: Door) -> None:
    async with door.lis() as lis:
        answer = await lis.send(batch(message("1"), message("2"), count=3))
    assert answer[0].startswith("BHS|^~\\&|HIE|HUB|LIS|HOSP|")
    assert answer[0].split("|")[11] == "B77"
    assert [line for line in answer if line.startswith("MSA")] == ["MSA|AA|1", "MSA|AA|2"]
    assert answer[-1] == "BTS|2"
    first, second = await door.messages()
    assert (first["state"], second["state"]) == ("stored", "stored")
    assert "batch-count" in second["codes"]


async def test_one_bad_message_of_a_batch_blocks_no_other(door: Door) -> None:
    bad = message("2").replace(b"OBX|1|NM|2823-3", b"OBX|1|NM|")[:-3] + b"\r"
    stranger = message("4", sender="X|Y")
    async with door.lis() as lis:
        answer = await lis.send(batch(message("1"), bad, message("3"), stranger, count=4))
    codes = [line.split("|")[1:3] for line in answer if line.startswith("MSA")]
    assert codes == [["AA", "1"], ["AA", "2"], ["AA", "3"], ["AR", "4"]]
    assert [m["state"] for m in await door.messages()] == ["stored", "held", "stored"]


@pytest.mark.parametrize(
    "content", [b"GET / HTTP/1.1", b"MSA|AA", b"MSH", b"MSHAAAAAA", "MSH|^~\\&|A".encode("utf-16")]
)
async def test_what_is_no_hl7_is_refused(door: Door, content: bytes) -> None:
    async with door.lis() as lis:
        assert await lis.code(content) == "AR"
        assert await lis.code(message()) == "AA"
    assert await door.count("message") == 1


async def test_hostile_bytes_come_back_in_no_answer(door: Door) -> None:
    hostile = message("A\x01\x7f1", sender="LIS^\x02|HOSP^\x0bMSX")
    async with door.lis() as lis:
        lis.write(framed(hostile))
        lis.write(framed(message("2")))
        first, second = await lis.answer(), await lis.answer()
    assert msa(first)[1:3] == ["AA", "A1"]
    assert msa(second)[1:3] == ["AA", "2"]
    assert "".join(first).isprintable()
