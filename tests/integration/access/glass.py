"""A clinician who may break the glass: labels are set by hand, for what a test is about."""

import time
from typing import Any

import httpx

from tests.integration.access.support import Region
from tests.relabelled import relabel

ACR = "urn:hub:acr:2"
WHY = "昏迷入院，无亲属陪同，需要既往结果"
N, R, V = 0, 1 + 4 * 1, 2 + 4 * 1024


async def labelled(found: Region, label: int, *places: str) -> None:
    """Give results this label."""
    async with found.hub.db.unit() as unit:
        await relabel(unit, "Observation", label, {found.results[place] for place in places})


async def named(found: Region, label: int, *places: str) -> None:
    """Give Patients this label."""
    async with found.hub.db.unit() as unit:
        await relabel(unit, "Patient", label, {found.patients[place] for place in places})


async def plain(found: Region) -> None:
    """Nobody and nothing is restricted, but what a test says."""
    await labelled(found, N, *found.results)
    await named(found, N, *found.patients)


def wish(patient: str, reason: Any = "unconscious", text: Any = WHY) -> dict[str, Any]:
    """What is asked."""
    return {"patient": {"reference": f"Patient/{patient}"}, "reason": reason, "text": text}


async def broken(found: Region, who: str, asked: dict[str, Any]) -> httpx.Response:
    """What is answered."""
    headers = {**found.headers[who], "Content-Type": "application/json"}
    return await found.client.post("/v1/break-glass", headers=headers, json=asked)


async def ends(found: Region, opening: str, seconds: int) -> None:
    """Let an opening end so many seconds from now."""
    async with found.hub.db.unit() as unit:
        await unit.execute(
            "UPDATE glass_opening SET until_us = $2 WHERE id = $1",
            opening,
            time.time_ns() // 1000 + seconds * 1_000_000,
        )


async def prepared(found: Region) -> None:
    """a1 has proved twice who she is; P4's result of B is restricted, P3 is a VIP."""
    await plain(found)
    await labelled(found, R, "P4b")
    await labelled(found, V, "P3b")
    await found.person("a2", "a", acr=ACR)
