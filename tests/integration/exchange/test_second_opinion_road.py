"""What laboratories send is answered as a second opinion says: the whole road, at random.

Messages bring the records of a question; the hub keeps, decodes, stores and judges them. Compared
is everything the order-check says of each candidate with the independent reading of the rules in
tests/conformance/second_opinion, which never saw a message.
"""

import base64
import json
from random import Random
from typing import Any

import pytest

from hie.app import opened
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.settings import Settings
from tests.conformance.second_opinion.as_message import LABORATORY, Sent, a_sent_question
from tests.conformance.second_opinion.books import RECEIVER
from tests.conformance.second_opinion.record import SOURCE
from tests.conformance.second_opinion.said import Said, differences, say

pytestmark = pytest.mark.anyio
QUESTIONS = 40
MONTHS = [f"{year}-{month:02d}" for year in (2025, 2026) for month in range(1, 13)]
REGISTERS = {
    "institutions.csv": (
        "code,name,region,level,kind,consortium,status,from,to",
        f"{SOURCE},示例第一医院,110102,3A,general,,active,2022-03-01,",
        f"{RECEIVER},示例接收医院,130102,3A,general,,active,2022-03-01,",
    ),
    "marks.csv": (
        "institution,item,mark,from,to",
        *(f"{SOURCE},{item},京津冀HR,2022-03-01," for item in LABORATORY),
    ),
    "qualifications.csv": (
        "institution,item,scheme,round,from,to,score,acceptable",
        *(f"{SOURCE},{item},NCCL,1,2025-01-01,2026-12-31,100,true" for item in LABORATORY),
    ),
    "precision.csv": (
        "institution,item,month,cv_percent",
        *(f"{SOURCE},{item},{month},0.1" for item in LABORATORY for month in MONTHS),
    ),
}
PROFILE = f"""\
[identifiers]
types = {{"PI" = "patient"}}
[institutions]
"SRC" = "{SOURCE}"
[control]
path = "OBX-20"
in = ["在控"]
out = ["失控"]
"""


async def test_what_is_sent_is_answered_as_the_second_opinion_says(place: Any) -> None:
    settings = Settings(data_dir=place.data_dir, database_url=place.url, rate_limits=False)
    async with opened(settings) as hub:
        files = [_packed(name, "\n".join(lines).encode()) for name, lines in REGISTERS.items()]
        await run(hub, "register-import", {"files": files, "dry_run": False})
        site = {"site": "lis", "institution": SOURCE, "adapter": "hl7v2", "profile": PROFILE}
        await run(hub, "site-add", site)
        for number in range(QUESTIONS):
            sent = a_sent_question(Random(number), number)  # noqa: S311 - repeatable, no secret
            files = [_packed(f"{n}.hl7", one) for n, one in enumerate(sent.messages)]
            receipts = (await run(hub, "receive", {"site": "lis", "files": files}))["receipts"]
            assert {one["state"] for one in receipts} == {"stored"}, (number, receipts)
            assert differences(await _answered(hub, sent), _expected(sent)) == [], number


def _packed(name: str, content: bytes) -> dict[str, str]:
    return {"name": name, "content": base64.b64encode(content).decode()}


async def _answered(hub: Hub, sent: Sent) -> Said:
    order = {"ref": "1", **sent.case["order"]}
    if "code" in order:
        del order["item"]
        order["code"] = {"system": "http://loinc.org", "code": order["code"]}
    encounter = {"class": "outpatient", "purpose": "treatment", "events": []}
    encounter |= sent.case.get("encounter", {})
    body = {
        "patient": {"identifiers": [{"type": "resident-id", "value": sent.resident}]},
        "receiver": {"institution": RECEIVER},
        "encounter": encounter,
        "orders": [order],
        "on": sent.case["on"],
    }
    answer = await run(hub, "order-check", {"request": json.dumps(body)})
    (found,) = answer["orders"]
    return {
        "outcome": found["outcome"],
        "reasons": found["reasons"],
        "listed": [_candidate(one) for one in found["candidates"]],
    }


def _candidate(one: dict[str, Any]) -> Said:
    states = {
        finding["rule"]: "fired" if finding["fired"] else "unknown" if finding["unknown"] else "no"
        for finding in one["findings"]
    }
    shown = ("outcome", "mark", "age_days", "limit_days", "value", "unit")
    return {**{key: one[key] for key in shown}, "findings": states}


def _expected(sent: Sent) -> Said:
    """What the second opinion says, as far as an answer shows it."""
    said = say(sent.case)
    for one in said["listed"]:
        del one["key"], one["effective"]
        one["findings"] = {rule: text.split(":")[0] for rule, text in one["findings"].items()}
    return {key: said[key] for key in ("outcome", "reasons", "listed")}
