"""A patient's page with a long history: its trend and table, its size; the reports behind it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.app import opened
from hie.exchange.hub import Hub
from hie.store import resources, sites, study_sources
from hie.store.resources import Put
from hie.store.study_sources import WHOLE, SourceRow, SourceState
from tests.builders import TESTS, a_report, an_observation
from tests.integration.test_doors import _client, _ready, _settings
from tests.integration.test_pages import _signed_in
from tests.long_history import ITEMS, PAPER, WORDS, long_history, unmapped

pytestmark = pytest.mark.anyio
MOST = 120_000  # bytes of a patient's page with all it asks for
TIMES = 60  # reports of all items


@dataclass
class Looked:
    """A signed-in clinician, a patient's address, and the ids of their reports."""

    hub: Hub
    client: httpx.AsyncClient
    address: str
    home: str
    reports: list[str]
    headers: dict[str, str]  # of a system of the clinician's institution
    asked: str  # an order-check about the patient


@asynccontextmanager
async def _looking(place: Any, tmp_path: Path, times: int) -> AsyncIterator[Looked]:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers, asked = await _ready(hub, tmp_path)
        async with hub.db.reading() as reader:
            home = (await reader.fetch("SELECT id FROM patient"))[0][0]
            codes = [row[0] for row in await reader.fetch("SELECT DISTINCT institution FROM site")]
        reports = await long_history(hub, home, codes[:3], times)
        await _signed_in(client, "doctor")
        yield Looked(hub, client, f"/patients/{home}", home, reports, headers, asked)


async def test_a_long_history_is_one_light_page_with_a_trend_and_a_table(
    place: Any, tmp_path: Path
) -> None:
    async with _looking(place, tmp_path, TIMES) as at:
        await unmapped(at.hub, at.home, 60)
        for lang, shown in (("zh", ""), ("en", "&data=1")):
            whole = await at.client.get(f"{at.address}?lang={lang}&item=CRE{shown}")
            assert whole.status_code == 200
            assert whole.text.count("data-row") >= ITEMS
            assert await _weight(at.client, whole) <= MOST
        page = whole.text
        assert re.search(r"2\d older results are not listed here", page)
        assert "Jaffe → enzymatic" in page
        assert page.count('class="pt"') == 40
        assert "older results are not drawn" in page
        assert "are not drawn (no number, no day, or not final)" in page
        table = page[page.index('<table class="data">') :]
        assert table.count('scope="row"') == 30
        assert "preliminary" in table
        second = (await at.client.get(f"{at.address}?lang=en&item=CRE&data=3")).text
        assert "time unknown" in second[second.index('<table class="data">') :]
        recent = (await at.client.get(f"{at.address}?lang=en&item=CRE&days=365")).text
        assert recent.count('class="pt"') == 8
        assert "lie outside the chosen period" in recent
        glucose = (await at.client.get(f"{at.address}?lang=en&item=GLU&data=1")).text
        assert "reported " in glucose[glucose.index('<table class="data">') :]
        assert "mg/dL" in glucose
        # What a page shows is in the log: all of the chosen item, of any other a few.
        async with at.hub.db.reading() as reader:
            rows = await reader.fetch(
                "SELECT s.resources FROM audit_subject AS s JOIN audit_access AS a"
                " ON a.id = s.access WHERE a.type = 'page'"
            )
        for (named,) in rows:
            counts = [named.count(f"-{key}/_history/") for key in ("CRE", "GLU", "ALB")]
            assert sorted(counts) == [9, 9, TIMES]  # and one of the example
        assert len(rows) == 5


async def _weight(client: httpx.AsyncClient, page: httpx.Response) -> int:
    """The bytes of a page and of everything it asks for, none of them packed."""
    asked = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text))
    styles = [one for one in asked if ".css" in one]
    files = {one: (await client.get(one)).content for one in asked}
    for one in styles:
        for name in re.findall(r"url\(([a-z-]+\.svg)\)", files[one].decode()):
            files[name] = (await client.get(f"/static/{name}")).content
    assert len(styles) >= 2
    return len(page.content) + sum(map(len, files.values()))


async def test_a_report_is_shown_printed_and_given_as_it_came(place: Any, tmp_path: Path) -> None:
    async with _looking(place, tmp_path, 3) as at:
        page = (await at.client.get(f"{at.address}?lang=en&item=CRE&data=1")).text
        address = f"{at.address}/reports/{at.reports[0]}"
        assert f'href="{address}"' in page
        shown = await at.client.get(f"{address}?lang=en")
        assert shown.status_code == 200
        assert shown.headers["cache-control"] == "no-store"
        for part in ("Report of the source", WORDS, "肌酐", "酶法", "reference "):
            assert part in shown.text
        assert "<script>alert" not in shown.text
        paper = await at.client.get(f"{address}/pdf?lang=zh")
        assert paper.content.startswith(b"%PDF-")
        assert paper.headers["content-type"] == "application/pdf"
        original = await at.client.get(f"{address}/original/1")
        assert original.content == PAPER
        assert original.headers["content-disposition"].startswith("attachment")
        # What a browser would run is bytes, whatever its source called it.
        hostile = await at.client.get(f"{address}/original/3")
        assert hostile.headers["content-type"] == "application/octet-stream"
        assert hostile.headers["content-disposition"].startswith("attachment")
        for missing in (f"{address}/original/4", f"{address}/original/x", f"{address}x"):
            assert (await at.client.get(missing)).status_code == 404
        async with at.hub.db.reading() as reader:
            details = await reader.fetch(
                "SELECT detail FROM audit_access WHERE type = 'page' ORDER BY detail"
            )
        forms = {row[0] for row in details if row[0].startswith("report")}
        assert forms == {"report html", "report pdf", "report original"}


