"""A flood of requests that are refused: counted exactly, and the log does not grow with it."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.app import opened, web_app
from tests.integration.hostile.support import reasons
from tests.integration.test_doors import _settings
from tests.places import Place

pytestmark = pytest.mark.anyio
MANY = 1_000  # of each; the same a million times costs as many rows


async def _rows(hub: Any) -> int:
    async with hub.db.reading() as reader:
        return int(await reader.fetchval("SELECT count(*) FROM audit_access"))


async def test_noise_is_counted_exactly_and_costs_a_handful_of_rows(
    place: Place, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with opened(_settings(place)) as hub:
        app = web_app(hub)
        before = await _rows(hub)
        transport = httpx.ASGITransport(app=app, client=("10.9.8.7", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as http:
            for number in range(MANY):
                patient = await http.get(f"/fhir/Patient/{number}")  # no token
                assert patient.status_code == 401
                wrong = {"Authorization": f"Bearer aaaa.{number:04}.bbbb"}
                answer = await http.get("/fhir/Patient/x", headers=wrong)
                assert answer.status_code in {401, 429}
                long = await http.get(f"/fhir/Patient/x?a=%00{number}")
                assert long.status_code == 400
        counted = await reasons(hub)
        assert counted["no-token"] == MANY
        assert counted["size"] == MANY
        assert sum(counted.values()) == 3 * MANY
        # Five of each kind and minute, and one count: however many came.
        assert await _rows(hub) - before < 60
    assert len("".join(capfd.readouterr())) < 100_000


async def test_many_networks_do_not_make_it_grow_either(place: Place) -> None:
    """A flood from many addresses: each has its five, and beyond a bound all share one count."""
    from hie.oauth.refusals import MOST_KEPT, SINGLE

    assert MOST_KEPT * SINGLE * 600 < 50_000_000  # bytes a minute, at 600 a row
    async with opened(_settings(place)) as hub:
        app = web_app(hub)
        for number in range(300):
            transport = httpx.ASGITransport(
                app=app, client=(f"10.1.{number // 200}.{number % 200}", 1)
            )
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost:8000"
            ) as http:
                for _ in range(3):
                    assert (await http.get("/fhir/Patient/x")).status_code == 401
        assert (await reasons(hub))["no-token"] == 900
