"""What a decision gives back, in a real browser: the record and the notice, on screen and paper."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.synthetic import Manifest, example
from tests.e2e.reader import reading, signed_in
from tests.e2e.running import Running, serving
from tests.integration.record.support import corrected, send
from tests.integration.test_road import _packed

WORDS = {
    "zh": {"record": "检验结果互认记录", "notice": "检查检验互认告知单", "since": "已更正此结果"},
    "en": {
        "record": "Record of a recognised laboratory result",
        "notice": "Notice on recognised and repeated tests",
        "since": "has corrected this result",
    },
}
made: dict[str, str] = {}


async def _decide(hub: Hub, region: Manifest) -> None:
    """One check in Shijiazhuang: a result used that is corrected later, another, and a repeat."""
    today = datetime.now(timezone(timedelta(hours=8))).date()
    case = example(today=today)
    await run(hub, "receive", {"site": case.site, "files": [_packed(case.message)]})
    request = json.loads(case.order_check)
    request["orders"] = [{"ref": item, "item": item} for item in ("K", "NA", "CRE", "HBA1C")]
    answer = await run(hub, "order-check", {"request": json.dumps(request)})
    offered = {one["ref"]: one["candidates"] for one in answer["orders"]}
    decisions = [
        {"ref": ref, "assessment": offered[ref][0]["assessment"], "decision": "use"}
        for ref in ("K", "NA")
    ]
    decisions.append(
        {
            "ref": "CRE",
            "decision": "repeat",
            "reason": "N6_OTHER_NECESSARY",
            "text": "造影检查之前需要确认肾功能；患者昨日呕吐，进食很少。",
            "explained_to_patient": True,
        }
    )
    decisions.append(
        {
            "ref": "HBA1C",
            "decision": "repeat",
            "reason": "N1_CONDITION_CHANGED",
            "explained_to_patient": False,
        }
    )
    body = {
        "check": answer["check"],
        "key": "k1",
        "practitioner": "doctor-sjz-lis",
        "decisions": decisions,
    }
    told = await run(hub, "decide", {"request": json.dumps(body)})
    made.update({one["ref"]: one["decision"] for one in told["decisions"]})
    made["check"] = answer["check"]
    await send(hub, case.site, corrected(case.message.decode(), "C", "6.90"))


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("hub"), _decide) as running:
        yield running


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_record_says_whether_its_result_was_corrected_since(
    browser: Browser, decided: Running, lang: str
) -> None:
    said = WORDS[lang]
    with reading(browser, decided, lang) as page:
        signed_in(page, decided)
        page.goto(f"/decisions/{made['K']}/record?lang={lang}")
        expect(page.locator("h1")).to_have_text(said["record"])
        expect(page.locator("[role=alert]")).to_contain_text(said["since"])
        page.goto(f"/decisions/{made['NA']}/record")
        expect(page.locator("[role=alert]")).to_have_count(0)
        page.goto(f"/checks/{made['check']}/notice")
        expect(page.locator("h1")).to_have_text(said["notice"])


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_clinician_takes_the_file_for_her_own_system(
    browser: Browser, decided: Running, scripts: bool
) -> None:
    with reading(browser, decided, "zh", scripts=scripts) as page:
        signed_in(page, decided)
        page.goto(f"/decisions/{made['NA']}/record")
        with page.expect_download() as waiting:
            page.get_by_role("link", name="HL7 v2").click()
        file = waiting.value
        assert file.suggested_filename == f"record-{made['NA']}.hl7"
        text = Path(file.path()).read_bytes().decode()
        assert text.startswith("MSH|^~\\&|HIE|HIE|")
        assert "|Na^钠^99BJ|" in text or "^Na^钠^99BJ|" in text
        pdf = page.request.get(f"{decided.address}/decisions/{made['NA']}/record.pdf")
        assert pdf.body()[:5] == b"%PDF-"
        assert pdf.headers["content-type"] == "application/pdf"


def test_a_decision_to_repeat_leads_from_its_record_to_its_notice(
    browser: Browser, decided: Running
) -> None:
    with reading(browser, decided, "en") as page:
        signed_in(page, decided)
        page.goto(f"/decisions/{made['CRE']}/record?lang=en")
        expect(page.locator("h1")).to_have_text(WORDS["en"]["notice"])
        assert page.url.endswith(f"/decisions/{made['CRE']}/notice?lang=en")
        page.goto("/decisions/nothing/record")
        expect(page.locator("main")).to_contain_text("There is no such page")
