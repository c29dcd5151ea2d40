"""Addresses and questions that attack the door: refused by name, or taken as the data they are.

Metacharacters, NUL, control characters, value sets from elsewhere, long addresses and many values,
pages, long texts.
"""

import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.fhir.hostile import (
    ECHO,
    Asked,
    Attack,
    Field,
    check_answer,
    check_log,
    check_refused,
    hostile_field,
)
from tests.integration.fhir.support import patient_of

pytestmark = pytest.mark.anyio
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
INJECTED = "x' OR '1'='1' --"
LONG = "%" * 10_000


def _get(name: str, path: str, status: int, code: str, reason: str, **headers: str) -> Attack:
    asked = Asked("GET", path, None, {key.replace("_", "-"): text for key, text in headers.items()})
    return Attack(name, asked, status, code, reason)


def _search(
    name: str, query: str, code: str = "invalid|not-supported|value", reason: str = "param"
) -> Attack:
    return _get(name, f"/fhir/Observation?patient=@&{query}", 400, code, reason)


HEAD = [
    _get("NUL in the path", f"/fhir/Observation/{ECHO}%00", 400, "structure", "size"),
    _get("NUL in the query", f"/fhir/Observation?patient={ECHO}%00", 400, "structure", "size"),
    _get("NUL in a name", f"/fhir/Observation?{ECHO}%00=x", 400, "structure", "size"),
    _get("line end in an id", f"/fhir/Patient/x%0d%0aSet-Cookie:%20{ECHO}", 400, "structure", "size"),
    _get("escape in an id", f"/fhir/Patient/%1b[31m{ECHO}", 400, "structure", "size"),
    _get("escape in a query", f"/fhir/Patient?name=%1b[2J{ECHO}", 400, "structure", "size"),
    _get("escape in a header", "/fhir/Patient/x", 400, "structure", "size", User_Agent=f"\x1b[2J{ECHO}"),
    _get("no UTF-8 in the path", f"/fhir/Patient/%ff{ECHO}", 400, "structure", "size"),
    _get("no UTF-8 in the query", f"/fhir/Patient?name=%ff{ECHO}", 400, "structure", "size"),
    _get("nine kilobytes", f"/fhir/Observation?patient={ECHO}{'x' * 9_000}", 414, "too-long", "size"),
    _get("101 parameters", "/fhir/Observation?" + "&".join(["status=final"] * 101), 400, "too-costly", "size"),
    _get("large headers", "/fhir/Patient/x", 431, "too-long", "size", X_A=ECHO * 2_500),
]  # fmt: skip
ASKED = [
    _get("turned text in an id", f"/fhir/Patient/%E2%80%AE{ECHO}", 404, "not-found", "absent"),
    _get("a long id", f"/fhir/Patient/{ECHO}{'x' * 100}", 404, "not-found", "absent"),
    _get("a version that is none", f"/fhir/Patient/x/_history/{ECHO}", 404, "not-found", "absent"),
    _get("a type that is none", f"/fhir/{ECHO}/x", 404, "not-found", "absent"),
    _get("lower case", "/fhir/observation/x", 404, "not-found", "absent"),
    _search("a value set from elsewhere", f"code:in=http://evil.example/{ECHO}"),
    _search("not in one", f"code:not-in=http://evil.example/{ECHO}"),
    _search("below an address", f"code:below=http://evil.example/{ECHO}"),
    _search("a modifier that is none", f"code:{'x' * 5}={ECHO}"),
    _search("unknown parameter", f"patinet={ECHO}"),
    _search("a parameter twice", f"subject={ECHO}&subject={ECHO}x"),
    _search("no value", "code="),
    *(_search(name, f"{name}={ECHO}") for name in ("_filter", "_text", "_content", "_query", "_offset")),
    *(_search(f"a number {text}", f"value-quantity={text}") for text in ("NaN", "1e400", "1e-400", "gt", ECHO)),
    *(_search(f"date {text}", f"date={text}") for text in ("2026-13", "2026-02-30", "eq", ECHO, "0000")),
    *(_search(f"a count {text}", f"_count={text}") for text in ("-1", "1.5", "1e3", ECHO, "%2B1")),
    _search("a bad escape", f"code={ECHO}%5C"),
    _search("a page of nobody", f"page={ECHO}"),
    _search("a page by guess", "page=" + "A" * 80),
    _search("1,000 values", "code=" + ",".join(f"{n:03}" for n in range(1_000)), "too-costly", "cost"),
]  # fmt: skip


