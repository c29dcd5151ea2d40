"""How a HIS opens a patient's pages in a frame, and how a browser in it goes on."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.integration.launch.support import (
    PASSWORD,
    Desk,
    csrf_of,
    desk,
)

HUB, HIS, OTHER_HIS = (
    "https://localhost:8000",
    "https://his.hospital-a.example",
    "https://b.example:8443",
)
ALLOWED = f"frame-ancestors {HIS} {OTHER_HIS}"
NEVER = "frame-ancestors 'none'"
SESSION, FRAMED = "__Host-hie_session", "__Host-hie_session_framed"
HTML = {"Accept": "text/html"}


def framing(place: Any, tmp_path: Path) -> AbstractAsyncContextManager[Desk]:
    return desk(place, tmp_path, base_url=HUB, frame_origins=[HIS, OTHER_HIS])


async def ask_for_ticket(at: Desk, **asked: Any) -> httpx.Response:
    """What hospital A's HIS is answered that asks for a ticket."""
    if asked.get("patient") in at.region.patients:
        asked["patient"] = at.region.patients[asked["patient"]]
    headers = at.region.headers["a"]
    return await at.region.client.post("/v1/launch-tickets", json=asked, headers=headers)


async def ticket(at: Desk, **asked: Any) -> str:
    """The path, or for an app the ticket, that opens something in a frame."""
    answer = await ask_for_ticket(at, **{"framed": True, **asked})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return str(told.get("launch") or told["url"].removeprefix(HUB))


async def sign_in(at: Desk, wanted: str, room: str = "/framed") -> httpx.Response:
    """The answer to the sign-in form in a frame, which leads on to what was wanted."""
    form = await at.browser.get(f"{room}/sign-in", params={"next": wanted})
    assert form.status_code == 200, form.text
    assert f'action="{room}/sign-in"' in form.text
    data = {"csrf": csrf_of(form.text), "next": wanted, "login": at.login, "password": PASSWORD}
    return await at.browser.post(f"{room}/sign-in", data=data)


async def launched(at: Desk, **asked: Any) -> httpx.Response:
    """The page of a patient, or of a check, in a frame, by somebody who signs in for it."""
    path = await ticket(at, **asked)
    entered = await sign_in(at, path.removeprefix("/framed"))
    assert entered.headers["location"] == path
    return await followed(at, path)


async def again(at: Desk, **asked: Any) -> httpx.Response:
    """The same by somebody who is signed in."""
    return await followed(at, await ticket(at, **asked))


async def followed(at: Desk, path: str) -> httpx.Response:
    opened = await at.browser.get(path)
    assert opened.status_code == 303, opened.text
    assert opened.headers["location"].startswith("/framed/")
    assert_framed(opened)
    return await at.browser.get(opened.headers["location"])


def policy_of(answer: httpx.Response) -> list[str]:
    return [one.strip() for one in answer.headers["content-security-policy"].split(";")]


def assert_framed(answer: httpx.Response) -> None:
    assert ALLOWED in policy_of(answer)
    assert NEVER not in policy_of(answer)
    assert "x-frame-options" not in answer.headers


def assert_never_framed(answer: httpx.Response) -> None:
    assert NEVER in policy_of(answer)
    assert answer.headers["x-frame-options"] == "DENY"
    assert HIS not in str(answer.headers)


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def told(answer: httpx.Response) -> dict[str, list[str]]:
    return parse_qs(urlsplit(answer.headers["location"]).query)
