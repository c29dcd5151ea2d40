"""What a decision gives back, at the door: the version used, in every form, and what became of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.hl7v2 import adapter
from hie.adapter import Site
from hie.app import opened
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.fhir.document import check_document
from hie.fhir.wire import parse
from hie.records import LabReportRecord
from hie.store.identifiers import homes_by_identifier
from hie.synthetic import example
from tests.integration.record.support import corrected, decided, send
from tests.integration.test_doors import _client, _ready, _settings
from tests.integration.test_road import TODAY

pytestmark = pytest.mark.anyio
SITE = Site("lis-1", "12130102999900038H", "hl7v2", {})
MEDIA = {
    "json": "application/fhir+json",
    "pdf": "application/pdf",
    "hl7": "x-application/hl7-v2+er7",
    "html": "text/html; charset=utf-8",
}


async def test_the_answer_of_a_decision_leads_to_its_record_and_notice(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)
        use, repeat = made.answer["decisions"]
        assert use["record"].endswith(f"/v1/decisions/{made.use}/record")
        assert repeat["notice"].endswith(f"/v1/decisions/{made.repeat}/notice")
        for url in (use["record"], repeat["notice"]):
            answer = await client.get(url, headers=made.headers)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"


async def test_every_form_of_a_record_says_source_time_item_and_value(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)
        base = f"/v1/decisions/{made.use}/record"
        candidate = made.check["orders"][0]["candidates"][0]
        for form, media in MEDIA.items():
            by_suffix = await client.get(f"{base}.{form}?lang=zh", headers=made.headers)
            accept = {**made.headers, "Accept": f"{media.split(';')[0]}, */*;q=0.1"}
            by_accept = await client.get(f"{base}?lang=zh", headers=accept)
            assert by_suffix.status_code == by_accept.status_code == 200
            assert by_suffix.headers["content-type"] == media
            assert by_suffix.content == by_accept.content or form == "html"
            name = by_suffix.headers.get("content-disposition", made.use)
            assert made.use in name
            assert "王" not in name
        page = (await client.get(f"{base}.html?lang=zh", headers=made.headers)).text
        for said in (
            candidate["value"],
            "mmol/L",
            candidate["institution"]["name"],
            candidate["institution"]["code"],
            candidate["effective"][:10],
            made.use,
            made.check["check"],
            candidate["assessment"],
            f"{made.number[:4]}**********{made.number[-4:]}",
        ):
            assert said in page, said
        assert made.number not in page
        assert (
            "Record of a recognised"
            in (await client.get(f"{base}.html?lang=en", headers=made.headers)).text
        )


async def test_the_document_is_sound_and_holds_the_version_used(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)
        answer = await client.get(f"/v1/decisions/{made.use}/record", headers=made.headers)
        document = parse(answer.content)
        assert check_document(document) == []
        named = made.check["orders"][0]["candidates"][0]["resource"].split("/")
        held = {
            (entry["resource"]["resourceType"], entry["resource"].get("id")): entry["resource"]
            for entry in document["entry"]
        }
        used = held[named[0], named[1]]
        assert used["meta"]["versionId"] == named[3]
        stored = await client.get(
            f"/fhir/Observation/{named[1]}/_history/{named[3]}", headers=made.headers
        )
        assert used == parse(stored.content)
        reports = [one for (kind, _), one in held.items() if kind == "DiagnosticReport"]
        assert [one["result"] for one in reports] == [[{"reference": f"Observation/{named[1]}"}]]
        assert [one["resourceType"] for one in held.values()].count("Observation") == 1


async def test_the_file_reads_back_into_the_same_result(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)
        base = f"/v1/decisions/{made.use}/record.hl7"
        for charset, name in (("UNICODE UTF-8", "utf-8"), ("GB 18030-2000", "gb18030")):
            answer = await client.get(base, params={"charset": charset}, headers=made.headers)
            assert answer.status_code == 200
            assert f"|{charset}\r" in answer.content.decode(name)
            (record,) = adapter.decode(answer.content, SITE).records
            assert isinstance(record, LabReportRecord)
            (result,) = record.results
            candidate = made.check["orders"][0]["candidates"][0]
            assert result.value.value == candidate["reported"]["value"]  # type: ignore[union-attr]
            assert result.unit.text == candidate["reported"]["unit"]  # type: ignore[union-attr]
            assert result.performer.code == candidate["institution"]["code"]  # type: ignore[union-attr]
            assert record.patient.names[0].text == "王秀英"


async def test_the_same_decision_gives_the_same_bytes(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)
        for path in ("record.pdf", "record.json", "record.hl7", "notice.pdf"):
            url = f"/v1/decisions/{made.use}/{path}"
            first, second = [await client.get(url, headers=made.headers) for _ in range(2)]
            assert first.status_code == 200
            assert first.content == second.content
            if path.endswith("pdf"):
                assert first.content.startswith(b"%PDF-")
                assert "王秀英".encode("utf-16-be") not in first.content


async def test_a_correction_is_told_before_anything_else(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)
        value = made.check["orders"][0]["candidates"][0]["value"]
        await send(hub, made.site, corrected(made.message, "C", "6.90"))
        base = f"/v1/decisions/{made.use}/record"
        page = (await client.get(f"{base}.html?lang=en", headers=made.headers)).text
        assert "The source has corrected this result" in page
        assert page.index("corrected this result") < page.index(f"{value} mmol/L")
        assert "6.90" not in page
        text = (await client.get(f"{base}.hl7?lang=en", headers=made.headers)).content.decode()
        assert "NTE|1|O|The source has corrected this result" in text
        assert f"|{value}|" in text
        document = parse((await client.get(base, headers=made.headers)).content)
        assert check_document(document) == []
        assert document["identifier"]["value"].startswith(f"{made.use}/")
        told = await client.get(
            f"/v1/decisions/{made.use}/notice.html?lang=en", headers=made.headers
        )
        assert "was corrected or withdrawn" in told.text


@pytest.mark.parametrize("letter", ["D", "W"])
async def test_a_withdrawn_result_is_told_of_and_not_told(
    place: Any, tmp_path: Path, letter: str
) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)
        value = made.check["orders"][0]["candidates"][0]["value"]
        await send(hub, made.site, corrected(made.message, letter, ""))
        base = f"/v1/decisions/{made.use}"
        for path in ("record.html", "record.json", "record.hl7", "notice.html", "notice.json"):
            answer = await client.get(f"{base}/{path}?lang=en", headers=made.headers)
            assert answer.status_code == 200
            assert value not in answer.text, path
        page = (await client.get(f"{base}/record.html?lang=en", headers=made.headers)).text
        assert "The source has withdrawn this result" in page
        document = parse((await client.get(f"{base}/record", headers=made.headers)).content)
        assert check_document(document) == []
        assert document["entry"][0]["resource"]["status"] == "entered-in-error"
        text = (await client.get(f"{base}/record.hl7", headers=made.headers)).content
        (record,) = adapter.decode(text, SITE).records
        assert isinstance(record, LabReportRecord)
        assert [one.status for one in record.results] == ["entered-in-error"]


async def test_a_result_that_may_no_longer_be_seen_is_told_as_withdrawn(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)
        async with hub.db.unit() as unit:
            await unit.execute("DELETE FROM observation")
        for form in MEDIA:
            url = f"/v1/decisions/{made.use}/record.{form}?lang=en"
            answer = await client.get(url, headers=made.headers)
            assert answer.status_code == 200, form
        page = await client.get(
            f"/v1/decisions/{made.use}/record.html?lang=en", headers=made.headers
        )
        assert "withdrawn" in page.text


REFUSED = [
    ("/v1/decisions/nothing/record", 404, None),
    ("/v1/decisions/nothing/notice", 404, None),
    ("/v1/checks/nothing/notice", 404, None),
    ("/v1/decisions/{use}/record.xml", 400, "unknown-form"),
    ("/v1/decisions/{use}/record.PDF", 400, "unknown-form"),
    ("/v1/decisions/{use}/notice.hl7", 400, "unknown-form"),
    ("/v1/decisions/{repeat}/record", 409, "not-a-use"),
    ("/v1/decisions/{use}/record?lang=fr", 400, "unknown-language"),
    ("/v1/decisions/{use}/record?lang=zh&lang=en", 400, "unknown-language"),
    ("/v1/decisions/{use}/record.hl7?charset=Big5", 400, "unknown-charset"),
    ("/v1/decisions/{use}/record.pdf?charset=GB%2018030-2000", 400, "unknown-charset"),
]


async def test_what_cannot_be_given_is_refused_by_name(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)
        for path, status, code in REFUSED:
            url = path.format(use=made.use, repeat=made.repeat)
            answer = await client.get(url, headers=made.headers)
            assert answer.status_code == status, path
            assert answer.headers["content-type"] == "application/problem+json"
            codes = [one["code"] for one in answer.json()["errors"]]
            assert codes == ([] if code is None else [code]), path
        accept = {**made.headers, "Accept": "application/xml"}
        answer = await client.get(f"/v1/decisions/{made.use}/record", headers=accept)
        assert answer.status_code == 406
        repeated = await client.get(f"/v1/decisions/{made.repeat}/record", headers=made.headers)
        assert repeated.json()["errors"][0]["expected"] == f"/v1/decisions/{made.repeat}/notice"


async def test_a_replaced_decision_names_the_one_that_stands(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)
        change = {
            "check": made.check["check"],
            "key": "k2",
            "practitioner": "d-17",
            "decisions": [
                {
                    "ref": "1",
                    "assessment": None,
                    "decision": "repeat",
                    "reason": "N1_CONDITION_CHANGED",
                    "explained_to_patient": False,
                    "replaces": made.use,
                }
            ],
        }
        answer = await client.post("/v1/decisions", json=change, headers=made.headers)
        standing = answer.json()["decisions"][0]["decision"]
        gone = await client.get(f"/v1/decisions/{made.use}/record", headers=made.headers)
        assert gone.status_code == 409
        assert gone.json()["errors"] == [
            {"path": "id", "code": "replaced", "expected": f"/v1/decisions/{standing}"}
        ]
        notice = await client.get(f"/v1/decisions/{standing}/notice", headers=made.headers)
        assert notice.json()["lines"][0]["repeated"]["explained"] is False


async def test_another_institution_sees_neither_record_nor_notice(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)
        async with hub.db.unit() as unit:
            await unit.execute("UPDATE client SET institution = '12110102999900011H'")
        token = (await run(hub, "client-token", {"client": "his", "scopes": None}))["access_token"]
        other = {"Authorization": f"Bearer {token}"}
        for path in (
            f"/v1/decisions/{made.use}/record",
            f"/v1/decisions/{made.use}/record.pdf",
            f"/v1/decisions/{made.repeat}/notice",
            f"/v1/checks/{made.check['check']}/notice",
        ):
            assert (await client.get(path, headers=other)).status_code == 404
        few = await run(hub, "client-token", {"client": "his", "scopes": ["system/*.rs"]})
        headers = {"Authorization": f"Bearer {few['access_token']}"}
        refused = await client.get(f"/v1/decisions/{made.use}/record", headers=headers)
        assert refused.status_code == 403
        shown = await run(hub, "decision-record", {"decision": made.use, "form": "json"})
        assert json.loads(shown["record"])["decision"]["id"] == made.use


async def test_every_retrieval_is_recorded_with_what_was_shown(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)
        named = made.check["orders"][0]["candidates"][0]["resource"]
        for path in ("record.pdf", "record.hl7", "notice.html"):
            await client.get(f"/v1/decisions/{made.use}/{path}", headers=made.headers)
        await client.get(f"/v1/checks/{made.check['check']}/notice.pdf", headers=made.headers)
        async with hub.db.reading() as reader:
            rows = await reader.fetch(
                "SELECT a.detail, s.resources FROM audit_access AS a JOIN audit_subject AS s"
                " ON s.access = a.id WHERE a.type = 'decide' AND a.action = 'R' ORDER BY a.n"
            )
        assert [row[0] for row in rows] == [
            f"record pdf of decision {made.use}",
            f"record hl7 of decision {made.use}",
            f"notice html of decision {made.use}",
            f"notice pdf of check {made.check['check']}",
        ]
        assert all(named in str(row[1]) for row in rows)


async def test_the_notice_of_a_check_lists_what_is_used_and_what_is_repeated(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)
        base = f"/v1/checks/{made.check['check']}/notice"
        notice = (await client.get(base, headers=made.headers)).json()
        assert [line["ref"] for line in notice["lines"]] == ["1", "2"]
        zh = (await client.get(f"{base}.html?lang=zh", headers=made.headers)).text
        en = (await client.get(f"{base}.html?lang=en", headers=made.headers)).text
        assert "已向您说明重新检查的目的和必要性。" in zh
        assert "医师认为确有必要重新检查" in zh
        assert "术前 &lt;复查&gt; &amp; 确认" in zh
        assert "The purpose and the need of the repeat were explained to you." in en
        source = made.check["orders"][0]["candidates"][0]["institution"]["name"]
        assert source in zh
        assert source in en
        assert (await client.get(f"{base}.pdf", headers=made.headers)).content[:5] == b"%PDF-"


async def test_a_result_that_proves_to_be_another_persons_is_not_told(
    place: Any, tmp_path: Path
) -> None:
    """A link between two Patients is taken back after the result of the one was used."""
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers, body = await _ready(hub, tmp_path)
        case = example(today=TODAY)
        asked = json.loads(body)
        mine = asked["patient"]["identifiers"][0]["value"]
        await send(hub, case.site, _of_a_stranger(case.message.decode(), mine))
        homes = await _homes(hub, mine)
        joined = await run(hub, "identity-join", {"patients": homes, "reason": "one card"})
        answer = (await client.post("/v1/order-check", json=asked, headers=headers)).json()
        offered = {one["value"]: one for one in answer["orders"][0]["candidates"]}
        assert offered["4.44"]["outcome"] != "do_not_recognise"
        use = {"ref": "1", "assessment": offered["4.44"]["assessment"], "decision": "use"}
        decisions = {"check": answer["check"], "key": "k", "practitioner": "d", "decisions": [use]}
        made = (await client.post("/v1/decisions", json=decisions, headers=headers)).json()
        base = f"/v1/decisions/{made['decisions'][0]['decision']}"
        before = await client.get(f"{base}/record.html?lang=en", headers=headers)
        assert "4.44" in before.text
        await run(hub, "identity-undo", {"link": joined["link"]})
        for path in ("record.html", "record.json", "record.hl7", "notice.html", "notice.json"):
            after = await client.get(f"{base}/{path}?lang=en", headers=headers)
            assert after.status_code == 200, path
            assert "4.44" not in after.text, path
            assert "E1234567" not in after.text, path
            assert "BJ900001" not in after.text, path
        page = (await client.get(f"{base}/record.html?lang=en", headers=headers)).text
        assert "no longer held to be of the same patient" in page
        document = parse((await client.get(f"{base}/record", headers=headers)).content)
        assert check_document(document) == []


async def _homes(hub: Hub, number: str) -> list[str]:
    """The Patient of the resident number, and the one of the stranger's passport."""
    async with hub.db.reading() as reader:
        mine = await homes_by_identifier(reader, "resident-id", number)
        theirs = await homes_by_identifier(reader, "passport", "E1234567")
    return [mine[0], theirs[0]]


