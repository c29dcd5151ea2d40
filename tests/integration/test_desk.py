"""What an operator's commands answer and refuse."""

import base64
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from hie.adapter import Adapter, Decoded, Site
from hie.app import opened
from hie.errors import InvalidRequest, UnprocessableRequest
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.settings import Settings
from hie.synthetic import example, generate
from hie.synthetic.region import Manifest

pytestmark = pytest.mark.anyio
TODAY = datetime.now(timezone(timedelta(hours=8))).date()


def _settings(place: Any) -> Settings:
    return Settings(data_dir=place.data_dir, database_url=place.url, rate_limits=False)


def _packed(name: str, content: bytes) -> dict[str, str]:
    return {"name": name, "content": base64.b64encode(content).decode()}


def _files(region: Manifest) -> list[dict[str, str]]:
    return [_packed(file.name, file.read_bytes()) for file in region.registers]


async def _with_sites(hub: Hub, tmp_path: Path) -> Manifest:
    region = generate(tmp_path / "region", seed=1, today=TODAY, people=34)
    await run(hub, "register-import", {"files": _files(region), "dry_run": False})
    for site in region.sites:
        await run(
            hub,
            "site-add",
            {
                "site": site.site,
                "institution": site.institution,
                "adapter": site.adapter,
                "profile": site.profile.read_text("utf-8"),
            },
        )
    return region


async def _recorded(hub: Hub, kind: str) -> int:
    async with hub.db.reading() as reader:
        found: int = await reader.fetchval(
            "SELECT count(*) FROM audit_access WHERE type = $1", kind
        )
    return found


async def test_a_dry_run_counts_what_the_import_then_does(place: Any, tmp_path: Path) -> None:
    region = generate(tmp_path / "region", seed=1, today=TODAY, people=34)
    files = _files(region)
    async with opened(_settings(place)) as hub:
        dry = await run(hub, "register-import", {"files": files, "dry_run": True})
        assert dry["version"] == 0
        async with hub.db.reading() as reader:
            assert await reader.fetchval("SELECT count(*) FROM institution") == 0
        assert await _recorded(hub, "register-import") == 0
        done = await run(hub, "register-import", {"files": files, "dry_run": False})
        assert done["version"] == 1
        assert done["files"] == dry["files"]
        assert all(file["new"] == file["rows"] > 0 for file in done["files"])
        assert await _recorded(hub, "register-import") == 1
        again = await run(hub, "register-import", {"files": files, "dry_run": True})
        tables = [file for file in again["files"] if file["file"].endswith(".csv")]
        assert tables
        assert all(file["same"] == file["rows"] for file in tables)


@pytest.mark.parametrize(
    ("profile", "says"),
    [
        ("a = 1\nb = = 2\n", "line 2"),
        ("a = 2026-01-01\n", "no TOML date"),
        ("a = [[07:30:00]]\n", "no TOML date"),
        ("a = " + "9" * 5000, "sensible size"),
        ("a = " + "[" * 5000, "sensible size"),
        ("no_such_key = 1\n", "no_such_key"),
        ('[mllp]\nallow = ["10.1.0.0/16", "10.1.0.0/61"]\napplications = ["LIS"]\n', "a network"),
    ],
)
async def test_a_bad_profile_is_refused_with_its_place(place: Any, profile: str, says: str) -> None:
    case = example(today=TODAY)
    async with opened(_settings(place)) as hub:
        arguments = {"site": case.site, "institution": "x", "adapter": "hl7v2", "profile": profile}
        with pytest.raises(UnprocessableRequest) as refused:
            await run(hub, "site-add", arguments)
        assert (await run(hub, "site-list", {}))["sites"] == []
    wrong = {fault.path.split(".")[0]: fault for fault in refused.value.faults}
    assert wrong["institution"].code == "invalid-code"
    assert says in wrong["profile"].expected


