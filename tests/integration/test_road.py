"""The whole laboratory road: in by a door, found, assessed, decided, released."""

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hie.app import opened
from hie.errors import TooLarge
from hie.exchange.commands import operator, run
from hie.exchange.hub import Hub
from hie.exchange.receive import MOST_IN_ONE, receive
from hie.settings import Settings
from hie.synthetic import example, generate, many
from hie.synthetic.region import Manifest
from tests.places import prepared

pytestmark = pytest.mark.anyio
TODAY = datetime.now(timezone(timedelta(hours=8))).date()


def _packed(content: bytes, name: str = "a.hl7") -> dict[str, str]:
    import base64

    return {"name": name, "content": base64.b64encode(content).decode()}


@cache
def _region() -> Manifest:
    """The synthetic region, written once for all tests of a process; nobody changes its files."""
    folder = Path(tempfile.mkdtemp(prefix="hie-region-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return generate(folder, seed=1, today=TODAY, people=34)


async def _connected(hub: Hub, tmp_path: Path) -> Manifest:
    """Registers and sites of the synthetic region, without its messages; its files are there."""
    await add_sites(hub)
    return linked(tmp_path)


def linked(tmp_path: Path) -> Manifest:
    """The synthetic region's files below a folder of the test's own."""
    region = _region()
    tmp_path.mkdir(parents=True, exist_ok=True)
    link = tmp_path / "region"
    if not link.exists():
        link.symlink_to(region.sites[0].profile.parents[1])
    return region


async def with_sites(place: Any) -> None:
    """What `connected` begins with, for `prepared`."""
    async with opened(_settings(place)) as hub:
        await add_sites(hub)


async def add_sites(hub: Hub) -> None:
    region = _region()
    files = [_packed(file.read_bytes(), file.name) for file in region.registers]
    await run(hub, "register-import", {"files": files, "dry_run": False})
    for site in region.sites:
        profile = site.profile.read_text("utf-8")
        arguments = {
            "site": site.site,
            "institution": site.institution,
            "adapter": site.adapter,
            "profile": profile,
        }
        await run(hub, "site-add", arguments)


@asynccontextmanager
async def connected(
    place: Any, tmp_path: Path, **settings: Any
) -> AsyncIterator[tuple[Hub, Manifest]]:
    """An open hub with registers and sites of the synthetic region, without its messages."""
    await prepared(place, with_sites)
    async with opened(_settings(place, **settings)) as hub:
        yield hub, linked(tmp_path)


async def _counts(hub: Hub) -> dict[str, int]:
    tables = "patient observation diagnostic_report specimen resource_history".split()
    async with hub.db.reading() as reader:
        return {t: await reader.fetchval(f"SELECT count(*) FROM {t}") for t in tables}  # noqa: S608


def _settings(place: Any, **more: Any) -> Settings:
    return Settings(data_dir=place.data_dir, database_url=place.url, rate_limits=False, **more)


async def test_the_same_message_three_times_changes_nothing(place: Any, tmp_path: Path) -> None:
    async with connected(place, tmp_path) as (hub, _):
        case = example(today=TODAY)
        arguments = {"site": case.site, "files": [_packed(case.message)]}
        first = await run(hub, "receive", arguments)
        before = await _counts(hub)
        for _ in range(2):
            again = await run(hub, "receive", arguments)
            assert again["receipts"][0]["duplicate_of"] == first["receipts"][0]["message"]
        assert await _counts(hub) == before
        assert before["observation"] > 0
        assert before["resource_history"] == 0


async def test_a_result_is_assessed_explained_and_decided(place: Any, tmp_path: Path) -> None:
    async with connected(place, tmp_path) as (hub, _):
        case = example(today=TODAY)
        await run(hub, "receive", {"site": case.site, "files": [_packed(case.message)]})
        answer = await run(hub, "order-check", {"request": case.order_check.decode()})
        assert answer["identity"] == "matched"
        assert "gates_not_asked" not in answer
        potassium = answer["orders"][0]
        assert potassium["outcome"] == "recognise"
        offered = potassium["candidates"][0]
        assert {f["rule"] for f in offered["findings"] if f["fired"]} == {"R-104"}
        decisions = {
            "check": answer["check"],
            "key": "k1",
            "practitioner": "D0117",
            "decisions": [{"ref": "1", "assessment": offered["assessment"], "decision": "use"}],
        }
        first = await run(hub, "decide", {"request": json.dumps(decisions)})
        assert first["decisions"][0]["state"] == "recorded"
        again = await run(hub, "decide", {"request": json.dumps(decisions)})
        assert again["decisions"][0]["state"] == "unchanged"
        assert again["decisions"][0]["decision"] == first["decisions"][0]["decision"]
        async with hub.db.reading() as reader:
            types = await reader.fetch("SELECT type, count(*) FROM audit_access GROUP BY type")
        recorded = {row[0]: row[1] for row in types}
        assert recorded["order-check"] == 1
        assert recorded["decide"] == 2


async def test_a_held_message_is_released_by_approving_a_code_map(
    place: Any, tmp_path: Path
) -> None:
    async with connected(place, tmp_path) as (hub, region):
        site = next(one for one in region.sites if one.code_map is not None)
        file = next(f for f in sorted(site.messages.rglob("*.hl7")))
        arguments = {"site": site.site, "files": [_packed(file.read_bytes())]}
        kept = (await run(hub, "receive", arguments))["receipts"][0]
        assert kept["state"] == "held"
        assert {issue["code"] for issue in kept["issues"] if issue["severity"] == "hold"} == {
            "unmapped-code"
        }
        content = site.code_map.read_text("utf-8-sig")
        maps = {"site": site.site, "name": site.code_map.name, "content": content, "approve": True}
        await run(hub, "map-import", maps)
        left = await run(hub, "map-list", {"site": site.site, "state": "unmapped"})
        for code in left["codes"]:
            await run(
                hub,
                "map-review",
                {
                    "site": site.site,
                    "codes": [code["code"]],
                    "approve": False,
                    "system": code["system"],
                },
            )
        shown = await run(hub, "message-show", {"message": kept["message"]})
        assert shown["state"] == "stored"


async def test_kill_at_any_moment_loses_and_doubles_nothing(place: Any, tmp_path: Path) -> None:
    settings = _settings(place)
    async with opened(settings) as hub:
        region = await _connected(hub, tmp_path)
    site = region.sites[0].site
    folder = tmp_path / "load"
    folder.mkdir()
    for name, content in many(200, results=5, day=TODAY):
        (folder / name).write_bytes(content)
    environment = {**os.environ, "HIE_DATA_DIR": str(settings.data_dir)}
    if settings.database_url:
        environment["HIE_DATABASE_URL"] = settings.database_url
    command = [sys.executable, "-m", "hie", "receive", "--site", site, str(folder), "--json"]
    for pause in (0.9, 1.1, 1.3, 1.5):
        running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603
        time.sleep(pause)
        running.send_signal(signal.SIGKILL)
        running.wait()
    done = subprocess.run(command, env=environment, capture_output=True, check=False)  # noqa: S603
    assert done.returncode in {0, 3}, done.stderr
    async with opened(settings) as hub:
        counts = await _counts(hub)
        async with hub.db.reading() as reader:
            messages = await reader.fetchval("SELECT count(*) FROM message")
            waiting = await reader.fetchval("SELECT count(*) FROM message WHERE state = 'kept'")
    assert (messages, waiting) == (200, 0)
    assert counts["diagnostic_report"] == 200
    assert counts["observation"] == 1000


async def test_a_file_of_too_many_messages_is_refused_whole(place: Any, tmp_path: Path) -> None:
    async with connected(place, tmp_path) as (hub, region):
        content = b"MSH|^~\\&|A|B|||||ORU^R01|1|P|2.4\r" * (MOST_IN_ONE + 1)
        with pytest.raises(TooLarge) as refused:
            await receive(hub, operator(), region.sites[0].site, content, channel="test", media="")
        assert refused.value.faults[0].code == "too-many-messages"
        async with hub.db.reading() as reader:
            assert await reader.fetchval("SELECT count(*) FROM message") == 0
