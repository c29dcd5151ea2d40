"""The page of outcomes: a manager's own institution, every number with its formula, no one else's."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.recognition.indicator_definitions import load_definitions
from hie.synthetic.institutions import BY_SITE, SHIJIAZHUANG
from tests.integration.exchange.test_indicators import PERIOD, a_hub, worked_example
from tests.integration.test_doors import _client
from tests.integration.test_pages import PASSWORD, _signed_in

pytestmark = pytest.mark.anyio
PAGE = f"/outcomes?from={PERIOD['from']}&to={PERIOD['to']}"


async def _person(hub: Hub, login: str, role: str, institution: str) -> None:
    person = {"login": login, "name": "某人", "role": role, "department": "", "password": PASSWORD}
    await run(hub, "user-add", person | {"institution": institution})


def _cells(page: str, title: str) -> list[str]:
    """What stands in the row of a title in the table of all indicators."""
    table = page[page.index('id="every"') :]
    row = re.search(rf'<th scope="row">{re.escape(title)}</th>(.*?)</tr>', table, re.S)
    assert row is not None, title
    return re.findall(r"<td[^>]*>(.*?)</td>", row[1], re.S)


async def test_a_manager_sees_every_number_with_its_formula(place: Any, tmp_path: Path) -> None:
    async with a_hub(place, tmp_path) as hub:
        await worked_example(hub)
        await _person(hub, "manager", "manager", SHIJIAZHUANG.code)
        async with _client(hub) as client:
            await _signed_in(client, "manager")
            assert (await client.get("/")).headers["location"] == "/outcomes"
            page = (await client.get(PAGE + "&lang=en")).text
            for one in load_definitions():
                assert _cells(page, one.title.en)[2] == one.formula.en.replace("'", "&#39;")
            assert _cells(page, "Orders recognised")[:2] == ["2", "2"]
            assert _cells(page, "Recognition rate")[:2] == ["40.0%", "5"]
            assert _cells(page, "Charges avoided")[0] == "¥8.50"
            assert _cells(page, "Offers opened")[0] == "Unknown"
            assert "The result changes fast in the course of the disease" in page
            assert "style=" not in page
            assert "/patients" not in page
            chinese = (await client.get(PAGE + "&lang=zh&by=department")).text
            assert "互认率" in chinese
            assert "cardiology" in chinese
            sheet = await client.get(PAGE.replace("outcomes?", "outcomes.csv?"))
            rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
            assert {row["group"] for row in rows} == {"", "K", "NA", "CRE", "HBA1C"}
            wrong = await client.get("/outcomes?from=2026-02-30&to=2026-03-01&lang=en")
            assert wrong.status_code == 422
            assert "a first and a last day that exist" in wrong.text


async def test_another_institution_and_another_role_see_nothing_of_it(
    place: Any, tmp_path: Path
) -> None:
    async with a_hub(place, tmp_path) as hub:
        await worked_example(hub)
        elsewhere = BY_SITE["bj-lis"].institution.code
        await _person(hub, "elsewhere", "manager", elsewhere)
        roles = ("clinician", "integrator", "auditor", "administrator")
        for role in roles:
            await _person(hub, role, role, SHIJIAZHUANG.code)
        async with _client(hub) as client:
            await _signed_in(client, "elsewhere")
            page = (await client.get(PAGE + "&lang=en")).text
            assert _cells(page, "Orders asked about")[0] == "0"
            assert _cells(page, "Recognition rate")[0] == "Unknown"
        for role in roles:
            async with _client(hub) as client:
                await _signed_in(client, role)
                for path in (PAGE, "/outcomes.csv"):
                    assert (await client.get(path)).status_code == 403
        async with _client(hub) as client:
            assert (await client.get(PAGE)).status_code == 401
