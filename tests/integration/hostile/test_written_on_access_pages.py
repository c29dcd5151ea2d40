"""Text that means something elsewhere is text on the pages about who may see what.

Sign-in, finding a patient, Consents and their print, emergency access with its second person, and
the reviews of it: each is asked with the text typed into every field, and with the text stored
wherever a page shows what somebody wrote. Each has the very tags it has for a plain text, and
nothing on it turns the order of letters round.
"""

import re
import time
from base64 import b32decode, b64encode
from collections.abc import AsyncIterator
from hashlib import sha1
from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.access.glass import MOST_PATIENTS
from hie.access.totp import code_at
from hie.exchange.commands import run
from hie.store import glass, users
from hie.store.glass import Opening
from tests.integration.hostile.written import HOSTILE, check_inert, patient_named, shape
from tests.places import Place
from tests.security.asked import consent_tree
from tests.security.callers import BASE, PASSWORD, Caller, Filled, filled, sign_in

pytestmark = pytest.mark.anyio
PLAIN = "示例癸甲乙丙丁戊己庚辛壬"
LONG = "长Wide" * 40
TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_TYPED = re.compile(r"<textarea.*?</textarea>|value=\"[^\"]*\"", re.S)  # as it was typed: no page's
FORM = {"Origin": BASE}


@pytest.fixture
async def found(place: Place, tmp_path: Path) -> AsyncIterator[Filled]:
    async with filled(place, tmp_path) as made:
        yield made


async def _consent(found: Filled, patient: str, said: str) -> str:
    """A Consent that says this wherever a source may say something a page shows."""
    about = {"reference": f"Patient/{patient}"}
    related = {
        "resourceType": "RelatedPerson",
        "id": "m",
        "patient": about,
        "relationship": [{"text": said}],
    }
    words = said.encode()
    tree = {
        **consent_tree(about),
        "contained": [related],
        "performer": [{"reference": "#m", "display": said}],
        "sourceAttachment": {
            "contentType": "text/plain",
            "title": said,
            "data": b64encode(words).decode(),
            "hash": b64encode(sha1(words, usedforsecurity=False).digest()).decode(),
        },
    }
    answer = await found.caller("system/*.cruds").http.post("/fhir/Consent", json=tree)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def _asked(who: Caller, path: str, form: dict[str, Any] | None = None) -> httpx.Response:
    """A page, or what it answers to a form."""
    if form is None:
        return await who.http.get(path)
    return await who.http.post(path, data={"csrf": who.csrf or "", **form}, headers=FORM)


async def _told(
    who: Caller, asked: dict[str, tuple[str, dict[str, Any] | None, int]]
) -> dict[str, str]:
    """Each page by its name, in both languages, after its status was looked at."""
    texts = {}
    for lang in ("zh", "en"):
        for name, (path, form, status) in asked.items():
            mark = "&" if "?" in path else "?"
            answer = await _asked(who, f"{path}{mark}lang={lang}", form)
            assert answer.status_code == status, (name, answer.status_code, answer.text[:300])
            texts[f"{name} {lang}"] = answer.text
    return texts


async def _check_all(pages: Any, *, shows: bool = True) -> None:
    """`pages(said)` are the same whatever is said, but for the text itself."""
    plain = await pages(PLAIN)
    for said in (*HOSTILE, LONG):
        told = await pages(said)
        assert told.keys() == plain.keys()
        for name, text in told.items():
            assert shape(text).tags == shape(plain[name]).tags, (said, name)
            check_inert(text, (said, name))
            assert not TURNING.search(_TYPED.sub("", text)), (said, name)
        words = ("alert(", "7*7", "cmd|", "gnp.exe", "textarea&gt;", LONG[:60])
        assert any(word in text for text in told.values() for word in words) == shows, said


async def test_what_is_typed_at_the_sign_in_is_not_shown_again(found: Filled) -> None:
    http = found.caller("stranger").http

    async def pages(said: str) -> dict[str, str]:
        texts = {}
        for lang in ("zh", "en"):
            page = await http.get("/sign-in", params={"lang": lang})
            token = re.findall(r'name="csrf" value="([^"]+)"', page.text)[0]
            form = {"csrf": token, "next": "/", "login": said[:128], "password": said}
            wrong = await http.post(f"/sign-in?lang={lang}", data=form, headers=FORM)
            assert wrong.status_code == 401
            away = await http.get(
                "/sign-in", params={"lang": lang, "next": said}, headers={"Accept": "text/html"}
            )
            assert away.status_code == 400
            texts |= {f"wrong {lang}": wrong.text, f"next {lang}": away.text}
        return texts

    plain = await pages(PLAIN)
    for said in (*HOSTILE, LONG):
        told = await pages(said)
        for name, text in told.items():
            assert shape(text).tags == shape(plain[name]).tags, (said, name)
            check_inert(text, (said, name))
            assert said not in text
            assert "alert(1)" not in text


