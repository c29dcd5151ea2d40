"""Bad input at the real doors: held or refused by name, never lost, never 500.

Whatever a hospital's systems send wrongly ends in one of two ways: a message that is held with
issues (stage, code, place, what was expected), or a refusal that names each field. The counts at
the end of each story show that nothing was half kept.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hie.app import opened, web_app, work
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.settings import Settings
from hie.store.sqlite import Sqlite
from hie.synthetic import example
from tests.integration.test_road import TODAY, _connected

pytestmark = pytest.mark.anyio
CASE = example(today=TODAY)
# The example's message without the one result that no item has, so that it is stored whole.
TEXT = "\r".join(s for s in CASE.message.decode().split("\r") if not s.startswith("OBX|19|"))
MEGABYTE = 1024 * 1024


@dataclass
class Doors:
    """An open hub with its worker, and two hospitals' systems that call it over HTTP."""

    hub: Hub
    client: httpx.AsyncClient
    headers: dict[str, dict[str, str]]
    written: int = 0

    def message(self, **changed: str) -> str:
        """The example as a message of its own; `changed` are fields by name, "MSH_7"."""
        self.written += 1
        text = TEXT.replace("BJEXAMPLE0001", f"M{self.written:05}")
        text = text.replace("BJ2611240000121", f"F{self.written:05}")
        segments = [segment.split("|") for segment in text.split("\r")]
        for name, value in changed.items():
            kind, number = name.split("_")
            at = int(number) - (kind == "MSH")
            for segment in segments:
                if segment[0] == kind:
                    segment[at] = value
        return "\r".join("|".join(segment) for segment in segments)

    async def send(self, content: bytes, site: str = "bj-lis", **query: Any) -> httpx.Response:
        asked = {"wait": 20, **query}
        return await self.client.post(
            f"/intake/{site}", content=content, params=asked, headers=self.headers[site[:2]]
        )

    async def ask(self, body: Any, path: str = "/v1/order-check") -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.post(path, content=content, headers=self.headers["sj"])

    async def count(self, table: str, where: str = "1 = 1") -> int:
        async with self.hub.db.reading() as reader:
            found = await reader.fetchval(f"SELECT count(*) FROM {table} WHERE {where}")  # noqa: S608
        return int(found)


@asynccontextmanager
async def _doors(place: Any, tmp_path: Path, **settings: Any) -> AsyncIterator[Doors]:
    chosen = Settings(
        data_dir=place.data_dir, database_url=place.url, rate_limits=False, **settings
    )
    async with opened(chosen) as hub:
        region = await _connected(hub, tmp_path)
        headers = {}
        for site in region.sites:
            client = f"his-{site.site[:2]}"
            headers[site.site[:2]] = await _token(hub, client, site.institution)
        worker = asyncio.create_task(work(hub))
        transport = httpx.ASGITransport(app=web_app(hub))
        try:
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost:8000", timeout=60
            ) as client_:
                yield Doors(hub, client_, headers)
        finally:
            worker.cancel()
            with suppress(asyncio.CancelledError):
                await worker


async def _token(hub: Hub, client: str, institution: str) -> dict[str, str]:
    key = ec.generate_private_key(ec.SECP384R1()).public_key()
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    asked = {
        "client": client,
        "institution": institution,
        "key": {"pem": pem.decode()},
        "scopes": ["system/*.rs", "hie/order-check", "hie/decide", "hie/indicators", "hie/intake"],
        "name": client,
        "purposes": ["TREAT"],
    }
    await run(hub, "client-add", asked)
    token = await run(hub, "client-token", {"client": client, "scopes": None})
    return {"Authorization": f"Bearer {token['access_token']}"}


def _blocking(receipt: dict[str, Any]) -> set[tuple[str, str]]:
    """What holds a message, by code and place; every issue says all four things."""
    for issue in receipt["issues"]:
        assert all(issue[part] for part in ("stage", "code", "path", "expected"))
        assert "found" not in issue
    return {(i["code"], i["path"]) for i in receipt["issues"] if i["severity"] in {"hold", "error"}}


