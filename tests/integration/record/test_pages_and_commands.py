"""Records and notices as pages and commands: who may see them, where they lead, what they write."""

import json
from pathlib import Path
from typing import Any

import anyio.to_thread
import httpx
import pytest

from hie.app import opened
from hie.cli import main
from hie.errors import Unavailable
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.exchange.process import process_waiting
from tests.integration.record.support import Decided, decided
from tests.integration.test_doors import _client, _settings
from tests.integration.test_pages import _csrf
from tests.integration.test_road import _packed

pytestmark = pytest.mark.anyio
PASSWORD = "a long pass phrase"


async def _sign_in(client: httpx.AsyncClient, login: str) -> None:
    token = _csrf((await client.get("/sign-in")).text)
    data = {"csrf": token, "next": "/patients", "login": login, "password": PASSWORD}
    assert (await client.post("/sign-in", data=data)).status_code == 303


async def _person(hub: Hub, login: str, role: str, institution: str) -> None:
    person = {"login": login, "name": "某人", "role": role, "department": "", "password": PASSWORD}
    await run(hub, "user-add", person | {"institution": institution})


async def test_a_clinician_opens_the_pages_of_her_institution(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)
        await _sign_in(client, "doctor")
        record = await client.get(f"/decisions/{made.use}/record?lang=zh")
        assert record.status_code == 200
        assert "检验结果互认记录" in record.text
        assert record.headers["cache-control"] == "no-store"
        assert f"/decisions/{made.use}/record.pdf?lang=zh" in record.text
        for form, start in (("pdf", b"%PDF-"), ("hl7", b"MSH|"), ("json", b'{"resourceType"')):
            file = await client.get(f"/decisions/{made.use}/record.{form}")
            assert file.content.startswith(start)
        led = await client.get(f"/decisions/{made.repeat}/record.pdf?lang=en")
        assert led.status_code == 303
        assert led.headers["location"] == f"/decisions/{made.repeat}/notice.pdf?lang=en"
        notice = await client.get(f"/decisions/{made.repeat}/notice?lang=en")
        assert "The purpose and the need of the repeat were explained to you." in notice.text
        sheet = await client.get(f"/checks/{made.check['check']}/notice?lang=zh")
        assert sheet.text.count("<h3") == 2
        for path in ("/decisions/nothing/record", "/checks/nothing/notice"):
            missing = await client.get(path)
            assert missing.status_code == 404
            assert missing.headers["content-type"].startswith("text/html")
        assert (await client.get(f"/decisions/{made.use}/record.xml")).status_code == 400


async def test_nobody_else_opens_them(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)
        source = made.check["orders"][0]["candidates"][0]["institution"]["code"]
        await _person(hub, "other", "clinician", source)
        await _person(hub, "auditor", "auditor", made.receiver)
        paths = (
            f"/decisions/{made.use}/record",
            f"/decisions/{made.use}/record.pdf",
            f"/decisions/{made.repeat}/notice",
            f"/checks/{made.check['check']}/notice",
        )
        for path in paths:
            assert (await client.get(path)).status_code == 401
        for login, status in (("other", 404), ("auditor", 403)):
            async with _client(hub) as theirs:
                await _sign_in(theirs, login)
                for path in paths:
                    assert (await theirs.get(path)).status_code == status, path


async def test_a_replaced_decision_leads_to_the_one_that_stands(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)
        standing = await _replaced(client, made)
        await _sign_in(client, "doctor")
        led = await client.get(f"/decisions/{made.use}/record", follow_redirects=True)
        assert led.status_code == 200
        assert str(led.url).endswith(f"/decisions/{standing}/notice")


async def _replaced(client: httpx.AsyncClient, made: Decided) -> str:
    repeat = {
        "ref": "1", "decision": "repeat", "reason": "N4_EMERGENCY", "replaces": made.use,
        "explained_to_patient": True,
    }  # fmt: skip
    body = {"check": made.check["check"], "key": "k9", "practitioner": "d", "decisions": [repeat]}
    answer = await client.post("/v1/decisions", json=body, headers=made.headers)
    return str(answer.json()["decisions"][0]["decision"])


HOSTILE = "<img src=x onerror=alert(1)>|^~\\&\u202e\r\nOBX|1|NM|X||9.9"


