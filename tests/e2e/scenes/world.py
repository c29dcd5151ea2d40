"""One hub in which every page has something to show; all that is in it is invented."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from pydicom import dcmread

from hie.exchange.commands import run
from hie.exchange.demo_glass import emergency
from hie.exchange.demo_orders import order
from hie.exchange.hub import Hub
from hie.store import study_sources
from hie.store.study_sources import WHOLE, SourceRow, SourceState
from hie.synthetic import Example, Manifest, example
from tests.e2e.departments import Departments
from tests.e2e.held import hold
from tests.e2e.running import Running, serving
from tests.e2e.samples import earlier
from tests.integration.exchange.reopening import K, sent_again
from tests.integration.oauth.tokens.key_server import certificate

DOCTOR, ELSEWHERE = "doctor-sjz-lis", "doctor-bj-lis"
MANAGER, OFFICER, AUDITOR = "manager-sjz", "privacy-sjz", "auditor"
APP, APP_BACK = "viewer", "https://viewer.example/back"
_HIS = "sjz-lis.his"
_ARCHIVE = "tj-pacs"
_CHECKS = 30


@dataclass
class World:
    """The hub, who signs in, and the systems around it that act while a page is open."""

    case: Example
    departments: Departments = field(default_factory=Departments)
    sign_ins: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, list[Any]] = field(default_factory=dict)  # login to the browser's cookies
    number: str = ""  # whose restricted result is behind the glass
    secret: str = ""  # the doctor's second factor
    hub: Running = field(init=False)
    _values: Iterator[int] = field(default_factory=lambda: iter(range(10, 90)))

    @property
    def ordered_for(self) -> str:
        """The number of the patient whose results the orders are about."""
        return str(json.loads(self.case.order_check)["patient"]["identifiers"][0]["value"])

    async def fill(self, hub: Hub, region: Manifest) -> None:
        """What the region alone does not have."""
        await self.departments.connect_with_tokens(hub, region)
        people = (await run(hub, "user-list", {}))["users"]
        told = await emergency(hub, region, people)
        assert told is not None
        self.number = told.number
        self.secret = next(one["totp"] for one in people if one["login"] == told.login)
        others = [one for one in region.people if one.resident_id != self.ordered_for]
        leader = await order(hub, replace(region, people=tuple(others)), _CHECKS)
        self.sign_ins |= {one["login"]: one["password"] for one in (leader, *told.sign_ins)}
        self.sign_ins |= await hold(hub)
        home = next(one["institution"] for one in people if one["login"] == DOCTOR)
        await self._partners(hub, home)

    async def _partners(self, hub: Hub, home: str) -> None:
        app = {"client": APP, "institution": home, "redirect_uris": [APP_BACK], "name": "趋势图",
               "scopes": ["patient/*.rs"], "launch_url": "https://viewer.example/launch"}  # fmt: skip
        await run(hub, "app-add", app)
        provider = {"provider": "hospital-a", "issuer": "https://idp.hospital-a.example",
                    "institution": home, "client_id": "the-hub", "name": "甲医院统一登录"}  # fmt: skip
        await run(hub, "provider-add", provider)

    def correct(self) -> str:
        """The laboratory corrects the potassium to a value it never had; that value."""
        value = f"4.{next(self._values)}"
        changed = f"|{value}|mmol/L|3.5-5.3|N|||C|"
        self._send(sent_again(self.case.message, f"C{time.time_ns()}", (K, changed)))
        return value

    def _send(self, message: bytes) -> None:
        site = self.case.site
        kind = {"Content-Type": "x-application/hl7-v2+er7"}
        answer = self._post(f"{site}.his", f"/intake/{site}?wait=20", content=message, headers=kind)
        assert answer.status_code == 202, answer.text

    def silence(self, *, ends: bool = False) -> None:
        """The archive of a hospital does not answer any more, until it does again."""

        async def unanswered(hub: Hub) -> None:
            now_us = time.time_ns() // 1000
            row = SourceRow(_ARCHIVE, WHOLE, SourceState.OFFLINE, None, None, 1, now_us, None)
            async with hub.db.unit() as unit:
                if ends:
                    await study_sources.remove(unit, _ARCHIVE, WHOLE)
                else:
                    await study_sources.put(unit, [row])

        self.hub.do(unanswered)

    def ticket(self, patient: str, *, framed: bool) -> str:
        """The address a HIS is given, to open a patient in a window or in a frame of its own."""
        asked = {"patient": patient, "framed": framed}
        answer = self._post(_HIS, "/v1/launch-tickets", json=asked)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["url"])

    def checked(self, number: str) -> str:
        """The address of a check that a HIS asks for, of whom this number may be."""
        asked = json.loads(self.case.order_check)
        asked["patient"]["identifiers"][0]["value"] = number
        answer = self._post(_HIS, "/v1/order-check", json=asked)
        assert answer.status_code == 200, answer.text
        return f"/checks/{answer.json()['check']}"

    def _post(self, client: str, path: str, **more: Any) -> httpx.Response:
        """What a system is answered; its token lives shorter than the walks, so each has its own."""
        asked = {"client": client, "scopes": None}
        given: list[str] = []

        async def grant(hub: Hub) -> None:
            given.append((await run(hub, "client-token", asked))["access_token"])

        self.hub.do(grant)
        headers = {"Authorization": f"Bearer {given[0]}", **more.pop("headers", {})}
        with self.hub.client() as http:
            return http.post(path, headers=headers, **more)


def _add_earlier(departments: Departments, today: date) -> None:
    """The person of the whole CT had one before, to be set beside it."""
    found = [(site, dcmread(BytesIO(content))) for site, content in departments.pictures]
    number = Counter(str(one.StudyInstanceUID) for _, one in found if one.Modality == "CT")
    whole = next(study for study, count in number.items() if count == 20)
    slices = [(site, one) for site, one in found if one.StudyInstanceUID == whole][:12]
    site = slices[0][0]
    made = earlier([one for _, one in slices], today, lambda z: z - 7.0)
    departments.pictures += [(site, one) for one in made]


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """The hub over TLS, filled, with every picture published, until the block is left."""
    today = datetime.now(timezone(timedelta(hours=8))).date()
    made = World(example(today=today))
    tls = certificate(folder)
    frames = ["https://his.example"]
    with serving(folder, made.fill, tls=tls, frame_origins=frames) as running:
        made.hub = running
        made.sign_ins |= running.sign_ins
        made._send(made.case.message)
        _add_earlier(made.departments, today)
        made.departments.send(running)
        yield made
