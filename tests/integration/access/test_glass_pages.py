"""Emergency access on the pages: a form, a one-time code, four eyes; and the officer's reviews."""

import re
import time
from base64 import b32decode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.access.totp import code_at
from hie.exchange import glass_review
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.store import glass
from tests.integration.access.glass import WHY, V, named, plain
from tests.integration.access.support import INSTITUTIONS, NOT_THERE, Region, region
from tests.integration.test_doors import _client

pytestmark = pytest.mark.anyio
PASSWORD = "a long pass phrase"


def token_of(page: httpx.Response) -> str:
    return str(re.findall(r'name="csrf" value="([^"]+)"', page.text)[0])


async def person(hub: Hub, login: str, role: str = "clinician", who: str = "a") -> bytes:
    """A person with a second factor; its secret."""
    asked = {
        "login": login,
        "name": f"示例{login}",
        "role": role,
        "institution": INSTITUTIONS[who],
        "password": PASSWORD,
    }
    await run(hub, "user-add", asked)
    given = await run(hub, "user-totp", {"login": login})
    assert given["address"].startswith("otpauth://totp/HIE:")
    return secret_of(given)


def secret_of(given: dict[str, Any]) -> bytes:
    secret: str = given["secret"]
    return b32decode(secret + "=" * (-len(secret) % 8))


@asynccontextmanager
async def signed_in(hub: Hub, login: str) -> AsyncIterator[httpx.AsyncClient]:
    async with _client(hub) as client:
        token = token_of(await client.get("/sign-in"))
        sent = {"csrf": token, "next": "/", "login": login, "password": PASSWORD}
        assert (await client.post("/sign-in", data=sent)).status_code == 303
        yield client


