"""Bad messages at the real door: held or refused by name, never lost, never 500.

A message that is held says its issues (stage, code, place, what was expected). The counts at the end
of each story show that nothing was half kept.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hie.exchange.commands import run
from tests.integration.test_road import TODAY
from tests.integration.two_hospitals import CASE, Doors, blocking, codes_of, faults_of, opened_doors

pytestmark = pytest.mark.anyio
MEGABYTE = 1024 * 1024


async def _name_and_method(doors: Doors) -> tuple[str, str]:
    """How the one Patient is called, and how the potassium of the one report was measured."""
    headers = doors.headers["bj"]
    found = (await doors.client.get("/fhir/Patient", headers=headers)).json()
    patient = found["entry"][0]["resource"]
    query = f"/fhir/Observation?patient={patient['id']}&code=http://loinc.org|2823-3"
    result = (await doors.client.get(query, headers=headers)).json()["entry"][0]["resource"]
    return patient["name"][0]["text"], result["method"]["text"]


async def test_a_truncated_message_is_held_wherever_it_was_cut(place: Any, tmp_path: Path) -> None:
    async with opened_doors(place, tmp_path) as doors:
        content = doors.message().encode()
        cuts = (12, content.index(b"PID|") + 30, content.index(b"OBX|9|") + 25)
        for cut in cuts:
            receipt = (await doors.send(content[:cut])).json()
            assert receipt["state"] == "held"
            assert blocking(receipt)
        assert blocking(receipt) >= {("truncated", "OBX[9]")}
        assert await doors.count("observation") == 0
        assert await doors.count("message", "state = 'held'") == len(cuts)
        whole = (await doors.send(content)).json()
        assert whole["state"] == "stored"


@pytest.mark.parametrize(
    ("declared", "charset", "said"),
    [
        ("", "gb18030", "charset-undeclared"),
        ("GB 18030-2000", "utf-8", "charset-declared-wrong"),
        ("UNICODE UTF-8", "gb18030", "charset-declared-wrong"),
    ],
)
async def test_a_charset_left_out_or_wrong_is_read_right_and_said(
    place: Any, tmp_path: Path, declared: str, charset: str, said: str
) -> None:
    async with opened_doors(place, tmp_path) as doors:
        receipt = (await doors.send(doors.message(MSH_18=declared).encode(charset))).json()
        assert receipt["state"] == "stored"
        assert said in codes_of(receipt)
        assert await _name_and_method(doors) == ("王秀英", "离子选择电极法")


async def test_charsets_mixed_in_one_message_are_each_read_in_their_own(
    place: Any, tmp_path: Path
) -> None:
    async with opened_doors(place, tmp_path) as doors:
        segments = doors.message().split("\r")
        coded = [
            segment.encode("gb18030" if segment.startswith("OBX") else "utf-8")
            for segment in segments
        ]
        receipt = (await doors.send(b"\r".join(coded))).json()
        assert receipt["state"] == "stored"
        assert "charset-mixed" in codes_of(receipt)
        assert await _name_and_method(doors) == ("王秀英", "离子选择电极法")


async def test_what_is_no_message_is_kept_and_held(place: Any, tmp_path: Path) -> None:
    no_segment = b"PID|1||x\rOBX|1|NM|K||4.1\r"
    contents = (no_segment, b'{"resourceType": "Bundle"}', bytes(range(256)), b"MSH", b"\x00" * 9)
    async with opened_doors(place, tmp_path) as doors:
        for content in contents:
            answer = await doors.send(content)
            assert answer.status_code == 202
            assert answer.json()["state"] == "held"
            assert blocking(answer.json())
            again = await doors.send(content)
            assert again.json()["duplicate_of"] == answer.json()["message"]
        assert await doors.count("message") == len(contents)


async def test_an_unknown_foreign_or_disabled_site_keeps_nothing(
    place: Any, tmp_path: Path
) -> None:
    async with opened_doors(place, tmp_path) as doors:
        content = doors.message().encode()
        unknown = await doors.client.post(
            "/intake/nowhere", content=content, headers=doors.headers["bj"]
        )
        foreign = await doors.client.post(
            "/intake/bj-lis", content=content, headers=doors.headers["tj"]
        )
        assert faults_of(unknown, 404) == {"site": "unknown-site"}
        assert unknown.json() == foreign.json()
        await run(doors.hub, "site-disable", {"site": "bj-lis"})
        assert faults_of(await doors.send(content), 403) == {"site": "disabled"}
        assert await doors.count("message") == 0
        await run(doors.hub, "site-enable", {"site": "bj-lis"})
        assert (await doors.send(content)).json()["state"] == "stored"


async def test_an_empty_body_and_an_unreadable_wait_are_refused(place: Any, tmp_path: Path) -> None:
    async with opened_doors(place, tmp_path) as doors:
        assert faults_of(await doors.send(b" \r\n"), 400) == {"body": "empty"}
        content = doors.message().encode()
        for text in ("x", "nan", "inf", "-1", "31", ""):
            assert faults_of(await doors.send(content, wait=text), 400) == {"wait": "invalid-value"}
        refused = await doors.send(content, when="now")
        assert faults_of(refused, 400) == {"when": "unknown-parameter"}
        assert await doors.count("message") == 0


async def test_ten_megabytes_are_kept_and_what_is_over_the_limit_is_refused(
    place: Any, tmp_path: Path
) -> None:
    async with opened_doors(place, tmp_path) as doors:
        long = (doors.message() + "NTE|1||" + "x" * 10 * MEGABYTE + "\r").encode()
        receipt = (await doors.send(long)).json()
        assert receipt["state"] == "held"
        assert ("value", "Observation.note[0].text") in blocking(receipt)
        async with doors.hub.db.reading() as reader:
            assert await reader.fetchval("SELECT size FROM message") == len(long)
        document = "JVBERi0xLjQK" + "QUJD" * (10 * MEGABYTE // 4)
        form = f"OBX|30|ED|PDF^报告||^application^pdf^Base64^{document}||||||F\r"
        stored = (await doors.send((doors.message() + form).encode())).json()
        assert stored["state"] == "stored"
        limit = doors.hub.settings.intake_limit
        assert (await doors.send(b"MSH|" + b"x" * limit)).status_code == 413
        assert await doors.count("message") == 2


@pytest.mark.parametrize("born", [TODAY.strftime("%Y%m%d"), "20991231", "18000101"])
async def test_a_birth_after_the_specimen_is_said_and_never_an_error(
    place: Any, tmp_path: Path, born: str
) -> None:
    async with opened_doors(place, tmp_path) as doors:
        receipt = (await doors.send(doors.message(PID_7=born).encode())).json()
        assert receipt["state"] == "stored"
        assert codes_of(receipt) & {"birth-after-collection", "time-invalid"}
        body = json.loads(CASE.order_check)
        body["patient"]["birth_date"] = f"{born[:4]}-{born[4:6]}-{born[6:]}"
        answer = await doors.ask(body)
        assert answer.status_code == (422 if born == "20991231" else 200)


async def test_a_senders_clock_that_runs_ahead_holds_the_message(
    place: Any, tmp_path: Path
) -> None:
    ahead = (TODAY + timedelta(days=3)).strftime("%Y%m%d080000+0800")
    async with opened_doors(place, tmp_path) as doors:
        receipt = (await doors.send(doors.message(MSH_7=ahead).encode())).json()
        assert receipt["state"] == "held"
        assert blocking(receipt) == {("future-time", "MSH-7")}
        taken = doors.message(MSH_7=ahead, OBR_7=ahead, OBX_14="")
        receipt = (await doors.send(taken.encode())).json()
        assert receipt["state"] == "held"
        assert ("future-time", "OBR[1]-7") in blocking(receipt)
        assert await doors.count("observation") == 0


async def test_two_hospitals_with_one_message_number_are_both_kept_and_stored(
    place: Any, tmp_path: Path
) -> None:
    async with opened_doors(place, tmp_path) as doors:
        content = doors.message(MSH_10="00000001").encode()
        first = (await doors.send(content, "bj-lis")).json()
        second = (await doors.send(content, "sjz-lis")).json()
        other = doors.message(MSH_10="00000001", PID_5="李^四^^^^^L").encode()
        third = (await doors.send(other, "bj-lis")).json()
        assert len({first["message"], second["message"], third["message"]}) == 3
        assert {one["duplicate_of"] for one in (first, second, third)} == {None}
        assert await doors.count("message") == 3
        assert await doors.count("diagnostic_report") == 3
        assert await doors.count("patient") == 2