def _said(receipt: dict[str, Any]) -> set[str]:
    return {issue["code"] for issue in receipt["issues"]}


def _problem(answer: httpx.Response, status: int) -> dict[str, str]:
    """The faults of a refusal, place to code."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert all(fault["expected"] for fault in told["errors"])
    return {fault["path"]: fault["code"] for fault in told["errors"]}


async def _name_and_method(doors: Doors) -> tuple[str, str]:
    """How the one Patient is called, and how the potassium of the one report was measured."""
    headers = doors.headers["bj"]
    found = (await doors.client.get("/fhir/Patient", headers=headers)).json()
    patient = found["entry"][0]["resource"]
    query = f"/fhir/Observation?patient={patient['id']}&code=http://loinc.org|2823-3"
    result = (await doors.client.get(query, headers=headers)).json()["entry"][0]["resource"]
    return patient["name"][0]["text"], result["method"]["text"]


async def test_a_truncated_message_is_held_wherever_it_was_cut(place: Any, tmp_path: Path) -> None:
    async with _doors(place, tmp_path) as doors:
        content = doors.message().encode()
        cuts = (12, content.index(b"PID|") + 30, content.index(b"OBX|9|") + 25)
        for cut in cuts:
            receipt = (await doors.send(content[:cut])).json()
            assert receipt["state"] == "held"
            assert _blocking(receipt)
        assert _blocking(receipt) >= {("truncated", "OBX[9]")}
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
    async with _doors(place, tmp_path) as doors:
        receipt = (await doors.send(doors.message(MSH_18=declared).encode(charset))).json()
        assert receipt["state"] == "stored"
        assert said in _said(receipt)
        assert await _name_and_method(doors) == ("王秀英", "离子选择电极法")


async def test_charsets_mixed_in_one_message_are_each_read_in_their_own(
    place: Any, tmp_path: Path
) -> None:
    async with _doors(place, tmp_path) as doors:
        segments = doors.message().split("\r")
        coded = [
            segment.encode("gb18030" if segment.startswith("OBX") else "utf-8")
            for segment in segments
        ]
        receipt = (await doors.send(b"\r".join(coded))).json()
        assert receipt["state"] == "stored"
        assert "charset-mixed" in _said(receipt)
        assert await _name_and_method(doors) == ("王秀英", "离子选择电极法")


async def test_what_is_no_message_is_kept_and_held(place: Any, tmp_path: Path) -> None:
    no_segment = b"PID|1||x\rOBX|1|NM|K||4.1\r"
    contents = (no_segment, b'{"resourceType": "Bundle"}', bytes(range(256)), b"MSH", b"\x00" * 9)
    async with _doors(place, tmp_path) as doors:
        for content in contents:
            answer = await doors.send(content)
            assert answer.status_code == 202
            assert answer.json()["state"] == "held"
            assert _blocking(answer.json())
            again = await doors.send(content)
            assert again.json()["duplicate_of"] == answer.json()["message"]
        assert await doors.count("message") == len(contents)


async def test_an_unknown_foreign_or_disabled_site_keeps_nothing(
    place: Any, tmp_path: Path
) -> None:
    async with _doors(place, tmp_path) as doors:
        content = doors.message().encode()
        unknown = await doors.client.post(
            "/intake/nowhere", content=content, headers=doors.headers["bj"]
        )
        foreign = await doors.client.post(
            "/intake/bj-lis", content=content, headers=doors.headers["tj"]
        )
        assert _problem(unknown, 404) == {"site": "unknown-site"}
        assert unknown.json() == foreign.json()
        await run(doors.hub, "site-disable", {"site": "bj-lis"})
        assert _problem(await doors.send(content), 403) == {"site": "disabled"}
        assert await doors.count("message") == 0
        await run(doors.hub, "site-enable", {"site": "bj-lis"})
        assert (await doors.send(content)).json()["state"] == "stored"


async def test_an_empty_body_and_an_unreadable_wait_are_refused(place: Any, tmp_path: Path) -> None:
    async with _doors(place, tmp_path) as doors:
        assert _problem(await doors.send(b" \r\n"), 400) == {"body": "empty"}
        content = doors.message().encode()
        for text in ("x", "nan", "inf", "-1", "31", ""):
            assert _problem(await doors.send(content, wait=text), 400) == {"wait": "invalid-value"}
        refused = await doors.send(content, when="now")
        assert _problem(refused, 400) == {"when": "unknown-parameter"}
        assert await doors.count("message") == 0


async def test_ten_megabytes_are_kept_and_what_is_over_the_limit_is_refused(
    place: Any, tmp_path: Path
) -> None:
    async with _doors(place, tmp_path) as doors:
        long = (doors.message() + "NTE|1||" + "x" * 10 * MEGABYTE + "\r").encode()
        receipt = (await doors.send(long)).json()
        assert receipt["state"] == "held"
        assert ("value", "Observation.note[0].text") in _blocking(receipt)
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
    async with _doors(place, tmp_path) as doors:
        receipt = (await doors.send(doors.message(PID_7=born).encode())).json()
        assert receipt["state"] == "stored"
        assert _said(receipt) & {"birth-after-collection", "time-invalid"}
        body = json.loads(CASE.order_check)
        body["patient"]["birth_date"] = f"{born[:4]}-{born[4:6]}-{born[6:]}"
        answer = await doors.ask(body)
        assert answer.status_code == (422 if born == "20991231" else 200)


async def test_a_senders_clock_that_runs_ahead_holds_the_message(
    place: Any, tmp_path: Path
) -> None:
    ahead = (TODAY + timedelta(days=3)).strftime("%Y%m%d080000+0800")
    async with _doors(place, tmp_path) as doors:
        receipt = (await doors.send(doors.message(MSH_7=ahead).encode())).json()
        assert receipt["state"] == "held"
        assert _blocking(receipt) == {("future-time", "MSH-7")}
        taken = doors.message(MSH_7=ahead, OBR_7=ahead, OBX_14="")
        receipt = (await doors.send(taken.encode())).json()
        assert receipt["state"] == "held"
        assert ("future-time", "OBR[1]-7") in _blocking(receipt)
        assert await doors.count("observation") == 0


async def test_two_hospitals_with_one_message_number_are_both_kept_and_stored(
    place: Any, tmp_path: Path
) -> None:
    async with _doors(place, tmp_path) as doors:
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


async def test_a_disk_that_is_full_while_keeping_is_told_and_nothing_is_half_kept(
    place: Any, tmp_path: Path
) -> None:
    async with _doors(place, tmp_path) as doors:
        content = doors.message().encode()
        small = await _full(doors.hub, place)
        document = "JVBERi0xLjQK" + "".join(f"{n * 7919:x}" for n in range(100_000, 200_000))
        large = (doors.message() + f"NTE|1||{document}\r").encode()
        refused = await doors.send(large)
        assert refused.status_code == 503
        assert refused.headers["content-type"] == "application/problem+json"
        assert "message" not in refused.json()
        assert await doors.count("message") == 0
        assert await doors.count("business_key", "type = 'Message'") == 0
        await small()
        assert (await doors.send(large)).json()["duplicate_of"] is None
        assert (await doors.send(content)).json()["state"] == "stored"


async def _full(hub: Hub, place: Any) -> Any:
    """Leave the database no room; the way back.

    SQLite may grow by four pages more. PostgreSQL says of a table what it says when the disk is
    full (SQLSTATE 53100): the same answer from the same statement of the same transaction.
    """
    engine = hub.db._engine
    if isinstance(engine, Sqlite):
        pages = engine._writer.execute("PRAGMA page_count").fetchone()[0]
        engine._writer.execute(f"PRAGMA max_page_count = {pages + 4}")

        async def grown() -> None:
            engine._writer.execute("PRAGMA max_page_count = 1000000000")

        return grown
    connection = await asyncpg.connect(place.url)
    await connection.execute(
        "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;"
        "CREATE TRIGGER full_ BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION disk_full()"
    )

    async def freed() -> None:
        await connection.execute("DROP TRIGGER full_ ON message")
        await connection.close()

    return freed


async def test_a_disk_that_is_full_while_processing_leaves_the_message_waiting(
    postgres_place: Any, tmp_path: Path
) -> None:
    async with _doors(postgres_place, tmp_path) as doors:
        connection = await asyncpg.connect(postgres_place.url)
        await connection.execute(
            "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$;"
            "CREATE TRIGGER f BEFORE INSERT ON observation FOR EACH ROW EXECUTE FUNCTION disk_full()"
        )
        receipt = (await doors.send(doors.message().encode(), wait=1)).json()
        assert receipt["state"] == "kept"
        assert await doors.count("observation") == 0
        assert await doors.count("patient") == 0
        await connection.execute("DROP TRIGGER f ON observation")
        await connection.close()
        for _ in range(100):
            if await doors.count("message", "state = 'stored'"):
                break
            await asyncio.sleep(0.1)
        assert await doors.count("observation") == 18


NO_JSON = [
    (b"", "line 1 column 1", "not-json"),
    (b'{"patient": ', "line 1 column 13", "not-json"),
    (b'{"orders": [], "orders": []}', "orders", "duplicate-member"),
    (b'{"orders": NaN}', "body", "not-a-number"),
    (b'{"orders": -Infinity}', "body", "not-a-number"),
    (b'{"orders": 1e99999}', "body", "number-out-of-range"),
    (b'{"on": "\xff"}', "body", "not-utf-8"),
    (b"\xef\xbb\xbf{}", "body", "not-utf-8"),
    ("{}".encode("utf-16"), "body", "not-utf-8"),
    (b'{"on": "\\ud800"}', "on", "lone-surrogate"),
    (b'{"on": "\\u0000"}', "on", "control-character"),
    (b"[" * 100_000, "body", "too-deep"),
    (b"[]", "body", "not-an-object"),
    (b"null", "body", "not-an-object"),
]


async def test_what_is_no_json_is_refused_with_its_place(place: Any, tmp_path: Path) -> None:
    async with _doors(place, tmp_path) as doors:
        for content, where, code in NO_JSON:
            for path in ("/v1/order-check", "/v1/decisions"):
                assert _problem(await doors.ask(content, path), 400) == {where: code}
            outcome = await doors.ask(content, "/fhir/Patient/x/$assess")
            assert outcome.status_code == 400
            assert outcome.headers["content-type"] == "application/fhir+json; charset=utf-8"
            issue = outcome.json()["issue"][0]
            assert outcome.json()["resourceType"] == "OperationOutcome"
            assert issue["severity"] == "error"
            assert issue["expression"] == [where] or content == b"null"  # no null under /fhir
            assert "expected" in issue["diagnostics"]


def _asked(**changed: Any) -> dict[str, Any]:
    return {**json.loads(CASE.order_check), **changed}


NOT_ASKABLE: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {"patient": "required", "receiver": "required", "orders": "required"}),
    (_asked(orders=[{"ref": "1", "item": "NOPE"}]), {"orders[0].item": "unknown-item"}),
    (
        _asked(orders=[{"ref": "1", "code": {"system": "http://loinc.org", "code": "1-8"}}]),
        {"orders[0].code": "unknown-code"},
    ),
    (_asked(orders=[]), {"orders": "empty"}),
    (_asked(orders=[{"ref": str(n), "item": "K"} for n in range(101)]), {"orders": "too-many"}),
    (
        _asked(orders=[{"ref": "1", "item": "K"}, {"ref": "1", "item": "NA"}]),
        {"orders[1].ref": "repeated-ref"},
    ),
    (_asked(on="2026-06-15T10:00:00"), {"on": "no-offset"}),
    (_asked(on="2026-02-30T10:00:00+08:00"), {"on": "not-a-time"}),
    (_asked(on="2001-01-01T10:00:00+08:00"), {"on": "before-first-policy"}),
    (_asked(on=5), {"on": "wrong-type"}),
    (
        _asked(patient={"identifiers": [{"type": "nope", "value": 1}], "birth_date": "2999"}),
        {
            "patient.identifiers[0].type": "unknown-identifier-type",
            "patient.identifiers[0].value": "wrong-type",
            "patient.birth_date": "after-on",
        },
    ),
    (_asked(more=1), {"more": "unknown-key"}),
]


async def test_what_cannot_be_asked_is_refused_with_each_field(place: Any, tmp_path: Path) -> None:
    async with _doors(place, tmp_path) as doors:
        for body, faults in NOT_ASKABLE:
            assert _problem(await doors.ask(body), 422) == faults
        assert await doors.count("order_check") == 0


async def test_an_institution_nobody_registered_and_another_than_the_callers_are_refused(
    place: Any, tmp_path: Path
) -> None:
    async with _doors(place, tmp_path) as doors:
        other = _asked(receiver={"institution": CASE.institution}, orders="nonsense")
        assert _problem(await doors.ask(other), 403) == {"access": "org-spoof"}
        outside = "121301024000001027"  # invented, its check character right
        stranger = await _token(doors.hub, "stranger", outside)
        asked = _asked(receiver={"institution": outside})
        unknown = await doors.client.post("/v1/order-check", json=asked, headers=stranger)
        assert _problem(unknown, 422) == {"receiver.institution": "unknown-institution"}


async def test_a_hundred_orders_are_answered_and_one_item_twice_is_judged_alike(
    place: Any, tmp_path: Path
) -> None:
    async with _doors(place, tmp_path) as doors:
        await doors.send(doors.message().encode())
        orders = [{"ref": str(n), "item": "K"} for n in range(100)]
        answer = await doors.ask(_asked(orders=orders))
        assert answer.status_code == 200
        lines = answer.json()["orders"]
        assert [line["ref"] for line in lines] == [str(n) for n in range(100)]
        alike = [{**line, "ref": "", "saves": None, "candidates": []} for line in lines]
        assert all(line == alike[0] for line in alike)
        assert {line["candidates"][0]["resource"] for line in lines} == {
            lines[0]["candidates"][0]["resource"]
        }
        amounts = [line["saves"]["amount"] for line in lines if line["saves"]]
        assert all(amount == "0.00" for amount in amounts[1:])


async def test_a_day_ahead_finds_results_older_and_is_no_error(place: Any, tmp_path: Path) -> None:
    async with _doors(place, tmp_path) as doors:
        await doors.send(doors.message().encode())
        orders = [{"ref": "1", "item": "K"}]
        now = (await doors.ask(_asked(orders=orders))).json()["orders"][0]["candidates"][0]
        later = f"{TODAY + timedelta(days=30)}T10:00:00+08:00"
        ahead = await doors.ask(_asked(orders=orders, on=later))
        assert ahead.status_code == 200
        then = ahead.json()["orders"][0]["candidates"][0]
        assert then["age_days"] >= now["age_days"] + 29
        assert then["outcome"] == "do_not_recognise"
        for far in ("9999-12-31T23:59:59+08:00", "9999-12-31T23:59:59-12:00"):
            assert (await doors.ask(_asked(orders=orders, on=far))).status_code in {200, 422}


async def test_several_people_found_are_answered_without_details(
    place: Any, tmp_path: Path
) -> None:
    async with _doors(place, tmp_path) as doors:
        await doors.send(doors.message().encode())
        other = doors.message(PID_3="P9^^^bj-lis^PI", PID_5="李^四^^^^^L", PID_7="19800101")
        number = "E12345678"
        passports = f"P9^^^bj-lis^PI~{number}^^^^PPN"
        other = other.replace("P9^^^bj-lis^PI", passports)
        assert (await doors.send(other.encode())).json()["state"] == "stored"
        identifiers = [
            *json.loads(CASE.order_check)["patient"]["identifiers"],
            {"type": "passport", "value": number},
        ]
        answer = await doors.ask(_asked(patient={"identifiers": identifiers}))
        assert answer.status_code == 200
        assert answer.json()["identity"] == "ambiguous"
        assert {order["outcome"] for order in answer.json()["orders"]} == {"none"}
        assert all(order["candidates"] == [] for order in answer.json()["orders"])
        assert "李四" not in answer.text
