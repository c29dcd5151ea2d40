"""docs/cds-hooks.md, done as it stands: a key, its registration, a call, a card, a refusal."""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from hie.app import opened
from hie.cds import SERVICES
from hie.exchange.commands import run
from tests.conftest import DATABASES, _place
from tests.integration.cds.support import Cds
from tests.integration.clients.printed import Printed, done, environment_of
from tests.integration.imaging.support import free_port, serving, settings_of
from tests.integration.test_road import _connected, _packed
from tests.integration.two_hospitals import CASE, TEXT
from tests.places import elsewhere

PAGE = Printed.of("docs/cds-hooks.md")
SIGN = "/cds-services/hie-order-sign"
ISSUER = "https://his.example/cds"
HERE = "http://localhost:8000"


@dataclass(frozen=True)
class Ready:
    """Where the hub answers, where the key lies, and what a shell has."""

    address: str
    folder: Path
    environment: dict[str, str]


def message() -> bytes:
    """The example's message about the patient of the page, with a potassium of 4.10."""
    found = []
    for segment in TEXT.split("\r"):
        fields = segment.split("|")
        if fields[0] == "PID":
            fields[3] = re.sub(r"[0-9X]{18}", "11010519491231002X", fields[3])
            fields[5], fields[7], fields[8] = "张^三^^^^^L", "19491231", "F"
        if fields[0] == "OBX" and fields[3].startswith("K^"):
            fields[5] = "4.10"
        found.append("|".join(fields))
    return "\r".join(found).encode()


@pytest.fixture(scope="module", params=DATABASES)
def ready(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ready]:
    """A hub on a port with the patient's results, and the key registered by the page's commands."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed here")
    folder = tmp_path_factory.mktemp("his")
    with ExitStack() as stack:
        place = stack.enter_context(_place(request, "postgres", tmp_path_factory.mktemp("hub")))
        settings = settings_of(place, port=free_port(), dicom_port=free_port())

        async def filled() -> None:
            async with opened(settings) as hub:
                await _connected(hub, folder)
                await run(hub, "receive", {"site": CASE.site, "files": [_packed(message())]})

        elsewhere(filled)
        stack.enter_context(serving(settings))
        environment = environment_of(place)
        kid = PAGE.registered(folder, environment)
        environment |= {"HUB": settings.address, "KID": kid}
        yield Ready(settings.address, folder, environment)


def test_the_page_is_done_as_it_stands(ready: Ready) -> None:
    (ready.folder / "request.json").write_text(PAGE.block("json", '"hookInstance"'), "utf-8")
    (ready.folder / "call.py").write_text(PAGE.block("python"), "utf-8")
    assert "\npython call.py " in PAGE.text
    printed = done([sys.executable, "call.py"], ready.folder, ready.environment)
    assert printed == PAGE.block("text", "info")
    again = done([sys.executable, "call.py"], ready.folder, ready.environment)
    assert again == ""  # a draft is shown once
    body = json.loads(PAGE.block("json", '"hookInstance"').replace("sr-1", "sr-2"))
    told = PAGE.block("json", '"selectionBehavior"').replace("sr-1", "sr-2")
    check_said(json.loads(told.replace(HERE, ready.address)), called(ready, body, 200))
    del body["prefetch"]
    assert called(ready, body, 412) == json.loads(PAGE.block("json", "OperationOutcome"))


def called(ready: Ready, body: Any, status: int) -> Any:
    """What the hub answers to a token that is signed by the page's key."""
    key: Any = load_pem_private_key((ready.folder / "his.key").read_bytes(), None)
    with httpx.Client(base_url=ready.address) as http:
        his = Cds(None, None, key, issuer=ISSUER, kid=ready.environment["KID"])  # type: ignore[arg-type]
        token = his.token(SIGN, aud=f"{ready.address}{SIGN}")
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "zh"}
        answer = http.post(SIGN, json=body, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def check_said(said: Any, true: Any, place: str = "") -> None:
    """That an answer is what a page says; … stands for what is left out, of a list for the rest."""
    if isinstance(said, str) and "…" in said:
        pattern = ".*".join(map(re.escape, said.split("…")))
        assert re.fullmatch(pattern, true, re.DOTALL), (place, true)
    elif isinstance(said, dict):
        assert said.keys() == true.keys(), place
        for key in said:
            check_said(said[key], true[key], f"{place}.{key}")
    elif isinstance(said, list):
        shown = said[:-1] if said and said[-1] == "…" else said
        assert len(shown) == len(true) or shown is not said, place
        for n, one in enumerate(shown):
            check_said(one, true[n], f"{place}[{n}]")
    else:
        assert said == true, place


def test_every_service_is_on_the_page() -> None:
    rows = dict(re.findall(r"^\| `(hie-[a-z-]+)` \| `([a-z-]+)` \|", PAGE.text, re.M))
    assert rows == {one.id: one.hook for one in SERVICES}
