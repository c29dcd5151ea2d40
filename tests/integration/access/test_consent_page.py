"""A clinician records what a patient signed, and it holds; an operator does it by command."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.errors import NotPermitted, UnprocessableRequest
from hie.exchange.commands import run
from tests.integration.access.consents import denying, give, treating
from tests.integration.access.support import INSTITUTIONS, Region, sees
from tests.integration.test_doors import _client

pytestmark = pytest.mark.anyio
PASSWORD = "a long pass phrase"


@asynccontextmanager
async def signed_in(found: Region, who: str = "b") -> AsyncIterator[httpx.AsyncClient]:
    person = {"login": f"clinician-{who}", "name": "某人", "role": "clinician", "department": ""}
    await run(
        found.hub,
        "user-add",
        {**person, "institution": INSTITUTIONS[who], "password": PASSWORD},
    )
    async with _client(found.hub) as client:
        token = csrf(await client.get("/sign-in"))
        data = {"csrf": token, "next": "/patients", "login": f"clinician-{who}"}
        answer = await client.post("/sign-in", data={**data, "password": PASSWORD})
        assert answer.status_code == 303
        yield client


def csrf(answer: httpx.Response) -> str:
    return str(re.findall(r'name="csrf" value="([^"]+)"', answer.text)[0])


async def test_a_signed_form_holds_at_once_and_is_printed(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found, signed_in(found) as client:
        url = f"/patients/{found.patients['P6b']}/consents"
        page = await client.get(f"{url}?lang=en")
        assert page.status_code == 200
        assert "None is recorded." in page.text
        form = {"csrf": csrf(page), "do": "record", "form": "deny-some", "signer": "patient"}
        refused = await client.post(url, data=form)
        assert refused.status_code == 422
        assert "Choose institutions" in refused.text
        assert await sees(found, "c", "P6b")
        done = await client.post(url, data={**form, "institutions": INSTITUTIONS["c"]})
        assert done.status_code == 303
        assert not await sees(found, "c", "P6b")
        assert not await sees(found, "c", "P6a")
        assert await sees(found, "b", "P6a")
        printed = await client.get(done.headers["location"])
        assert "The institutions listed may not look at my results." in printed.text
        assert "Patient or guardian, date" in printed.text
        for lang, words in (("en", "in force"), ("zh", "有效")):
            assert words in (await client.get(f"{url}?lang={lang}")).text


@pytest.mark.parametrize(
    ("said", "day", "time"),
    [
        ("2026-06-01T17:30:00Z", "2026-06-02", "2026-06-02 01:30"),
        ("2026-06-01T23:30:00+08:00", "2026-06-01", "2026-06-01 23:30"),
        ("2026-06", "2026-06", "2026-06"),
    ],
)
async def test_a_time_is_that_of_the_hub_on_the_page_and_in_print(
    place: Any, tmp_path: Path, said: str, day: str, time: str
) -> None:
    async with treating(place, tmp_path) as found, signed_in(found) as client:
        key = await give(found, "b", found.patients["P6b"], denying("c"), dateTime=said)
        listed = await client.get(f"/patients/{found.patients['P6b']}/consents?lang=en")
        assert f"<dd>{day} " in listed.text
        printed = await client.get(f"/consents/{key}?lang=en")
        assert f">{time}<" in printed.text
        assert "UTC" not in printed.text


async def test_a_list_is_written_as_its_language_writes_lists(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found, signed_in(found) as client:
        url = f"/patients/{found.patients['P6b']}/consents"
        form = {"csrf": csrf(await client.get(url)), "do": "record", "signer": "patient"}
        topics = {**form, "form": "deny-topics", "topics": ["HIV", "PSY"]}
        some = {**form, "form": "deny-some", "institutions": [INSTITUTIONS["a"], INSTITUTIONS["c"]]}
        for data in (topics, some):
            assert (await client.post(url, data=data)).status_code == 303
        for lang, joint, terms in (
            ("en", ", ", ("Subjects", "Institutions")),
            ("zh", "、", ("敏感内容", "机构")),
        ):
            text = (await client.get(f"{url}?lang={lang}")).text
            for term in terms:
                (listed,) = re.findall(rf"<dt>{term}</dt><dd>(.*?)</dd>", text)
                assert len(listed.split(joint)) == 2, (term, listed)


async def test_who_recorded_it_withdraws_it(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found, signed_in(found) as client:
        url = f"/patients/{found.patients['P6b']}/consents"
        form = {"csrf": csrf(await client.get(url)), "form": "opt-out", "signer": "patient"}
        done = await client.post(url, data={**form, "do": "record"})
        assert not await sees(found, "a", "P6b")
        key = done.headers["location"].rpartition("/")[2]
        async with signed_in(found, "a") as other:
            token = csrf(await other.get("/patients"))
            data = {"csrf": token, "do": "withdraw", "consent": key}
            answer = await other.post(f"/patients/{found.patients['P6a']}/consents", data=data)
            assert answer.status_code in (403, 404)
        assert not await sees(found, "a", "P6b")
        data = {"csrf": form["csrf"], "do": "withdraw", "consent": key}
        assert (await client.post(url, data=data)).status_code == 303
        assert await sees(found, "a", "P6b")


async def test_a_guardian_says_how_they_are_related(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found, signed_in(found) as client:
        url = f"/patients/{found.patients['P6b']}/consents"
        form = {"csrf": csrf(await client.get(url)), "do": "record", "form": "opt-out"}
        form["signer"] = "guardian"
        assert (await client.post(url, data=form)).status_code == 422
        done = await client.post(url, data={**form, "guardian": "女儿"})
        assert done.status_code == 303
        assert "女儿" in (await client.get(done.headers["location"])).text


async def test_who_signed_is_kept_and_said_once(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found, signed_in(found) as client:
        url = f"/patients/{found.patients['P6b']}/consents"
        form = {"csrf": csrf(await client.get(url)), "do": "record", "form": "opt-out"}
        missing = await client.post(f"{url}?lang=en", data={**form, "signer": "guardian"})
        assert (missing.status_code, signer(missing)) == (422, ["guardian"])
        both = {**form, "signer": "patient", "guardian": "女儿"}
        refused = await client.post(f"{url}?lang=en", data=both)
        assert (refused.status_code, signer(refused)) == (422, ["patient"])
        assert 'value="女儿"' in refused.text
        assert "or nothing where the patient signed" in refused.text
        assert await sees(found, "a", "P6b")
        assert (await client.post(url, data={**form, "signer": "patient"})).status_code == 303
        assert not await sees(found, "a", "P6b")


MOTHER = {"resourceType": "RelatedPerson", "id": "m", "relationship": [{"text": "母亲"}]}


@pytest.mark.parametrize(
    ("performer", "signer"),
    [
        ({"type": "RelatedPerson", "display": "X"}, "a guardian"),
        ({"reference": "#m"}, "母亲"),
        ({}, "the patient"),
    ],
)
async def test_the_page_and_the_print_say_as_is_held_to_that_a_guardian_signed(
    place: Any, tmp_path: Path, performer: dict[str, Any], signer: str
) -> None:
    async with treating(place, tmp_path) as found, signed_in(found) as client:
        patient = found.patients["P6b"]
        about = {"reference": f"Patient/{patient}"}
        key = await give(
            found, "b", patient, denying("c"), performer=[performer or about],
            contained=[{**MOTHER, "patient": about}],
            verification=[{"verified": True, "verifiedWith": {"reference": "#m"}}],
        )  # fmt: skip
        shown = await client.get(f"/patients/{patient}/consents?lang=en")
        assert re.findall(r"<dt>Signed by</dt><dd>(.*?)</dd>", shown.text) == [signer]
        printed = (await client.get(f"/consents/{key}?lang=en")).text
        assert re.findall(r"Signed by</dt><dd[^>]*><bdi>(.*?)</bdi>", printed) == [signer]


def signer(answer: httpx.Response) -> list[str]:
    """Who is chosen on the form as having signed."""
    return re.findall(r'name="signer" value="(\w+)" checked', answer.text)


async def test_a_patient_who_is_not_treated_here_has_no_such_page(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found, signed_in(found) as client:
        hidden = await client.get(f"/patients/{found.patients['P2a']}/consents")
        nobody = await client.get("/patients/AAAAAAAAAAAAAAAA/consents")
        assert hidden.status_code == nobody.status_code == 404
        token = csrf(await client.get("/patients"))
        form = {"csrf": token, "do": "record", "form": "opt-out", "signer": "patient"}
        answer = await client.post(f"/patients/{found.patients['P2a']}/consents", data=form)
        assert answer.status_code == 404


async def test_who_looks_at_a_patient_without_consents_is_recorded_with_the_patient(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found, signed_in(found) as client:
        patient = found.patients["P6b"]
        assert (await client.get(f"/patients/{patient}/consents")).status_code == 200
        assert await run(found.hub, "consent-list", {"patient": patient}) == {"consents": []}
        async with found.hub.db.reading() as reader:
            rows = await reader.fetch(
                "SELECT s.home FROM audit_access AS a JOIN audit_subject AS s ON s.access = a.id"
                " WHERE a.type = 'page' ORDER BY a.at_us DESC, a.n DESC LIMIT 2"
            )
        assert [row[0] for row in rows] == [patient, patient]


async def test_an_operator_records_lists_and_withdraws(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        patient = found.patients["P6b"]
        asked = {"patient": patient, "form": "deny-topics", "by": INSTITUTIONS["b"]}
        with pytest.raises(UnprocessableRequest):
            await run(found.hub, "consent-record", asked)
        made = await run(found.hub, "consent-record", {**asked, "topics": ["HIV"]})
        (listed,) = (await run(found.hub, "consent-list", {"patient": patient}))["consents"]
        assert listed["consent"] == made["consent"]
        assert (listed["form"], listed["topics"], listed["by"]) == (
            "deny-topics", ["HIV"], INSTITUTIONS["b"],
        )  # fmt: skip
        (rule,) = (await run(found.hub, "consent-rules", {"patient": patient}))["rules"]
        assert rule["decision"] == "deny"
        assert rule["records"] == "any of HIV"
        assert (await run(found.hub, "consent-recompile", {}))["homes"] == 1
        await run(found.hub, "consent-withdraw", {"consent": made["consent"]})
        assert (await run(found.hub, "consent-rules", {"patient": patient}))["rules"] == []


async def test_a_system_does_not_record_by_the_desk(place: Any, tmp_path: Path) -> None:
    from hie.consent.forms import Filled
    from hie.exchange.consent_desk import record
    from tests.unit.access.test_scopes import an_actor

    async with treating(place, tmp_path) as found:
        actor = an_actor("system/*.cruds", institution=INSTITUTIONS["b"])
        with pytest.raises(NotPermitted):
            await record(found.hub, actor, found.patients["P6b"], Filled("opt-out"))


async def test_the_page_asks_for_the_birth_date_a_permission_needs(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found, signed_in(found) as client:
        patient = found.patients["P6b"]
        tree = (await found.get(f"Patient/{patient}", "b")).json()
        year = str(datetime.now(UTC).year - 14)  # 13 or 14 years old; P6 is older elsewhere
        answer = await found.put(f"Patient/{patient}", "b", {**tree, "birthDate": year})
        assert answer.status_code == 200, answer.text
        url = f"/patients/{patient}/consents"
        form = {"csrf": csrf(await client.get(url)), "do": "record", "signer": "patient"}
        refused = await client.post(f"{url}?lang=en", data={**form, "form": "share"})
        assert refused.status_code == 422
        assert "birth date does not say" in refused.text
        assert (await client.post(url, data={**form, "form": "opt-out"})).status_code == 303
