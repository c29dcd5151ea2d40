"""A patient opens their record by a code: to one hospital, once, for a quarter of an hour."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.access.windows import PATIENT_US
from hie.store import persons
from tests.integration.access.support import INSTITUTIONS, Region, region, shown
from tests.integration.access.test_declared import check_of
from tests.integration.fhir.auditing import client_with
from tests.integration.meanwhile import while_it_waits

pytestmark = pytest.mark.anyio


async def send(found: Region, path: str, who: str, body: Any) -> httpx.Response:
    headers = {**found.headers[who], "Content-Type": "application/json"}
    return await found.client.post(f"/v1/{path}", json=body, headers=headers)


async def app(found: Region, purpose: str = "PATRQT") -> None:
    """A patient's app, registered by A."""
    found.headers["app"] = await client_with(
        found.hub,
        f"app-{purpose.lower()}",
        "hie/patient-codes",
        purpose=purpose,
        institution=INSTITUTIONS["a"],
    )


def about(name: str) -> dict[str, Any]:
    patient = check_of(name)["patient"]
    return {"patient": {"identifiers": patient["identifiers"], "name": patient["name"]}}


async def test_a_code_opens_the_record_to_who_uses_it(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await app(found)
        url = f"Observation/{found.results['P2b']}"
        await found.person("c1", "c")
        made = await send(found, "patient-codes", "app", about("P2"))
        assert made.status_code == 201, made.text
        code = made.json()["code"]
        assert shown(made, list(found.patients.values())) == []
        assert (await found.get(url, "c")).status_code == 404
        used = await send(found, "patient-codes/use", "c", {"code": code})
        assert used.status_code == 200, used.text
        assert used.json()["patient"] in {
            f"Patient/{found.patients[one]}" for one in ("P2a", "P2b")
        }
        assert await found.last_audit() == ("0", None)
        for who in ("c", "c1"):
            assert found.canary("P2b") in (await found.get(url, who)).text
        assert (await found.get(url, "a")).status_code == 404
        again = await send(found, "patient-codes/use", "a", {"code": code})
        none = await send(found, "patient-codes/use", "a", {"code": "x" * 22})
        assert (again.status_code, again.text) == (none.status_code, none.text)
        assert again.status_code == 404
        async with found.hub.db.reading() as reader:
            row = await reader.fetchrow(
                "SELECT until_us - from_us, count(*) FROM reach WHERE kind = 'patient'"
                " GROUP BY until_us - from_us"
            )
        assert row is not None
        assert tuple(row) == (PATIENT_US, 2)


async def test_a_code_that_is_over_opens_nothing(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await app(found)
        code = (await send(found, "patient-codes", "app", about("P2"))).json()["code"]
        async with found.hub.db.unit() as unit:
            await unit.execute("UPDATE patient_code SET ends_us = 1")
        assert (await send(found, "patient-codes/use", "c", {"code": code})).status_code == 404
        code = (await send(found, "patient-codes", "app", about("P2"))).json()["code"]
        assert (await send(found, "patient-codes/use", "c", {"code": code})).status_code == 200


async def test_a_code_used_while_a_link_is_taken_back_opens_its_own_patient(
    postgres_place: Any, tmp_path: Path
) -> None:
    async with region(postgres_place, tmp_path) as found:
        await app(found)
        code = (await send(found, "patient-codes", "app", about("P2"))).json()["code"]
        db, homes = found.hub.db, {found.patients["P2a"], found.patients["P2b"]}
        async with db.reading() as reader:
            (link,) = [one for one in await persons.links(reader) if homes & set(one.homes)]
        async with db.unit() as unit:
            await persons.undo(unit, link.id, author="u1", at_us=link.at_us + 1)
            asked = send(found, "patient-codes/use", "c", {"code": code})
            use = await while_it_waits(db, asked)
        assert (await use).status_code == 200
        async with db.reading() as reader:
            rows = await reader.fetch("SELECT home FROM reach WHERE kind = 'patient'")
        assert len(rows) == 1


async def test_the_own_record_of_who_uses_it_is_named(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await app(found)
        code = (await send(found, "patient-codes", "app", about("P2"))).json()["code"]
        used = await send(found, "patient-codes/use", "b", {"code": code})
        assert used.json()["patient"] == f"Patient/{found.patients['P2b']}"


async def test_codes_are_for_a_patients_app_and_for_who_treats(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await app(found, "TREAT")
        refused = await send(found, "patient-codes", "app", about("P2"))
        assert refused.status_code == 403
        assert (await send(found, "patient-codes", "a", about("P2"))).status_code == 403
        await app(found)
        nobody = about("P2")
        nobody["patient"]["name"] = "没有此人"
        assert (await send(found, "patient-codes", "app", nobody)).status_code == 404
        assert (await send(found, "patient-codes", "app", {"patient": {}})).status_code == 422
        assert (await send(found, "patient-codes", "app", {})).status_code == 422
        code = (await send(found, "patient-codes", "app", about("P2"))).json()["code"]
        assert (await send(found, "patient-codes/use", "app", {"code": code})).status_code == 403
        for body in ({}, {"code": 1}, {"code": ""}, {"code": code, "more": 1}):
            assert (await send(found, "patient-codes/use", "c", body)).status_code == 422
        long = await send(found, "patient-codes/use", "c", {"code": "x" * 5000})
        assert long.status_code == 404
        assert (await send(found, "patient-codes/use", "c", {"code": code})).status_code == 200


async def test_a_clinician_types_the_code_on_the_page(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        await app(found)
        await found.person("c1", "c")
        code = (await send(found, "patient-codes", "app", about("P2"))).json()["code"]
        client = found.client
        form = (await client.get("/sign-in")).text
        csrf = re.findall(r'name="csrf" value="([^"]+)"', form)[0]
        data = {"csrf": csrf, "next": "/patients", "login": "c1", "password": "a long pass phrase"}
        assert (await client.post("/sign-in", data=data)).status_code == 303
        form = (await client.get("/patients")).text
        csrf = re.findall(r'name="csrf" value="([^"]+)"', form)[0]
        page = f"/patients/{found.patients['P2b']}"
        assert (await client.get(page)).status_code == 404
        sent = {"csrf": csrf, "type": "patient-code", "value": code}
        opened = await client.post("/patients", data=sent)
        assert opened.status_code == 303, opened.text
        assert (await client.get(opened.headers["location"])).status_code == 200
        assert (await client.get(page)).status_code == 200
        again = await client.post("/patients", data=sent)
        assert again.status_code == 200
        assert "授权码无效" in again.text
        assert await found.last_audit() == ("4", "absent")
