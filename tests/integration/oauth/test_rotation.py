"""The hub's signing keys over time: announced, followed without a restart, replaced at once."""

import stat
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from hie.access.ring import OVERLAP, key_of
from hie.access.signer import FileSigner
from hie.errors import HubMisconfigured, InvalidRequest
from hie.oauth.key_ring import KeyRing
from hie.oauth.rotation import (
    ANNOUNCED,
    MONTH,
    open_ring,
    replace_all,
    rotate,
    rotate_when_due,
    states,
)
from hie.oauth.upkeep import tidy
from tests.integration.oauth.asking import get, run, token
from tests.integration.oauth.conftest import Hub, Making

pytestmark = pytest.mark.anyio


class Ticks:
    """A clock of this machine that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("signing-*.pem"))


def test_the_next_key_is_announced_a_day_before_it_signs(tmp_path: Path) -> None:
    keys = open_ring(tmp_path)
    now = int(time.time())
    made = rotate(keys.folder, now)
    keys.renew()
    assert made.starts == now + ANNOUNCED
    assert [key.state for key in states(keys, now)] == ["signs", "published"]
    assert [key.state for key in states(keys, made.starts)] == ["verifies", "signs"]
    assert [key.state for key in states(keys, made.starts + OVERLAP)] == ["over", "signs"]


def test_a_file_that_goes_while_it_is_looked_at_stops_nothing(tmp_path: Path) -> None:
    open_ring(tmp_path)
    ticks = Ticks()
    ring = KeyRing(tmp_path / "keys", ticks)
    kids = [key.kid for key in ring.keys]
    gone = ring.folder / "signing-20990101T000000Z.pem"
    gone.symlink_to(ring.folder / "nothing")  # listed, and not there when it is asked
    ticks.now += 2
    assert [key.kid for key in ring.keys] == kids
    gone.unlink()
    made = rotate(ring.folder, int(time.time()))
    ticks.now += 2
    assert [key.kid for key in ring.keys] == [*kids, made.kid]


def test_a_key_never_signs_sooner_than_a_day_after_it_was_made(tmp_path: Path) -> None:
    keys, now = open_ring(tmp_path), int(time.time())
    assert rotate(keys.folder, now, now + 5).starts == now + ANNOUNCED


def test_a_key_that_is_announced_is_the_next_one(tmp_path: Path) -> None:
    keys, now = open_ring(tmp_path), int(time.time())
    assert rotate(keys.folder, now).kid == rotate(keys.folder, now + 60).kid
    assert len(names(keys.folder)) == 2


def test_keys_that_verify_nothing_any_more_are_taken_away(tmp_path: Path) -> None:
    keys, now = open_ring(tmp_path), int(time.time())
    first = names(keys.folder)
    for _ in range(3):
        now = rotate(keys.folder, now).starts + OVERLAP + 1
    assert not set(first) & set(names(keys.folder))
    assert len(names(keys.folder)) <= 3


def test_a_month_old_key_is_rotated_once_among_all_processes(tmp_path: Path) -> None:
    keys, now = open_ring(tmp_path), int(time.time())
    assert rotate_when_due(keys.folder, now + MONTH - ANNOUNCED - 60) is None
    made = rotate_when_due(keys.folder, now + MONTH - ANNOUNCED + 60)
    assert made is not None
    assert rotate_when_due(keys.folder, now + MONTH - ANNOUNCED + 120) is None
    assert len(names(keys.folder)) == 2


def test_in_an_emergency_one_new_key_is_left(tmp_path: Path) -> None:
    keys, now = open_ring(tmp_path), int(time.time())
    rotate(keys.folder, now)
    lost = names(keys.folder)
    made = replace_all(keys.folder, now)
    (left,) = names(keys.folder)
    assert left not in lost
    assert stat.S_IMODE((keys.folder / left).stat().st_mode) == 0o600
    keys.renew()
    assert [key.kid for key in keys.accepted(now)] == [made.kid]


def test_another_process_follows_within_two_seconds(tmp_path: Path) -> None:
    clock = Ticks()
    mine = open_ring(tmp_path)
    other = KeyRing(mine.folder, clock)
    before = other.generation()
    made = replace_all(mine.folder, int(time.time()))
    clock.now += 2
    assert [key.kid for key in other.keys] == [made.kid]
    assert other.generation() == before + 1


def test_a_file_that_is_no_key_stops_no_running_hub(tmp_path: Path) -> None:
    clock = Ticks()
    mine = open_ring(tmp_path)
    other = KeyRing(mine.folder, clock)
    spoilt = mine.folder / "signing-20400101T000000Z.pem"
    spoilt.write_text("no key")
    spoilt.chmod(0o600)
    clock.now += 2
    assert [key.kid for key in other.keys] == [key.kid for key in mine.keys]
    with pytest.raises(HubMisconfigured):
        open_ring(tmp_path)
    spoilt.unlink()
    clock.now += 2
    assert len(other.keys) == 1


def test_whatever_signs_es256_may_sign_for_the_hub() -> None:
    class Elsewhere(FileSigner):
        """A key that this process cannot see would look like this."""

        @property
        def algorithm(self) -> str:
            return "SM2"

    private = ec.generate_private_key(ec.SECP256R1())
    assert key_of(FileSigner(private), 0).verifying.algorithm == "ES256"
    with pytest.raises(HubMisconfigured, match="SM2"):
        key_of(Elsewhere(private), 0)


async def test_an_emergency_ends_every_token_also_remembered_ones(hub: Hub, making: Making) -> None:
    text = await token(hub)
    assert (await get(hub, text)).status_code == 200
    found = await run(hub, "key-emergency")
    answer = await get(hub, text)
    assert answer.status_code == 401
    assert await hub.reasons() == ["kid"]
    assert (await get(hub, await token(hub))).status_code == 200
    (row,) = await hub.audit("key-change")
    assert (row["kind"], row["detail"]) == ("operator", "emergency")
    listed = (await run(hub, "key-list"))["keys"]
    assert [(key["kid"], key["state"]) for key in listed] == [(found["kid"], "signs")]


async def test_a_rotation_refuses_nobody(hub: Hub) -> None:
    hub.clock.now = float(int(time.time()))
    text = await token(hub)
    found = await run(hub, "key-rotate")
    async with hub.client() as http:
        published = (await http.get("/.well-known/jwks.json")).json()["keys"]
    assert [key["kid"] for key in published][1] == found["kid"]
    assert (await get(hub, text)).status_code == 200
    hub.clock.now += ANNOUNCED - 200
    late = await token(hub)
    hub.clock.now += 210
    assert (await get(hub, late)).status_code == 200
    assert (await get(hub, await token(hub))).status_code == 200
    assert [row["detail"] for row in await hub.audit("key-change")] == ["rotate"]


async def test_a_time_without_a_zone_is_no_time(hub: Hub) -> None:
    for at in ("2026-12-01", "2026-12-01T00:00:00", "soon", 7):
        with pytest.raises(InvalidRequest):
            await run(hub, "key-rotate", at=at)
    assert not await hub.audit("key-change")


async def test_a_key_is_rotated_by_itself_when_it_is_due(hub: Hub) -> None:
    hub.clock.now = time.time() + MONTH
    await tidy(hub.entrance)
    await tidy(hub.entrance)
    (row,) = await hub.audit("key-change")
    assert row["detail"].startswith("rotate ")
    assert len(hub.entrance.ring.keys) == 2
