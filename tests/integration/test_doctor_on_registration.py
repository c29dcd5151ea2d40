"""`hie doctor` looks where others than this machine call and one operator is enough."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hie.app import opened
from hie.exchange.commands import operator, run
from hie.settings import Settings
from tests.places import Place

pytestmark = pytest.mark.anyio
FAR = {"base_url": "https://hub.example"}
ALICE = replace(operator(), subject="alice", names=frozenset({"alice"}))
NOBODY = replace(operator(), names=frozenset())


@pytest.mark.parametrize(
    ("settings", "who", "ok", "told"),
    [
        ({}, ALICE, True, "takes one operator"),
        ({"host": "0.0.0.0"}, ALICE, False, "set dual_control"),  # noqa: S104 - not listened on
        (FAR, ALICE, False, "set dual_control"),
        ({**FAR, "dual_control": True}, ALICE, True, "takes two operators; waiting: 1"),
        ({"dual_control": True}, NOBODY, True, "the machine cannot tell who you are"),
    ],
)
async def test_who_must_agree_is_told(
    place: Place, tmp_path: Path, settings: dict[str, Any], who: Any, ok: bool, told: str
) -> None:
    chosen = Settings(data_dir=place.data_dir, database_url=place.url, **settings)
    async with opened(chosen) as hub:
        code = "91110000MA0000001L"
        agreed = {"institution": code, "clearance": "R"}
        if chosen.dual_control:
            assert "proposal" in await run(hub, "agreement-put", agreed, ALICE)
        checks = (await run(hub, "doctor", {}, who))["checks"]
    (found,) = [one for one in checks if one["check"] == "registration"]
    assert (found["ok"], told in found["text"]) == (ok, True), found
