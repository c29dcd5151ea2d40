"""The record of images that are used: study and report as they were, and what became of them."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from adapters.hl7v2 import adapter
from hie.adapter import Site
from hie.app import opened
from hie.canonical.document import write_document
from hie.canonical.oru_file import write_oru
from hie.canonical.recognised import Recognised
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.exchange.notices import notice_read
from hie.exchange.used_record import record_of
from hie.fhir import Resource, extension
from hie.fhir.document import check_document
from hie.records import ImagingReportRecord
from hie.web.paper import write_pdf
from hie.web.record_sheet import record_sheet
from tests.integration.exchange.test_imaging_orders import (
    HEAD,
    _ask,
    _home,
    _put,
    a_report,
    a_study,
)
from tests.integration.test_road import _settings
from tests.unit.web.test_sheets import said

pytestmark = pytest.mark.anyio
SITE = Site("ris-1", "12130102999900038H", "hl7v2", {})
UID = {"system": "urn:dicom:uid", "value": "urn:oid:2.25.77"}
FINDINGS = {"url": extension("findings"), "valueString": "脑实质未见异常密度影。\n脑室无扩大。"}


def told(conclusion: str = "颅脑CT平扫未见异常。", **other: Any) -> Resource:
    return {
        **a_report("r1", "s1"),
        "extension": [FINDINGS],
        "conclusion": conclusion,
        "code": {**a_report("r1")["code"], "text": "头颅CT平扫"},
        **other,
    }


async def _used(hub: Hub, tmp_path: Path) -> tuple[str, str]:
    """A home with a head CT, and the decision to use it."""
    home = await _home(hub, tmp_path)
    study = {**a_study("s1"), "numberOfInstances": 2, "identifier": [UID]}
    await _put(hub, home, study, told(), a_report("r0", "s1", status="entered-in-error"))
    return home, await _decide_to_use(hub)


async def _decide_to_use(hub: Hub) -> str:
    answer = await _ask(hub, HEAD)
    offered = answer["orders"][0]["candidates"][0]
    assert offered["resource"] == "ImagingStudy/s1/_history/1"
    use = {"ref": "1", "assessment": offered["assessment"], "decision": "use"}
    body = {"check": answer["check"], "key": "k", "practitioner": "d", "decisions": [use]}
    made = await run(hub, "decide", {"request": json.dumps(body)})
    return str(made["decisions"][0]["decision"])


async def _record(hub: Hub, key: str) -> Recognised:
    answer = await run(hub, "decision-record", {"decision": key, "form": "json"})
    return record_of(answer["record"])


def _read(record: Recognised) -> ImagingReportRecord:
    (found,) = adapter.decode(write_oru(record), SITE).records
    assert isinstance(found, ImagingReportRecord)
    return found


async def test_images_are_recorded_with_report_and_study_uid(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        _, key = await _used(hub, tmp_path)
        record = await _record(hub, key)
        assert record.change is None
        found = _read(record)
        assert found.findings is not None
        assert found.findings.text == "脑实质未见异常密度影。\n脑室无扩大。"
        assert found.conclusion is not None
        assert found.conclusion.text == "颅脑CT平扫未见异常。"
        assert found.study_uid is not None
        assert found.study_uid.text == "2.25.77"
        assert (found.class_hint, found.status, found.stated_instances) == ("CT", "final", 2)
        document = write_document(record)
        kinds = [entry["resource"]["resourceType"] for entry in document["entry"]]
        assert kinds.count("ImagingStudy") == kinds.count("DiagnosticReport") == 1
        assert check_document(document) == []
        notice = await run(hub, "decision-notice", {"decision": key, "form": "pdf"})
        (line,) = notice_read(notice["notice"]).lines
        assert line.used is not None
        assert line.used.value is None
        assert line.used.taken == record.used["started"]


async def test_a_corrected_conclusion_is_told_and_the_one_used_stays(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        home, key = await _used(hub, tmp_path)
        await _put(hub, home, told("右侧基底节区腔隙灶。", status="corrected"))
        record = await _record(hub, key)
        assert record.change is not None
        assert record.change.kind == "corrected"
        sheet = record_sheet(record, "zh")
        assert "已更正此结果" in sheet.alerts[0]
        assert "颅脑CT平扫未见异常。" in said(sheet)
        assert "腔隙灶" not in said(sheet)
        assert check_document(write_document(record)) == []


async def test_a_link_that_was_found_later_is_no_correction(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        home, key = await _used(hub, tmp_path)
        await _put(hub, home, told(basedOn=[{"reference": "ServiceRequest/q1"}]))
        assert (await _record(hub, key)).change is None


@pytest.mark.parametrize("what", ["study", "report"])
async def test_withdrawn_images_or_report_say_so_and_nothing_else(
    place: Any, tmp_path: Path, what: str
) -> None:
    async with opened(_settings(place)) as hub:
        home, key = await _used(hub, tmp_path)
        gone = (
            {**a_study("s1"), "status": "cancelled"}
            if what == "study"
            else told(status="entered-in-error")
        )
        await _put(hub, home, gone, now_us=time.time_ns() // 1000)
        record = await _record(hub, key)
        assert record.is_withdrawn
        sheet = record_sheet(record, "en")
        assert "has withdrawn this result" in sheet.alerts[0]
        for text in (said(sheet), write_oru(record).decode(), str(write_document(record))):
            assert "未见异常" not in text
        assert check_document(write_document(record)) == []
        assert _read(record).status in {"entered-in-error", "cancelled"}


async def test_a_huge_report_is_given_whole(place: Any, tmp_path: Path) -> None:
    text = "双肺纹理清晰，未见明确异常密度影；纵隔居中。\n" * 5_000
    async with opened(_settings(place)) as hub:
        home = await _home(hub, tmp_path)
        found = {"url": extension("findings"), "valueString": text}
        await _put(hub, home, a_study("s1"), told(extension=[found]))
        record = await _record(hub, await _decide_to_use(hub))
        assert _read(record).findings.text == text.strip()  # type: ignore[union-attr]
        assert text.strip() in said(record_sheet(record, "zh"))
        assert check_document(write_document(record)) == []
        pdf = write_pdf(record_sheet(record, "zh"))
        assert pdf.count(b"/Type /Page\n") > 50
