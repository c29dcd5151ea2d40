"""Other people's senders, the hub's own, and `kill -9` while messages arrive."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from hie.app import opened
from hie.exchange.process import drain
from hie.settings import Settings
from hie.store.messages import COLUMNS, State, message_of
from tests.clients.node import needs_packages
from tests.clients.node import ran as node
from tests.integration.intake.lis import Door, Lis, message, msa, open_door
from tests.places import Place

pytestmark = pytest.mark.anyio


async def ran(*command: str | Path) -> tuple[int, str, str]:
    """Exit code and output of a program."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_python_hl7s_sender_is_understood(place: Place, tmp_path: Path) -> None:
    tool = shutil.which("mllp_send", path=str(Path(sys.executable).parent))
    assert tool is not None
    file = tmp_path / "a.hl7"
    file.write_bytes(message("41") + message("42"))
    async with open_door(place) as door:
        port = str(door.listener.port)
        code, out, err = await ran(tool, "--loose", "--file", file, "--port", port, "127.0.0.1")
        assert code == 0, err
        assert "MSA|AA|41" in out
        assert "MSA|AA|42" in out
        assert [m["state"] for m in await door.messages()] == ["stored", "stored"]


@needs_packages
@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_node_hl7_client_is_understood(place: Place, tmp_path: Path) -> None:
    script = """import * as hl7 from "node-hl7-client";
const client = new hl7.Client({ host: "127.0.0.1", version: "2.7" });
const out = client.createConnection({ port: Number(process.argv[2]), waitAck: true }, (res) => {
  console.log(res.getMessage().toString().replaceAll("\\r", "\\n"));
  setTimeout(() => process.exit(0), 100);
});
const message = new hl7.Message({ messageHeader: { msh_9_1: "ORU", msh_9_2: "R01",
  msh_10: "NODE1", msh_11_1: "P" } });
message.set("MSH.3", "LIS");
message.set("MSH.4", "HOSP");
await out.sendMessage(message);
"""
    async with open_door(place) as door:
        done = await asyncio.to_thread(node, tmp_path, script, str(door.listener.port))
        assert done.returncode == 0, done.stderr
        assert "MSA|AA|NODE1" in done.stdout


