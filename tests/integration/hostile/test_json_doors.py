"""Bodies that attack the reader, at the JSON doors beside FHIR: refused by name, nothing kept.

NUL, duplicate members, numbers, depth and size, encodings, unknown members, media.
"""

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.access.scopes import Door
from tests.integration.hostile.support import ECHO, check_silent, reasons
from tests.places import Place
from tests.security.asked import decision, order_check
from tests.security.callers import Filled, filled

pytestmark = pytest.mark.anyio
JSON = {"Content-Type": "application/json"}
FIRST = '{"'  # how each sound body begins
# What is put in front of the first member: every one of them makes the text another than it was.
BEFORE = {
    "escaped NUL": f'{{"{ECHO}\\u0000":1,"',
    "raw control character": f'{{"{ECHO}\x1b":1,"',
    "NaN": f'{{"{ECHO}":NaN,"',
    "Infinity": f'{{"{ECHO}":-Infinity,"',
    "out of range": f'{{"{ECHO}":1e400,"',
    "too many digits": f'{{"{ECHO}":{"1" * 5000},"',
    "too deep": f'{{"{ECHO}":{"[" * 40}{"]" * 40},"',
    "too many values": f'{{"{ECHO}":[{"1," * 60_000}1],"',
    "half a character": f'{{"{ECHO}\\ud83d":1,"',
    "prototype": f'{{"__proto__":{{"x":"{ECHO}"}},"',
    "unknown": f'{{"colour":"{ECHO}","',
}


@pytest.fixture
async def found(place: Place, tmp_path: Path) -> AsyncIterator[Filled]:
    async with filled(place, tmp_path) as made:
        yield made


def doors(found: Filled) -> list[tuple[str, httpx.AsyncClient, str]]:
    """Address, who may, and a sound body that may be sent many times."""
    check = found.known["check"]
    asker, decider = found.caller(Door.ORDER_CHECK).http, found.caller(Door.DECIDE).http
    return [
        ("/v1/order-check", asker, json.dumps(order_check(found))),
        ("/v1/decisions", decider, json.dumps(decision(check))),
        (f"/v1/checks/{check}/views", asker, '{"practitioner":"D1","refs":["1"]}'),
    ]


def spoilt(text: str) -> list[tuple[str, bytes]]:
    """Every form of this body that is no JSON of the strict kind, or says something unknown."""
    first = text[2 : text.index('"', 2)]
    found = [(name, text.replace(FIRST, before, 1).encode()) for name, before in BEFORE.items()]
    return [
        *found,
        ("duplicate", text.replace(FIRST, f'{{"{first}":"{ECHO}","', 1).encode()),
        (
            "duplicate by an escape",
            text.replace(FIRST, f'{{"\\u{ord(first[0]):04x}{first[1:]}":"{ECHO}","', 1).encode(),
        ),
        ("brackets", b"[" * 200_000),
        ("byte order mark", b"\xef\xbb\xbf" + text.encode()),
        ("UTF-16", text.encode("utf-16")),
        ("overlong", text.encode().replace(b'{"', b'{"\xc0\xaf":1,"', 1)),
        ("raw surrogate", text.encode().replace(b'{"', b'{"\xed\xa0\x80":1,"', 1)),
        ("nothing", b""),
        ("half", text.encode()[:-3]),
        ("two", text.encode() * 2),
        ("a list", f"[{text}]".encode()),
        ("a text", f'"{ECHO}"'.encode()),
        ("null", b"null"),
        ("a number", b"1"),
        ("XML", f"<x>{ECHO}</x>".encode()),
    ]


async def _rows(found: Filled) -> tuple[int, ...]:
    async with found.hub.db.reading() as reader:
        counts = [
            await reader.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
            for table in ("order_check", "decision")
        ]
    return tuple(int(one) for one in counts)


async def test_a_hostile_body_is_refused_told_recorded_and_gone(
    found: Filled, capfd: pytest.CaptureFixture[str]
) -> None:
    before, kept, sent = await reasons(found.hub), await _rows(found), 0
    canary = found.known["Patient"]
    for address, http, text in doors(found):
        assert text.startswith(FIRST)
        for name, content in spoilt(text):
            answer = await http.post(address, content=content, headers=JSON)
            told = (address, name, answer.status_code, answer.text[:300])
            assert answer.status_code in {400, 422}, told
            assert answer.headers["content-type"].startswith("application/problem+json"), told
            check_silent(answer, canary)
            sent += 1
    assert await _rows(found) == kept
    assert sum((await reasons(found.hub) - before).values()) == sent > 70
    for address, http, text in doors(found):
        answer = await http.post(address, content=text.encode(), headers=JSON)
        assert answer.status_code in {200, 201, 204}, (address, answer.text[:300])
    written = "".join(capfd.readouterr())
    assert ECHO not in written
    assert "request-failed" not in written


@pytest.mark.parametrize("media", ["text/plain", "multipart/form-data; boundary=x", "text/xml", ""])
async def test_a_body_of_another_media_type_is_not_read(found: Filled, media: str) -> None:
    before, kept = await reasons(found.hub), await _rows(found)
    for address, http, text in doors(found):
        answer = await http.post(address, content=text.encode(), headers={"Content-Type": media})
        assert answer.status_code == 415, (address, media, answer.status_code)
    assert await _rows(found) == kept
    assert (await reasons(found.hub) - before)["media"] == len(doors(found))


@pytest.mark.parametrize(
    "content", [b"[" * 200_000, b'{"a":' * 200_000, b"[" + b"1," * 60_000 + b"1]"]
)
async def test_what_is_too_deep_or_too_much_is_refused_at_once(
    found: Filled, content: bytes
) -> None:
    for address, http, _ in doors(found):
        times: list[float] = []
        for _ in range(5):
            start = time.process_time()
            answer: Any = await http.post(address, content=content, headers=JSON)
            times.append(time.process_time() - start)
            assert answer.status_code == 400
        assert min(times) < 0.05, address
