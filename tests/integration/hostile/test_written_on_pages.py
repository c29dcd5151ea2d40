"""Text that means something elsewhere (HTML, scripts, spreadsheets) is text on every page and file."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hie.access.scopes import Door
from tests.integration.hostile.written import HOSTILE, check_inert, patient_named, shape
from tests.places import Place
from tests.security.callers import BASE, Caller, Filled, filled

pytestmark = pytest.mark.anyio


@pytest.fixture
async def found(place: Place, tmp_path: Path) -> AsyncIterator[Filled]:
    async with filled(place, tmp_path) as made:
        yield made


async def _pages(found: Filled, doctor: Caller, key: str, said: str) -> dict[str, str]:
    """Every page about somebody, in both languages, whatever was typed into it."""
    texts: dict[str, str] = {}
    for lang in ("zh", "en"):
        for path in (f"/patients/{key}", f"/patients/{key}/orders"):
            answer = await doctor.http.get(path, params={"lang": lang})
            assert answer.status_code == 200, (path, answer.status_code)
            texts[f"{path} {lang}"] = answer.text
        typed = {"csrf": doctor.csrf or "", "type": "resident-id", "value": said}
        answer = await doctor.http.post(
            f"/patients?lang={lang}", data=typed, headers={"Origin": BASE}
        )
        texts[f"find {lang}"] = answer.text
    asked = {
        "patient": {"reference": f"Patient/{key}"},
        "receiver": {"institution": found.institution, "department": said, "practitioner": said},
        "encounter": {"class": "outpatient"},
        "orders": [{"ref": said, "item": "K"}],
    }
    check = await found.caller(Door.ORDER_CHECK).http.post("/v1/order-check", json=asked)
    assert check.status_code == 200, check.text
    number = check.json()["check"]
    decided = {
        "check": number,
        "key": "k",
        "practitioner": said,
        "decisions": [
            {
                "ref": said,
                "decision": "repeat",
                "reason": "N1_CONDITION_CHANGED",
                "text": said,
                "explained_to_patient": True,
            }
        ],
    }
    decision = await found.caller(Door.DECIDE).http.post("/v1/decisions", json=decided)
    assert decision.status_code == 200, decision.text
    of_decision = decision.json()["decisions"][0]["decision"]
    for lang in ("zh", "en"):
        for path in (
            f"/checks/{number}",
            f"/decisions/{of_decision}/notice",
            f"/checks/{number}/notice",
        ):
            answer = await doctor.http.get(path, params={"lang": lang})
            assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
            texts[f"{path} {lang}"] = answer.text
    for form in ("html", "pdf"):
        answer = await doctor.http.get(f"/decisions/{of_decision}/notice.{form}")
        assert answer.status_code == 200, (form, answer.text[:300])
        name = answer.headers.get("content-disposition", "")
        assert not re.search(r"[\r\n<>\u202e]", name), name
        if form == "html":
            texts["notice.html"] = answer.text
        else:
            for word in (b"/JavaScript", b"/JS", b"/Launch", b"/URI", b"/EmbeddedFile"):
                assert word not in answer.content, word
    return {re.sub(r"/[\w-]{16,}", "/@", key): text for key, text in texts.items()}


async def test_hostile_text_makes_no_tag_no_address_and_no_sum_on_any_page(found: Filled) -> None:
    """Each page has the very tags it has for somebody of a plain name."""
    doctor = found.caller("clinician")
    plain = await _pages(found, doctor, await patient_named(found, "示例癸"), "示例癸")
    for said in HOSTILE:
        pages = await _pages(found, doctor, await patient_named(found, said), said)
        assert pages.keys() == plain.keys()
        shown = 0
        for path, text in pages.items():
            told = (said, path)
            assert shape(text).tags == shape(plain[path]).tags, told
            check_inert(text, told)
            shown += "alert" in text or "7*7" in text or "cmd|" in text or "gnp.exe" in text
            shown += "textarea" in text
        assert shown, said


async def test_no_cell_of_a_file_is_a_formula(found: Filled) -> None:
    """What a spreadsheet would compute begins with an apostrophe."""
    for said in ("=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "=HYPERLINK(1)"):
        asked = {
            "patient": {"reference": f"Patient/{found.known['Patient']}"},
            "receiver": {"institution": found.institution, "department": said},
            "encounter": {"class": "outpatient"},
            "orders": [{"ref": "1", "item": "K"}],
        }
        check = await found.caller(Door.ORDER_CHECK).http.post("/v1/order-check", json=asked)
        assert check.status_code in {200, 400, 422}, check.text
    answer = await found.caller("manager").http.get("/outcomes.csv", params={"by": "department"})
    assert answer.status_code == 200
    import csv
    import io

    cells = [cell for row in csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))) for cell in row]
    assert [one for one in cells if one[:1] in "=+-@\t\r" and one and not _is_number(one)] == []
    assert "'=1+1" in cells


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(\.\d+)?", text) is not None


async def test_a_refusal_says_nothing_of_what_was_typed(found: Filled) -> None:
    """Error pages repeat no word; a link to themselves, in the other language, has it encoded."""
    doctor = found.caller("clinician")
    for said in ("<i>ECHO7f3a</i>", '"onclick="ECHO7f3a', "\u202eECHO7f3a", "'ECHO7f3a"):
        for path in (
            f"/patients/{said}",
            f"/checks/{said}",
            f"/decisions/{said}/record",
            f"/{said}",
        ):
            answer = await doctor.http.get(path, headers={"Accept": "text/html"})
            assert answer.status_code in {400, 404}, (path, answer.status_code)
            assert said not in answer.text
            assert "\u202e" not in answer.text
            visible = re.sub(r"<[^>]*>", "", answer.text)
            assert "ECHO7f3a" not in visible, path
            assert ("i", ()) not in shape(answer.text).tags


@pytest.mark.parametrize("path", ["//evil.example/", "/%5C%5Cevil.example", "/%2F/evil.example"])
async def test_no_link_of_an_error_page_leads_elsewhere(found: Filled, path: str) -> None:
    doctor = found.caller("clinician")
    answer = await doctor.http.get(f"{BASE}{path}", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    for address in shape(answer.text).addresses:
        assert address.startswith(("/", "#")), address
        assert not address.startswith(("//", "/\\")), address