async def test_a_hostile_name_is_text_in_every_form(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers_made = await decided(hub, tmp_path, client, name=HOSTILE)
        base = f"/v1/decisions/{headers_made.use}"
        for path in ("record.html", "notice.html"):
            page = (await client.get(f"{base}/{path}", headers=headers_made.headers)).text
            assert "<img src=x" not in page
            assert "&lt;img src=x onerror=alert(1)&gt;|^~" in page
            assert "\u202e" not in page
        file = (await client.get(f"{base}/record.hl7", headers=headers_made.headers)).content
        lines = [line[:3] for line in file.decode().split("\r")]
        assert lines.count("OBX") == lines.count("PID") == 1
        for path in ("record.pdf", "notice.pdf", "record.json", "notice.json"):
            answer = await client.get(f"{base}/{path}", headers=headers_made.headers)
            assert answer.status_code == 200
            assert "onerror" not in str(answer.headers)


async def test_the_receivers_own_system_takes_the_file_in(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)
        url = f"/v1/decisions/{made.use}/record.hl7?charset=GB 18030-2000"
        file = (await client.get(url, headers=made.headers)).content
        sent = await run(hub, "receive", {"site": "sjz-lis", "files": [_packed(file)]})
        while await process_waiting(hub):
            pass
        shown = await run(hub, "message-show", {"message": sent["receipts"][0]["message"]})
        assert shown["state"] == "stored", shown
        again = await run(hub, "receive", {"site": "sjz-lis", "files": [_packed(file)]})
        assert again["receipts"][0]["duplicate_of"]


async def test_what_cannot_be_recorded_is_not_given(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)

        async def away(event: object) -> None:
            raise Unavailable("the ledger is away")

        kept, hub.ledger.record = hub.ledger.record, away  # type: ignore[method-assign, assignment]
        try:
            for path in ("record.pdf", "record.hl7", "notice"):
                url = f"/v1/decisions/{made.use}/{path}"
                answer = await client.get(url, headers=made.headers)
                assert answer.status_code == 503
                assert b"4." not in answer.content
        finally:
            hub.ledger.record = kept  # type: ignore[method-assign]


async def test_the_commands_write_every_form(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch,
    sqlite_template: Path,
) -> None:  # fmt: skip
    from tests.places import Place

    folder = tmp_path / "data"
    folder.mkdir()
    place = Place(None, folder)
    async with opened(_settings(place)) as hub, _client(hub) as client:
        made = await decided(hub, tmp_path, client)
    monkeypatch.setenv("HIE_DATA_DIR", str(folder))

    async def hie(*words: str) -> tuple[int, bytes, bytes]:
        def call() -> int:
            with pytest.raises(SystemExit) as left:
                main(list(words))
            return int(left.value.code or 0)

        code = await anyio.to_thread.run_sync(call)
        told = capsysbinary.readouterr()
        return code, told.out, told.err

    code, out, _ = await hie("decision", "show", made.use, "--json")
    assert (code, json.loads(out)["decided"]) == (0, "use")
    for form, start in (("hl7", b"MSH|"), ("pdf", b"%PDF-"), ("html", b"<!doctype html>")):
        target = tmp_path / f"record.{form}"
        code, out, _ = await hie(
            "decision", "record", made.use, "--format", form, "-o", str(target)
        )
        assert code == 0
        assert target.read_bytes().startswith(start)
    code, out, _ = await hie("decision", "record", made.use)
    assert json.loads(out)["type"] == "document"
    code, out, _ = await hie(
        "decision", "record", made.use, "--format", "hl7", "--charset", "GB 18030-2000"
    )
    assert "钾" in out.decode("gb18030")
    code, out, _ = await hie("decision", "notice", "--check", made.check["check"], "--lang", "en",
                             "--format", "html")  # fmt: skip
    assert b"Notice on recognised and repeated tests" in out
    for words, expected in (
        (("record", "nobody"), 1),
        (("record", made.repeat), 1),
        (("record", made.use, "--charset", "Big5"), 2),
        (("record", made.use, "--format", "xml"), 2),
        (("record", made.use, "-o", "/nowhere/x"), 2),
        (("notice",), 2),
        (("notice", made.repeat, "--check", "x"), 2),
    ):
        code, out, err = await hie("decision", *words)
        assert code == expected, words
        assert out == b""
        assert err