async def test_a_proposed_file_never_takes_back_what_a_person_decided(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        region = await _with_sites(hub, tmp_path)
        site = next(one for one in region.sites if one.code_map is not None)
        assert site.code_map is not None
        arguments = {
            "site": site.site,
            "name": site.code_map.name,
            "content": site.code_map.read_text("utf-8"),
        }
        first = await run(hub, "map-import", {**arguments, "approve": True})
        assert first["changed"] > 0
        second = await run(hub, "map-import", {**arguments, "approve": False})
        assert second == {"changed": 0, "messages": 0}
        proposed = await run(hub, "map-list", {"site": site.site, "state": "proposed"})
        assert proposed["codes"] == []


async def test_a_preview_changes_nothing_and_is_recorded(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        await _with_sites(hub, tmp_path)
        case = example(today=TODAY)
        files = {"site": case.site, "files": [_packed("a.hl7", case.message)]}
        receipt = (await run(hub, "receive", files))["receipts"][0]
        before = await run(hub, "message-show", {"message": receipt["message"]})
        views = await _recorded(hub, "message-view")
        found = await run(hub, "message-preview", {"messages": [receipt["message"]]})
        assert [one["message"] for one in found["messages"]] == [receipt["message"]]
        assert await _recorded(hub, "message-view") == views + 1
        assert await run(hub, "message-show", {"message": receipt["message"]}) == before


class _Broken:
    """A stranger's adapter that breaks its promise never to raise on one message of two."""

    def __init__(self, sound: Adapter, poison: bytes) -> None:
        self.name, self.version, self.media_types = sound.name, sound.version, sound.media_types
        self.profile_schema, self.issue_codes = sound.profile_schema, sound.issue_codes
        self._sound, self._poison = sound, poison

    def native_id(self, content: bytes, site: Site) -> str | None:
        return self._sound.native_id(content, site)

    def decode(self, content: bytes, site: Site) -> Decoded:
        if content == self._poison:
            raise ArithmeticError("a stranger's fault")
        return self._sound.decode(content, site)


async def test_a_message_that_breaks_processing_blocks_no_replay(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        region = await _with_sites(hub, tmp_path)
        site = next(one for one in region.sites if one.code_map is not None)
        assert site.code_map is not None
        content = site.code_map.read_text("utf-8")
        maps = {"site": site.site, "name": site.code_map.name, "content": content, "approve": True}
        await run(hub, "map-import", maps)
        files = sorted(file for file in site.messages.rglob("*") if file.is_file())[:2]
        packed = [_packed(file.name, file.read_bytes()) for file in files]
        receipts = await run(hub, "receive", {"site": site.site, "files": packed})
        chosen = [one["message"] for one in receipts["receipts"]]
        poison = {site.adapter: _Broken(hub.adapters[site.adapter], files[0].read_bytes())}
        broken = replace(hub, adapters=poison)
        found = await run(broken, "message-preview", {"messages": chosen})
        assert [one["would_be"] for one in found["messages"]] == ["held", "stored"]
        done = await run(broken, "message-replay", {"messages": chosen})
        assert [one["state"] for one in done["messages"]] == ["held", "stored"]
        assert done["messages"][0]["codes"] == ["internal-fault"]
        mended = await run(hub, "message-replay", {"site": site.site})
        assert [(one["message"], one["state"]) for one in mended["messages"]] == [
            (chosen[0], "stored")
        ]
        replays = await _recorded(hub, "message-replay")
        assert (await run(hub, "message-replay", {"site": site.site}))["messages"] == []
        assert await _recorded(hub, "message-replay") == replays


async def test_a_page_that_no_list_gave_is_refused(place: Any) -> None:
    async with opened(_settings(place)) as hub:
        with pytest.raises(InvalidRequest):
            await run(hub, "message-list", {"page": "second"})


async def test_joining_tells_each_link_and_one_person_is_not_joined_again(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        region = await _with_sites(hub, tmp_path)
        site = region.sites[0]
        files = sorted(file for file in site.messages.rglob("*") if file.is_file())[:40]
        packed = [_packed(file.name, file.read_bytes()) for file in files]
        await run(hub, "receive", {"site": site.site, "files": packed})
        async with hub.db.reading() as reader:
            rows = await reader.fetch("SELECT min(home) FROM person_home GROUP BY person")
        patients = [row[0] for row in rows[:3]]
        arguments = {"patients": patients, "reason": "invented for a test"}
        joined = await run(hub, "identity-join", arguments)
        assert len(joined["links"]) == 2
        with pytest.raises(UnprocessableRequest):
            await run(hub, "identity-join", arguments)
        assert await _recorded(hub, "identity-change") == 1
        for link in reversed(joined["links"]):
            await run(hub, "identity-undo", {"link": link})
        assert len((await run(hub, "identity-join", arguments))["links"]) == 2


async def test_doctor_sees_tables_of_another_version(place: Any) -> None:
    async with opened(_settings(place)) as hub:
        checks = {one["check"]: one for one in (await run(hub, "doctor", {}))["checks"]}
        assert checks["database"]["ok"]
        assert checks["migrations"]["ok"]
        async with hub.db.unit() as unit:
            await unit.execute("UPDATE alembic_version SET version_num = 'another'")
        checks = {one["check"]: one for one in (await run(hub, "doctor", {}))["checks"]}
        assert not checks["migrations"]["ok"]
        assert "hie migrate" in checks["migrations"]["text"]