async def test_a_report_of_somebody_else_or_withheld_or_withdrawn_says_nothing(
    place: Any, tmp_path: Path
) -> None:
    async with _looking(place, tmp_path, 1) as at:
        secret = "小明的诊断"
        told = {"conclusion": secret, "code": {"text": "生化"}}
        puts = [
            Put(
                "DiagnosticReport", "nobody", "other", a_report("other", "nobody", **told), label=0
            ),
            Put("DiagnosticReport", at.home, "r", a_report("r", at.home, **told), label=2),
            Put("DiagnosticReport", at.home, "mine", a_report("mine", at.home, **told), label=0),
            Put(
                "DiagnosticReport",
                at.home,
                "gone",
                a_report("gone", at.home, status="entered-in-error", **told),
                label=0,
            ),
        ]
        async with at.hub.db.unit() as unit:
            await resources.put(unit, puts)
        for key in ("other", "r", "nothing"):
            for form in ("", "/pdf", "/original/1"):
                answer = await at.client.get(f"{at.address}/reports/{key}{form}?lang=en")
                assert answer.status_code == 404
                assert secret not in answer.text
        gone = await at.client.get(f"{at.address}/reports/gone?lang=en")
        assert gone.status_code == 200
        assert secret not in gone.text
        assert "has withdrawn this report" in gone.text
        assert secret in (await at.client.get(f"{at.address}/reports/mine?lang=en")).text


async def test_what_is_withheld_is_in_no_trend_and_no_table(place: Any, tmp_path: Path) -> None:
    async with _looking(place, tmp_path, 1) as at:
        address = f"{at.address}?lang=en&item=CRE&data=1"
        before = (await at.client.get(address)).text
        creatinine = next(one for one in TESTS if one.item == "CRE")
        for key, value, label in (("o-hidden", "777", 2), ("o-seen", "776", 0)):
            one = an_observation(key, at.home, test=creatinine, value=value)
            async with at.hub.db.unit() as unit:
                await resources.put(
                    unit, [Put("Observation", at.home, key, one, None, None, label=label)]
                )
            after = (await at.client.get(address)).text
            assert (f"{value} µmol/L" in after) == (label == 0)
            if label:
                assert _figures(after) == _figures(before)
        assert _figures(after) != _figures(before)


def _figures(page: str) -> list[str]:
    """What a page shows of results: rows, charts and table, without what differs each time."""
    return re.findall(
        r">([^<>]*\d[^<>]*)<", page[page.index('id="results"') : page.index('id="why"')]
    )


async def test_a_page_says_what_was_decided_and_which_source_is_away(
    place: Any, tmp_path: Path
) -> None:
    async with _looking(place, tmp_path, 1) as at:
        before = (await at.client.get(f"{at.address}?lang=en")).text
        assert re.search(r"All \d sources can be reached", before)
        assert "last decision" not in before
        told = {"content": at.asked, "headers": at.headers}
        answer = (await at.client.post("/v1/order-check", **told)).json()
        order = next(one for one in answer["orders"] if one["outcome"] == "recognise")
        use = {"ref": order["ref"], "decision": "use"}
        use["assessment"] = order["candidates"][0]["assessment"]
        decided = {"check": answer["check"], "key": "k", "practitioner": "d-17"}
        made = await at.client.post(
            "/v1/decisions", json={**decided, "decisions": [use]}, headers=at.headers
        )
        assert made.status_code == 200, made.text
        async with at.hub.db.unit() as unit:
            site = next(iter(await sites.institutions(unit)))
            away = SourceRow(site, WHOLE, SourceState.OFFLINE, "timeout", None, 1, 0, None)
            await study_sources.put(unit, [away])
        page = (await at.client.get(f"{at.address}?lang=en&item={order['item']}")).text
        assert re.search(r"(\d) of (?!\1)\d sources can be reached", page)
        assert "has not answered since 1970-01-01 08:00: images kept there" in page
        assert "last decision" in page
        assert f'href="/checks/{answer["check"]}?order={order["ref"]}"' in page
        # What leads to the decision is a form of this page, about this item alone.
        form = page[page.index('action="' + at.address + '/orders"') :]
        sent = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form[: form.index("</form>")]))
        assert set(sent) == {"csrf", f"item-{order['item']}"}  # nobody stated an encounter
        led = await at.client.post(f"{at.address}/orders", data=sent)
        assert re.fullmatch(r"/checks/\w+.*", led.headers["location"])