def _of_a_stranger(message: str, number: str) -> str:
    """The same report of somebody without a common number, taken a second later."""
    text = message.replace(number, "E1234567").replace("NNCHN", "PPN")
    text = text.replace("BJ100037", "BJ900001")
    lines = []
    for line in text.split("\r"):
        cells = line.split("|")
        if cells[0] == "MSH":
            cells[9] = "S1"
        if cells[0] in ("ORC", "OBR"):
            cells[2], cells[3] = f"{cells[2]}9", f"{cells[3]}9"
        if cells[0] == "OBR":
            cells[7] = _next(cells[7])
        if cells[0] == "OBX":
            cells[14] = _next(cells[14])
            cells[5] = "4.44" if "钾" in cells[3] else cells[5]
        lines.append("|".join(cells))
    return "\r".join(lines)


def _next(stamp: str) -> str:
    """The next second of the same minute, or the one before."""
    second = int(stamp[12:14])
    return f"{stamp[:12]}{second + 1 if second < 59 else 58:02}{stamp[14:]}"


async def test_whatever_a_caller_calls_the_physician_the_document_is_sound(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client, practitioner="\u0001|^~\\&\r\n<b>\u202e")
        for form in MEDIA:
            url = f"/v1/decisions/{made.use}/record.{form}"
            answer = await client.get(url, headers=made.headers)
            assert answer.status_code == 200, form
            assert "<b>" not in answer.text or form in ("json", "hl7")
        notice = await client.get(f"/v1/decisions/{made.use}/notice.html", headers=made.headers)
        assert "<b>" not in notice.text