def _at(field: Field, attack: Attack) -> Attack:
    path = attack.asked.path.replace("=@", f"={field.patient}")
    asked = Asked(attack.asked.method, path, attack.asked.content, attack.asked.headers)
    return Attack(attack.name, asked, attack.status, attack.code, attack.reason)


async def test_every_hostile_address_is_refused_told_and_recorded(
    place: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with hostile_field(place, tmp_path) as field:
        twin = Asked("GET", f"/fhir/Observation?patient={field.patient}&code=K&_count=10")
        attacks = [_at(field, attack) for attack in (*HEAD, *ASKED)]
        await check_refused(field, attacks, lambda _: twin)
    check_log("".join(capfd.readouterr()))


async def test_metacharacters_are_characters(place: Any, tmp_path: Path) -> None:
    """Of three names with %, _ and a backslash, each is found by its own character alone."""
    async with hostile_field(place, tmp_path) as field:
        names = {"%": "100%甲", "_": "a_乙", "\\": "b\\丙", "'": "o'丁"}
        keys = {}
        for number, (mark, name) in enumerate(names.items()):
            more = {"identifier": [{"system": "urn:x", "value": f"M-{number}"}]}
            keys[mark] = await patient_of(field.client, name=[{"text": name}], **more)
        everyone = ",".join(keys.values())
        for mark in ("%", "_", "\\"):
            asked = quote(mark.replace("\\", "\\\\"))
            path = f"/fhir/Patient?_id={everyone}&name:contains={asked}"
            found = (await field.client.get(path)).json()
            assert [one["resource"]["id"] for one in found.get("entry", [])] == [keys[mark]], mark
        injected = f"/fhir/Patient?_id={everyone}&name={quote(INJECTED)}"
        assert "entry" not in (await field.client.get(injected)).json()


async def test_a_page_of_a_million_is_the_largest_page_and_says_so(
    place: Any, tmp_path: Path
) -> None:
    async with hostile_field(place, tmp_path) as field:
        answer = await field.client.get(f"/fhir/Observation?patient={field.patient}&_count=1000000")
        assert answer.status_code == 200
        links = {one["relation"]: one["url"] for one in answer.json()["link"]}
        assert "_count=200" in links["self"]


TEN_KILOBYTES = [LONG, "_" * 10_000, "*" * 10_000, "示" * 5_000]


async def test_a_text_of_ten_kilobytes_is_refused_at_once(place: Any, tmp_path: Path) -> None:
    """By POST: no address could hold it."""
    async with hostile_field(place, tmp_path) as field:
        for value in TEN_KILOBYTES:
            body = f"_id={field.patient}&name={quote(value)}".encode()
            asked = Asked("POST", "/fhir/Patient/_search", body, FORM)
            attack = Attack("a long text", asked, 400, "too-costly|invalid|too-long|value", "cost")
            times = []
            for _ in range(5):
                start = time.process_time()
                answer = await field.ask(asked)
                times.append(time.process_time() - start)
                check_answer(attack, answer)
            assert min(times) < 0.05, value[:10]
        right = f"_id={field.patient}&name={quote('示例')}".encode()
        found = await field.ask(Asked("POST", "/fhir/Patient/_search", right, FORM))
        assert found.json()["total"] == 1 if "total" in found.json() else found.json()["entry"]