async def test_adapter_send_sends_folders_and_batches_and_looks_at_each_answer(
    place: Place, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.hl7").write_bytes(message(str(number)))
    (folder / "batch.hl7").write_bytes(b"BHS|^~\\&\r" + message("b1") + message("b2") + b"BTS|2\r")
    async with open_door(place) as door:
        send = [sys.executable, "-m", "hie", "adapter", "send", "--port", str(door.listener.port)]
        code, out, err = await ran(*send, folder, "--json", "--connections", "3")
        assert code == 0, err
        told = json.loads(out)
        assert (told["messages"], told["counts"]) == (7, {"AA": 7})
        assert {a["number"] for a in told["answers"]} == {"0", "1", "2", "3", "4", "b1", "b2"}
        bad = tmp_path / "bad.hl7"
        bad.write_bytes(message("x", processing="T"))
        code, out, _ = await ran(*send, bad, folder / "1.hl7", "--acks")
        assert code == 1
        assert "AR\tbad.hl7\tx\tprocessing id not taken here" in out
        assert "MSA|AA|1" in out
        assert "2 messages: 1 AA, 1 AR" in out
        assert len(await door.messages()) == 7
    code, _, err = await ran(*send, bad, "--retries", "0")
    assert code == 4
    assert "no answer from 127.0.0.1" in err


async def test_adapter_listen_prints_what_adapter_send_sends(tmp_path: Path) -> None:
    file = tmp_path / "a.hl7"
    file.write_bytes(message("1", accept="AL", application="AL") + message("2"))
    hie = [sys.executable, "-m", "hie", "adapter"]
    receiver = await asyncio.create_subprocess_exec(
        *hie,
        "listen",
        "--port",
        "0",
        "--count",
        "2",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert receiver.stderr is not None
    line = (await receiver.stderr.readline()).decode()
    port = line.strip().rsplit(":", 1)[1]
    code, out, err = await ran(*hie, "send", "--port", port, file)
    assert (code, "2 messages: 2 AA" in out) == (0, True), err
    printed, _ = await receiver.communicate()
    assert receiver.returncode == 0
    assert "--- 1: ORU^R01 1" in printed.decode()
    assert "OBX|1|NM|2823-3^K^LN||4.1" in printed.decode()


@contextmanager
def serving(place: Place, log: Path) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """`hie serve` as its own process group, and the port MLLP listens on."""
    environment = {**os.environ, "HIE_DATA_DIR": str(place.data_dir), "HIE_PORT": "0"}
    environment["HIE_MLLP_PORT"] = "0"
    if place.url:
        environment["HIE_DATABASE_URL"] = place.url
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "hie", "serve"],
            env=environment,
            stderr=file,
            start_new_session=True,
        )
    try:
        for _ in range(600):
            lines = [json.loads(line) for line in log.read_text().splitlines() if line[:1] == "{"]
            ports = [line["port"] for line in lines if line.get("event") == "mllp-listens"]
            if ports:
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        yield process, ports[0]
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def test_kill_while_messages_arrive_loses_and_doubles_nothing(
    durable_place: Place, tmp_path: Path
) -> None:
    place, total = durable_place, 1000
    settings = Settings(data_dir=place.data_dir, database_url=place.url)
    async with opened(settings) as hub:
        await Door(hub, None).site('[mllp]\napplications = ["LIS^HOSP"]\n')  # type: ignore[arg-type]
    waiting = list(range(total))
    acknowledged: set[int] = set()

    async def lane(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lis = Lis(reader, writer)
        try:
            while waiting:
                number = waiting.pop()
                try:
                    answer = await lis.send(message(str(number)))
                except OSError:
                    answer = []
                if not answer:
                    waiting.append(number)
                    return
                assert msa(answer)[1:3] == ["AA", str(number)]
                acknowledged.add(number)
        finally:
            writer.close()

    for attempt, pause in enumerate((0.15, 0.3, 0.25, None)):
        with serving(place, tmp_path / f"log-{attempt}") as (process, port):
            lanes = asyncio.gather(*(lane(port) for _ in range(8)))
            if pause is not None:
                await asyncio.sleep(pause)
                os.killpg(process.pid, signal.SIGKILL)
            await lanes
    assert acknowledged == set(range(total))
    async with opened(settings) as hub:
        await drain(hub)
        door = Door(hub, None)  # type: ignore[arg-type]
        async with hub.db.reading() as reader:
            rows = await reader.fetch(f"SELECT {COLUMNS} FROM message")  # noqa: S608
            kept = [message_of(reader, row) for row in rows]
        assert sorted(int(str(one.native_id)) for one in kept) == list(range(total))
        assert {one.state for one in kept} == {State.STORED}
        assert await door.count("diagnostic_report") == total
        assert await door.count("observation") == total
        assert await door.count("resource_history") == 0


async def test_the_hub_answers_what_it_read_and_leaves_with_a_signal(
    durable_place: Place, tmp_path: Path
) -> None:
    place = durable_place
    async with opened(Settings(data_dir=place.data_dir, database_url=place.url)) as hub:
        await Door(hub, None).site('[mllp]\napplications = ["LIS^HOSP"]\n')  # type: ignore[arg-type]
    with serving(place, tmp_path / "log") as (process, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lis = Lis(reader, writer)
        for number in range(300):
            lis.write(b"\x0b" + message(str(number)) + b"\x1c\r")
        answers = [await lis.answer()]
        process.send_signal(signal.SIGTERM)
        while answer := await lis.answer():
            answers.append(answer)
        writer.close()
        assert await asyncio.to_thread(process.wait, 20) == 0
        assert (place.url is not None) or not (place.data_dir / "hub.sock").exists()
    async with opened(Settings(data_dir=place.data_dir, database_url=place.url)) as hub:
        assert await Door(hub, None).count("message") == len(answers)  # type: ignore[arg-type]