async def opening(
    client: httpx.AsyncClient,
    patient: str,
    secret: bytes,
    step: int = 0,
    more: Mapping[str, str] | None = None,
) -> httpx.Response:
    """The form, sent with the code of now."""
    form = await client.get(f"/break-glass?patient={patient}&lang=en")
    code = code_at(secret, int(time.time()) // 30 + step)
    sent = {"do": "open", "patient": patient, "reason": "unconscious", "text": WHY, "code": code}
    return await client.post(
        "/break-glass?lang=en", data={"csrf": token_of(form), **sent, **(more or {})}
    )


async def test_a_clinician_opens_a_patient_on_the_pages_and_ends_it(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        await plain(found)
        secret = await person(found.hub, "doctor")
        home = found.patients["P2b"]
        async with signed_in(found.hub, "doctor") as client:
            assert "emergency access is available" in (await client.get("/patients?lang=en")).text
            assert (await client.get(f"/patients/{home}")).status_code == 404
            assert await found.last_audit() == ("4", "absent")
            before = client.cookies.get("hie_session")
            answer = await opening(client, home, secret)
            assert (answer.status_code, answer.headers["location"]) == (303, f"/patients/{home}")
            assert client.cookies.get("hie_session") != before  # more is open: another secret
            shown = await client.get(f"/patients/{home}?lang=en")
            assert shown.status_code == 200
            assert "Emergency access is open" in shown.text
            for page in ("", "/orders", "/images/none"):  # past what was opened
                assert (await client.get(f"/patients/{NOT_THERE}{page}")).status_code == 404
                assert await found.last_audit() == ("8", "btg")
            listed = await client.get("/break-glass?lang=en")
            key = re.findall(r'name="opening" value="([^"]+)"', listed.text)[0]
            assert "示例P2" in listed.text
            sent = {"csrf": token_of(listed), "do": "end", "opening": key}
            assert (await client.post("/break-glass", data=sent)).status_code == 303
            assert (await client.get(f"/patients/{home}")).status_code == 404
            assert "Emergency access is open" not in (await client.get("/patients?lang=en")).text


async def test_each_mistake_is_told_and_recorded_and_opens_nothing(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        await plain(found)
        await named(found, V, "P3a", "P3b")
        secret = await person(found.hub, "doctor")
        home = found.patients["P2b"]
        async with signed_in(found.hub, "doctor") as client:
            for more, words in (
                ({"reason": ""}, "Please choose a reason."),
                ({"text": "short"}, "at least ten characters."),
                ({"code": "000000"}, "The code is not right"),
                ({"code": ""}, "The code is not right"),
            ):
                answer = await opening(client, home, secret, more=more)
                assert answer.status_code == 403
                assert words in answer.text
                assert await found.last_audit() == ("8", "btg")
                assert (await client.get(f"/patients/{home}")).status_code == 404
            for step, patient in ((-1, NOT_THERE), (0, found.patients["P3b"])):
                answer = await opening(client, patient, secret, step)
                assert "It cannot be opened for this patient." in answer.text
            # a code that was used opens nothing more
            answer = await opening(client, home, secret, 0)
            assert "The code is not right" in answer.text
            answer = await opening(client, home, secret, 1)
            assert answer.status_code == 303
            forged = {"csrf": "x", "do": "open", "patient": home, "code": "1"}
            assert (await client.post("/break-glass", data=forged)).status_code == 403


async def test_without_a_second_factor_nobody_opens(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await plain(found)
        secret = await person(found.hub, "doctor")
        await run(found.hub, "user-totp", {"login": "doctor", "remove": True})
        async with signed_in(found.hub, "doctor") as client:
            form = await client.get("/break-glass?lang=en")
            assert "You have no second factor yet" in form.text
            answer = await opening(client, found.patients["P2b"], secret)
            assert answer.status_code == 403
            # another one is good, the old one is not
            fresh = secret_of(await run(found.hub, "user-totp", {"login": "doctor"}))
            answer = await opening(client, found.patients["P2b"], secret, -1)
            assert answer.status_code == 403
            answer = await opening(client, found.patients["P2b"], fresh)
            assert answer.status_code == 303


async def test_a_sixth_patient_takes_a_second_person(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await plain(found)
        secret, other = await person(found.hub, "doctor"), await person(found.hub, "colleague")
        foreign = await person(found.hub, "elsewhere", who="b")
        manager = await person(found.hub, "manager", "manager")
        async with signed_in(found.hub, "doctor") as client:
            assert (await opening(client, found.patients["P1b"], secret, -1)).status_code == 303
            async with found.hub.db.unit() as unit:  # four others today
                (first,) = await glass.find(unit, INSTITUTIONS["a"])
                for name in ("P2b", "P3b", "P4b", "P5b"):
                    await glass.add(unit, replace(first, home=found.patients[name], person=None))
            sixth = found.patients["P6a"]
            answer = await opening(client, sixth, secret)
            assert answer.status_code == 403
            assert "Another person of your institution" in answer.text
            assert 'name="second-login"' in answer.text

            def second(login: str, key: bytes, password: str = PASSWORD) -> dict[str, str]:
                code = code_at(key, int(time.time()) // 30)
                return {
                    "second-login": login,
                    "second-password": password,
                    "second-code": code,
                }

            await _used(found, "doctor")
            for wrong in (
                second("doctor", secret),
                second("elsewhere", foreign),
                second("manager", manager),
                second("colleague", other, "another pass phrase"),
                second("colleague", foreign),
                second("nobody", other),
            ):
                answer = await opening(client, sixth, secret, more=wrong)
                assert answer.status_code == 403, wrong["second-login"]
                await _used(found, "doctor")
            answer = await opening(client, sixth, secret, more=second("colleague", other))
            assert answer.status_code == 303
        listed = (await run(found.hub, "glass-list", {}))["openings"]
        assert "示例colleague" in [one["agreed_by"] for one in listed]


async def _used(found: Region, login: str) -> None:
    """Let a person's code of now be as if it had not been used."""
    async with found.hub.db.unit() as unit:
        await unit.execute(
            "UPDATE second_factor SET step = 0 WHERE account ="
            " (SELECT id FROM user_account WHERE login = $1)",
            login,
        )


async def test_a_privacy_officer_reviews_and_gives_a_right_back(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await plain(found)
        secret = await person(found.hub, "doctor")
        await person(found.hub, "officer", "privacy-officer")
        await person(found.hub, "other", "privacy-officer", "b")
        home = found.patients["P2b"]
        async with signed_in(found.hub, "doctor") as doctor:
            assert (await opening(doctor, home, secret, -1)).status_code == 303
            assert (await doctor.get(f"/patients/{home}")).status_code == 200
            assert (await doctor.get("/glass")).status_code == 403
            async with signed_in(found.hub, "officer") as officer:
                begun = await officer.get("/")
                assert begun.headers["location"] == "/glass"
                assert (await officer.get(f"/patients/{home}")).status_code == 403
                assert (await officer.get("/break-glass")).status_code == 403
                shown = await officer.get("/glass?lang=en")
                assert all(word in shown.text for word in ("示例doctor", WHY, "示例P2", "looks: "))
                key = re.findall(r'name="opening" value="([^"]+)"', shown.text)[0]
                sent = {"csrf": token_of(shown), "opening": key, "verdict": "unjustified"}
                missing = await officer.post("/glass?lang=en", data={**sent, "note": "no"})
                assert missing.status_code == 422
                assert "Please say why" in missing.text
                said = {**sent, "note": "没有任何急诊记录，理由不成立"}
                async with signed_in(found.hub, "other") as other:
                    theirs = await other.get("/glass?lang=en")
                    assert "示例doctor" not in theirs.text
                    foreign = {**said, "csrf": token_of(theirs)}
                    assert (await other.post("/glass", data=foreign)).status_code == 404
                assert (await officer.post("/glass", data=said)).status_code == 303
                again = await officer.post("/glass?lang=en", data=said)
                assert again.status_code == 409
                # it is closed at once, and she opens nothing more
                assert (await doctor.get(f"/patients/{home}")).status_code == 404
                answer = await opening(doctor, home, secret, 0)
                assert answer.status_code == 403
                assert "ask the privacy officer" in answer.text
                assert await found.last_audit() == ("8", "btg")
                done = await officer.get("/glass?state=unjustified&lang=en")
                subject = re.findall(r'name="subject" value="([^"]+)"', done.text)[0]
                sent = {"csrf": token_of(done), "do": "lift", "subject": subject}
                assert (await officer.post("/glass", data=sent)).status_code == 303
            assert (await opening(doctor, home, secret, 1)).status_code == 303


async def test_what_is_refused_on_a_later_page_of_the_reviews_is_told_there(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glass_review, "PAGE", 1)
    async with region(place, tmp_path) as found:
        await plain(found)
        secret = await person(found.hub, "doctor")
        await person(found.hub, "officer", "privacy-officer")
        async with signed_in(found.hub, "doctor") as doctor:
            for step, name in enumerate(("P1b", "P2b"), -1):
                answer = await opening(doctor, found.patients[name], secret, step)
                assert answer.status_code == 303
        async with signed_in(found.hub, "officer") as officer:
            first = (await officer.get("/glass?lang=en")).text
            assert WHY in first
            assert ("示例P2" in first, "示例P1" in first) == (True, False)
            older = re.findall(r'href="(/glass\?[^"]*before=[^"]+)"', first)[0]
            older = older.replace("&amp;", "&")
            shown = await officer.get(older)
            assert ("示例P2" in shown.text, "示例P1" in shown.text) == (False, True)
            here = re.findall(r'action="(/glass[^"]*)"', shown.text)[0].replace("&amp;", "&")
            key = re.findall(r'name="opening" value="([^"]+)"', shown.text)[0]
            sent = {"csrf": token_of(shown), "opening": key, "verdict": "justified"}
            refused = await officer.post(here, data={**sent, "note": "too<short"})
            assert refused.status_code == 422
            assert "Please say why" in refused.text
            assert "示例P1" in refused.text
            assert ">too&lt;short</textarea>" in refused.text  # what was written is kept
            done = await officer.post(here, data={**sent, "note": "emergency record was seen"})
            assert (done.status_code, done.headers["location"]) == (303, older)


async def test_a_review_that_is_overdue_takes_the_right_until_it_is_done(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        await plain(found)
        secret = await person(found.hub, "doctor")
        home = found.patients["P2b"]
        async with signed_in(found.hub, "doctor") as doctor:
            assert (await opening(doctor, home, secret, -1)).status_code == 303
            async with found.hub.db.unit() as unit:
                await unit.execute("UPDATE glass_opening SET due_us = $1", time.time_ns() // 1000)
            assert (await opening(doctor, home, secret, 0)).status_code == 403
            (listed,) = (await run(found.hub, "glass-list", {}))["openings"]
            assert (listed["review"], listed["suspended"]) == ("overdue", True)
            arguments = {
                "opening": listed["opening"],
                "verdict": "justified",
                "note": "急诊科记录确认患者入院时昏迷",
            }
            await run(found.hub, "glass-review", arguments)
            assert (await opening(doctor, home, secret, 1)).status_code == 303
            assert (await doctor.get(f"/patients/{home}")).status_code == 200
        (share,) = (await run(found.hub, "glass-report", {"days": 1}))["departments"]
        assert (share["institution"], share["alarm"]) == (INSTITUTIONS["a"], "yes")
        assert 0 < share["through"] <= share["looks"]


async def test_only_five_codes_are_tried_in_a_quarter_of_an_hour() -> None:
    from hie.oauth.limits import CODE, Buckets

    bucket = Buckets(CODE)
    assert [bucket.take("who", 0.0) for _ in range(5)] == [0.0] * 5
    assert 100 < bucket.take("who", 0.0) <= 180
