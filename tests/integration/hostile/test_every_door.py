"""What no door takes, tried at every door there is: the list is the application's own.

NUL, control characters, framing, bodies over the limit, codings, long addresses. A door that is
added is tried from its first day.
"""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.oauth.hardening import HEADERS
from hie.oauth.open_doors import is_open
from tests.integration.hostile.support import ECHO, check_silent, reasons
from tests.places import Place
from tests.security.callers import Caller, Filled, filled
from tests.security.mounted import Address, addresses, request_of, routes_of

pytestmark = pytest.mark.anyio
BODIES = frozenset({"POST", "PUT", "PATCH"})
MADE_ANEW = re.compile(r'<input type="hidden"[^>]*>')  # a form's own key, each time another
ESCAPE = b"\x1b[2J" + ECHO.encode()


@pytest.fixture
async def found(place: Place, tmp_path: Path) -> AsyncIterator[Filled]:
    async with filled(place, tmp_path) as made:
        yield made


def doors(found: Filled) -> Iterator[tuple[Address, str, Caller]]:
    """Every address and method, with a caller of the kind that is let in there."""
    for address in addresses(routes_of(found.app)):
        system = address.path.startswith(("/fhir", "/v1", "/intake", "/dicom-web", "/oauth"))
        caller = found.caller("system/*.cruds" if system else "clinician")
        for method in sorted(address.methods):
            yield address, method, caller


async def send(found: Filled, door: tuple[Address, str, Caller], **more: Any) -> httpx.Response:
    """A sound request of this door with something more: headers are added, `tail` joins the url."""
    address, method, caller = door
    asked = request_of(address, method, caller, found)
    asked["url"] += more.pop("tail", "")
    headers = {**asked.pop("headers", {}), **more.pop("headers", {})}
    return await caller.http.request(**{**asked, "headers": headers, **more})


async def check_twin(found: Filled, door: tuple[Address, str, Caller]) -> None:
    """The same request without the attack is not refused for its size or its form."""
    address, method, _ = door
    if address.path == "/sign-out":
        return  # it would end the session that the others are asked with
    answer = await send(found, door)
    told = (method, address.path, answer.status_code, answer.text[:200])
    assert answer.status_code not in {413, 414, 431}, told
    assert answer.status_code < 500, told


async def test_a_coding_or_a_length_that_no_door_takes_is_refused_at_each(found: Filled) -> None:
    """Before a byte of the body is read, whoever asks, and counted exactly."""
    before, sent = await reasons(found.hub), 0
    for door in doors(found):
        address, method, _ = door
        if method not in BODIES:
            continue
        body = {"content": ECHO.encode(), "json": None, "data": None}
        for headers, status in (
            ({"Content-Encoding": "gzip"}, 415),
            ({"Content-Encoding": "br"}, 415),
            ({"Content-Length": "9" * 14}, 413),
            ({"Content-Length": "9" * 30}, 413),
            ({"Content-Length": "-1"}, 400),
            ({"Content-Length": "1e3"}, 400),
        ):
            answer = await send(found, door, headers=headers, **body)
            assert answer.status_code == status, (method, address.path, headers)
            check_silent(answer)
            sent += 1
        await check_twin(found, door)
    gained = await reasons(found.hub) - before
    assert gained["size"] == sent > 300


async def test_what_is_no_text_is_refused_at_each_door(found: Filled) -> None:
    """NUL, line ends and escapes in the address or in a header; an address that is too long."""
    before, sent = await reasons(found.hub), 0
    for door in doors(found):
        address, method, _ = door
        mark = "&" if "?" in request_of(address, method, door[2], found)["url"] else "?"
        for tail, headers, status in (
            (f"%00{ECHO}", {}, 400),
            (f"%0d%0aSet-Cookie:%20{ECHO}", {}, 400),
            (f"{mark}{ECHO}=%00", {}, 400),
            (f"{mark}{ECHO}=%1b%5b2J", {}, 400),
            (f"{mark}x=%ff{ECHO}", {}, 400),
            (f"{mark}x=" + ECHO * 1_100, {}, 414),
            (mark + "&".join([f"{ECHO}=1"] * 102), {}, 400),
            ("", {"User-Agent": ESCAPE}, 400),
            ("", {"Accept-Language": b"zh\x00" + ECHO.encode()}, 400),
            ("", {"X-A": ECHO * 2_500}, 431),
        ):
            answer = await send(found, door, tail=tail, headers=headers)
            assert answer.status_code == status, (method, address.path, tail[:40], headers)
            check_silent(answer)
            sent += 1
    gained = await reasons(found.hub) - before
    assert gained["size"] == sent > 2_000
    patient = f"/fhir/Patient/{found.known['Patient']}"
    assert (await found.caller("system/*.rs").http.get(patient)).status_code == 200


async def test_every_answer_of_every_door_carries_the_fences_of_browsers(found: Filled) -> None:
    """Nothing is framed, sniffed, kept or referred to, whoever asks and whatever is answered."""
    for door in doors(found):
        address, method, _ = door
        if address.path == "/sign-out":
            continue
        asked = request_of(*door, found)
        for http in (door[2].http, found.caller("stranger").http):
            answer = await http.request(**asked)
            told = (method, address.path, answer.status_code)
            for name in HEADERS:
                assert name in answer.headers, (*told, name)
            policy = answer.headers["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in policy, told
            assert "unsafe" not in policy, told
            if not is_open(method, address.path.replace("{path}", "x")):
                assert "no-store" in answer.headers["Cache-Control"], told


async def test_a_request_keeps_a_harmless_id_and_no_other(found: Filled) -> None:
    """What could spoil a log or a page is replaced, at every door."""
    for door in doors(found):
        if door[0].path == "/sign-out":
            continue
        kept = await send(found, door, headers={"X-Request-Id": "r-1"})
        assert kept.headers["x-request-id"] == "r-1", door[:2]
        for spoilt in (f"{ECHO} x", "\u202e".encode() + ECHO.encode(), f"{ECHO}<b>", ECHO * 30):
            answer = await send(found, door, headers={"X-Request-Id": spoilt})
            check_silent(answer)
            assert len(answer.headers.get_list("x-request-id")) == 1


async def test_who_a_header_says_one_is_changes_no_answer(found: Filled) -> None:
    """Names, institutions, methods and addresses in headers that only a gateway may set."""
    forged = {
        "X-Forwarded-User": "auditor",
        "X-Remote-User": "auditor",
        "X-Institution": "12110102999900011H",
        "X-Hub-Internal": "1",
        "X-HTTP-Method-Override": "DELETE",
        "X-Method-Override": "DELETE",
        "X-Original-URL": "/fhir/metadata",
        "X-Rewrite-URL": "/healthz",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "gopher",
        "X-Client-Cert": "x",
    }
    for door in doors(found):
        address, method, _ = door
        if method != "GET" or "AuditEvent" in address.path or address.path == "/metrics":
            continue
        plain, other = await send(found, door), await send(found, door, headers=forged)
        assert plain.status_code == other.status_code, address
        assert MADE_ANEW.sub("", plain.text) == MADE_ANEW.sub("", other.text), address
    patient = f"/fhir/Patient/{found.known['Patient']}"
    assert (await found.caller("system/*.rs").http.get(patient)).status_code == 200
