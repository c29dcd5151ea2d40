"""When an answer is given and what it says: original and enhanced mode, on store and on process."""

import asyncio

import pytest

from hie.app import work
from hie.intake.mllp_frames import framed
from tests.integration.intake.lis import PROFILE, Lis, message, msa, open_door
from tests.places import Place

pytestmark = pytest.mark.anyio
PROCESS = PROFILE + 'ack = "on_process"\n'


async def codes(lis: Lis, content: bytes) -> list[str]:
    """Every answer to a message; what the hub says to another one after it ends them."""
    lis.write(framed(content) + framed(message("END")))
    found: list[str] = []
    while True:
        answer = msa(await lis.answer())
        if answer[2] == "END":
            return found
        found.append(answer[1])


@pytest.mark.parametrize(
    ("accept", "application", "expected"),
    [
        ("", "", ["AA"]),
        ("AL", "AL", ["CA", "AA"]),
        ("AL", "NE", ["CA"]),
        ("NE", "AL", ["AA"]),
        ("NE", "NE", []),
        ("SU", "SU", ["CA", "AA"]),
        ("ER", "ER", []),
        ("AL", "", ["CA"]),
        ("", "AL", ["AA"]),
        ("al", "er", ["CA"]),
    ],
)
async def test_enhanced_mode_answers_what_was_asked_for_after_success(
    place: Place, accept: str, application: str, expected: list[str]
) -> None:
    async with open_door(place) as door, door.lis() as lis:
        assert await codes(lis, message(accept=accept, application=application)) == expected
        assert len(await door.messages()) == 2


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("accept", "application", "expected"),
    [
        ("AL", "AL", ["CR"]),
        ("ER", "NE", ["CR"]),
        ("NE", "AL", ["AR"]),
        ("SU", "ER", ["AR"]),
        ("NE", "NE", []),
        ("SU", "SU", []),
    ],
)
async def test_enhanced_mode_answers_what_was_asked_for_after_a_refusal(
    place: Place, accept: str, application: str, expected: list[str]
) -> None:
    async with open_door(place) as door, door.lis() as lis:
        refused = message(accept=accept, application=application, processing="T")
        assert await codes(lis, refused) == expected
        assert len(await door.messages()) == 1


async def test_on_process_answers_once_the_result_is_stored_or_says_what_is_wrong(
    place: Place,
) -> None:
    async with open_door(place, PROCESS) as door, door.lis() as lis:
        worker = asyncio.create_task(work(door.hub))
        assert await lis.code(message("1")) == "AA"
        assert await door.count("observation") == 1
        bad = message("2", version="2.5").replace(b"||||F\r", b"||||Q\r")
        answer = await lis.send(bad)
        assert msa(answer)[1:3] == ["AE", "2"]
        (error,) = [line.split("|") for line in answer if line.startswith("ERR")]
        assert error[2:5] == ["OBX^1^11", "103^Table value not found^HL70357", "E"]
        assert error[8].startswith("status-unknown")
        unmapped = message("3").replace(b"2823-3^K^LN", b"ZZ^local^L")
        assert await lis.code(unmapped) == "AA"  # a code map is the hub's work, not the sender's
        assert await lis.send(bad) == answer
        mixed = await codes(lis, message("4", accept="AL", application="AL"))
        assert mixed == ["CA", "AA"]
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        assert [m["state"] for m in await door.messages()] == [
            "stored",
            "held",
            "held",
            "stored",
            "stored",
        ]


@pytest.mark.parametrize("code", ["AR", "AE"])
async def test_what_is_not_processed_in_time_is_asked_for_again_and_is_kept(
    place: Place, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hie.intake.mllp_delivery.PROCESS_SECONDS", 0.1)
    profile = PROCESS + f'unavailable = "{code}"\n'
    async with open_door(place, profile) as door, door.lis() as lis:
        answer = await lis.send(message())
        assert msa(answer)[1:3] == [code, "1"]
        assert msa(answer)[3] == "kept, not processed yet: send again"
        assert [m["state"] for m in await door.messages()] == ["stored"]
        assert await lis.code(message()) == "AA"
        assert await door.count("message") == 1


async def test_an_answer_speaks_the_senders_delimiters_and_charset(place: Place) -> None:
    profile = '[mllp]\napplications = ["检验系统$西城医院", "检验系统^西城医院"]\n'
    text = (
        "MSH#$~\\&#检验系统#西城医院#平台#省厅#20260612113000##ORU$R01#甲1#P#2.4######GBK\r"
        "PID#1##P1###张三##19800101#F\r"
    )
    async with open_door(place, profile) as door, door.lis() as lis:
        lis.write(framed(text.encode("gb18030")))
        while not lis.ready:
            lis.ready += [e.content for e in lis.framer.feed(await lis.reader.read(4096))]  # type: ignore[union-attr]
        answer = lis.ready.pop().decode("gb18030").split("\r")
        assert answer[0].startswith("MSH#$~\\&#平台#省厅#检验系统#西城医院#2")
        assert answer[0].endswith("#P#2.4######GBK")
        assert answer[1] == "MSA#AA#甲1"


async def test_what_was_read_is_answered_before_the_door_closes(place: Place) -> None:
    async with open_door(place) as door:
        async with door.lis() as lis, door.lis() as idle:
            lis.write(b"".join(framed(message(str(n))) for n in range(200)))
            first = msa(await lis.answer())
            await door.listener.stop()
            answers = [first]
            while answer := await lis.answer():
                answers.append(msa(answer))
            assert {code for _, code, _ in answers} == {"AA"}
            assert await idle.answer() == []
        kept = await door.count("message")
        assert kept == len(answers)


async def test_a_sender_that_never_reads_is_held_back_and_nothing_grows(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hie.intake.mllp_connection._WRITE_SECONDS", 0.5)
    async with open_door(place) as door, door.lis() as lis:
        lis.writer.transport.pause_reading()  # type: ignore[attr-defined]
        flood = b"".join(framed(message(str(n), sender="X|Y" + "y" * 200)) for n in range(500))
        for _ in range(40):
            lis.write(flood)
            try:
                async with asyncio.timeout(0.2):
                    await lis.writer.drain()
            except (TimeoutError, ConnectionError):
                break
        assert door.listener._room.taken < 1 << 20
        async with door.lis() as other:
            assert await other.code(message("1")) == "AA"
        for _ in range(100):
            if len(door.listener._open) <= 1:
                break
            await asyncio.sleep(0.05)
        lis.writer.transport.abort()
    assert door.listener._room.taken == 0


async def test_one_connection_too_many_is_closed_and_the_others_go_on(place: Place) -> None:
    async with open_door(place, mllp_connections=2) as door:
        async with door.lis() as first, door.lis() as second:
            assert await first.code(message("1")) == "AA"
            async with door.lis() as third:
                assert await third.answer() == []
            assert await second.code(message("2")) == "AA"
        await asyncio.sleep(0.1)
        async with door.lis() as fourth:
            assert await fourth.code(message("3")) == "AA"