async def test_a_person_is_named_on_every_page_and_changes_none(found: Filled) -> None:
    """Whoever added an account gave it a name and a department; both stand in the head."""
    numbers = iter(range(100))

    async def pages(said: str) -> dict[str, str]:
        login, name = f"named-{next(numbers)}", TURNING.sub("", said)[:100]  # no account has those
        who = {"login": login, "name": name, "role": "clinician", "department": name}
        await run(
            found.hub, "user-add", {**who, "institution": found.institution, "password": PASSWORD}
        )
        http = found.caller("clinician").http
        caller = Caller(login, http, await sign_in(http, login))
        return await _told(
            caller, {"find": ("/patients", None, 200), "glass": ("/break-glass", None, 200)}
        )

    await _check_all(pages)


async def test_what_is_typed_to_find_somebody_is_not_shown_again(found: Filled) -> None:
    doctor = found.caller("clinician")

    async def pages(said: str) -> dict[str, str]:
        asked = {
            kind: ("/patients", {"type": kind, "value": said[:64]}, 200)
            for kind in ("passport", "patient-code", said)
        }
        return {
            name.replace(said, "other"): text for name, text in (await _told(doctor, asked)).items()
        }

    await _check_all(pages, shows=False)


async def test_what_a_consent_says_is_text_on_its_page_and_its_print(found: Filled) -> None:
    doctor = found.caller("clinician")

    async def pages(said: str) -> dict[str, str]:
        patient = await patient_named(found, said[:100])
        url, key = f"/patients/{patient}/consents", await _consent(found, patient, said)
        guardian = {"do": "record", "form": "opt-out", "signer": "patient", "guardian": said}
        typed = {"do": "record", "form": said, "institutions": said, "topics": said, "until": said}
        return await _told(
            doctor,
            {
                "list": (url, None, 200),
                "print": (f"/consents/{key}", None, 200),
                "both": (url, guardian, 422),
                "typed": (url, typed, 422),
            },
        )

    await _check_all(pages)


async def _openings(found: Filled, patient: str, said: str, count: int = 1) -> None:
    """Openings of the clinician's: that stand, and one that was reviewed; all others are gone."""
    async with found.hub.db.unit() as unit:
        await unit.execute("DELETE FROM glass_opening")
        account = await users.by_login(unit, "clinician")
        assert account is not None
        now_us = int(found.hub.entrance.clock() * 1_000_000)
        for number in range(count):
            one = Opening(
                institution=found.institution,
                subject=account.id,
                client="",
                home=patient if number == 0 else f"{patient[:-1]}{number}",
                person=None,
                reason="unconscious",
                at_us=now_us - number,
                until_us=now_us + 600_000_000,
                due_us=now_us + 3_600_000_000,
                said={"text": said, "patient": {"name": said, "identifier": said}},
                agreed_by=f"hospital|{said}",
            )
            await glass.add(unit, one)


async def test_why_the_glass_was_broken_is_text_for_who_broke_and_who_reviews(
    found: Filled,
) -> None:
    doctor, officer = found.caller("clinician"), found.caller("privacy-officer")

    async def pages(said: str) -> dict[str, str]:
        patient = await patient_named(found, said[:100])
        await _openings(found, patient, said)
        typed = {"do": "open", "patient": said, "reason": said, "text": said[:6], "code": said}
        texts = await _told(
            doctor,
            {
                "open": ("/break-glass", None, 200),
                "typed": ("/break-glass", typed, 403),
                "patient": (f"/break-glass?patient={patient}", None, 200),
            },
        )
        listed = await officer.http.get("/glass")
        (key,) = re.findall(r'name="opening" value="([^"]+)"', listed.text)
        short = {"opening": key, "verdict": "justified", "note": said[:6]}
        texts |= await _told(
            officer, {"reviews": ("/glass", None, 200), "short": ("/glass?before=x", short, 422)}
        )
        noted = {"opening": key, "verdict": "unjustified", "note": f"{said} 没有任何急诊记录与理由"}
        assert (await _asked(officer, "/glass", noted)).status_code == 303
        done = await _told(officer, {"reviewed": ("/glass?state=unjustified", None, 200)})
        return texts | done

    await _check_all(pages)


async def test_what_a_second_person_types_is_not_shown_again(found: Filled) -> None:
    doctor = found.caller("clinician")
    given = await run(found.hub, "user-totp", {"login": "clinician"})
    secret = b32decode(given["secret"] + "=" * (-len(given["secret"]) % 8))
    patient = await patient_named(found, PLAIN)

    async def pages(said: str) -> dict[str, str]:
        texts = {}
        for lang in ("zh", "en"):
            await _openings(found, found.known["Patient"], PLAIN, MOST_PATIENTS)
            async with found.hub.db.unit() as unit:  # the code of now is as if it were unused
                await unit.execute("UPDATE second_factor SET step = 0")
            form = {
                "do": "open", "patient": patient, "reason": "unconscious",
                "text": "昏迷入院，无亲属陪同，需要结果", "code": code_at(secret, int(time.time()) // 30),
                "second-login": said[:128], "second-password": said, "second-code": said[:7],
            }  # fmt: skip
            answer = await _asked(doctor, f"/break-glass?lang={lang}", form)
            assert answer.status_code == 403, answer.text[:300]
            assert 'name="second-login"' in answer.text
            texts[lang] = answer.text
        return texts

    await _check_all(pages, shows=False)
