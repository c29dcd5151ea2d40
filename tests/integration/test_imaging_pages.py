"""Examinations on the pages: listed with verdict and reasons, and looked at."""

import re
from pathlib import Path
from typing import Any

import pytest

from hie.app import opened
from hie.exchange.hub import Hub
from hie.exchange.process import drain
from tests.e2e.departments import COLOUR, REPORT_ALONE, TWO_MISSING, WHOLE, Departments
from tests.integration.deciding import fields
from tests.integration.test_doors import _client, _settings
from tests.integration.test_pages import _person, _signed_in
from tests.integration.test_road import _connected

pytestmark = pytest.mark.anyio


async def _filled(hub: Hub, tmp_path: Path) -> Departments:
    region = await _connected(hub, tmp_path)
    departments = Departments()
    await departments.connect(hub, region)
    await departments.keep(hub)
    await drain(hub)
    for role in ("clinician", "auditor"):
        await _person(hub, region, role)
    return departments


async def _page_of(client: Any, departments: Departments, who: int) -> tuple[str, str]:
    """The address and text of a person's page, found by their number."""
    form = await client.get("/patients")
    token = re.findall(r'name="csrf" value="([^"]+)"', form.text)[0]
    number = departments.people[who].resident_id
    sent = {"csrf": token, "type": "resident-id", "value": number}
    address = (await client.post("/patients", data=sent)).headers["location"]
    return address, (await client.get(f"{address}?lang=en")).text


async def test_examinations_are_listed_with_verdict_counts_and_report(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        departments = await _filled(hub, tmp_path)
        async with _client(hub) as client:
            await _signed_in(client, "clinician")
            address, whole = await _page_of(client, departments, WHOLE)
            assert "Chest · Computed tomography" in whole
            assert "20 of 20 images received" in whole
            assert "双肺纹理清晰" in whole
            viewer = re.findall(rf'class="btn" href="({address}/images/[^"?]+)"', whole)[0]
            looked = await client.get(f"{viewer}?lang=en")
            assert looked.status_code == 200
            assert "Not for primary diagnosis" in looked.text
            assert len(re.findall(r"data-series=", looked.text)) == 1
            assert f'href="{address}?item={viewer.rsplit("/", 1)[1]}"' in looked.text
            _, missing = await _page_of(client, departments, TWO_MISSING)
            assert "2 of 20 are missing" in missing
            assert "R-601" in missing
            only = (await client.get(f"{address}?category=imaging&lang=en")).text
            assert "Computed tomography" in only
            none = (await client.get(f"{address}?category=chemistry&lang=en")).text
            assert "Computed tomography" not in none
        async with hub.db.reading() as reader:
            details = await reader.fetch("SELECT detail FROM audit_access WHERE type = 'page'")
        assert {row[0] for row in details} == {"patient", "images"}


async def test_images_are_opened_by_clinicians_and_under_their_own_patient(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        departments = await _filled(hub, tmp_path)
        async with _client(hub) as client:
            await _signed_in(client, "clinician")
            whole, page = await _page_of(client, departments, WHOLE)
            other, _ = await _page_of(client, departments, COLOUR)
            study = re.findall(r"/images/([^\"?]+)", page)[0]
            alone, report = await _page_of(client, departments, REPORT_ALONE)
            assert "There is a report and no images." in report
            assert "/images/" not in report
            listed = re.findall(r"item=([^\"&#]+)", report)[0]
            for address in (
                f"{other}/images/{study}",
                f"{alone}/images/{listed}",
                f"{whole}/images/nothing",
                f"/patients/nobody/images/{study}",
            ):
                assert (await client.get(address)).status_code == 404, address
            odd = await client.get(f"{whole}/images/{study}?series=1.2.3&image=99999999")
            assert odd.status_code == 200
        async with _client(hub) as client:
            await _signed_in(client, "auditor")
            assert (await client.get(f"{whole}/images/{study}")).status_code == 403
        async with _client(hub) as client:
            assert (await client.get(f"{whole}/images/{study}")).status_code == 401


async def test_a_patient_with_images_alone_has_no_laboratory_results(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        departments = await _filled(hub, tmp_path)
        async with _client(hub) as client:
            await _signed_in(client, "clinician")
            _, page = await _page_of(client, departments, COLOUR)
        assert "no laboratory result of this patient" in page
        assert "Thyroid · Ultrasound" in page
        assert "R-607" in page


async def test_a_study_is_used_from_the_viewer_on_the_check_that_speaks_of_it_alone(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        departments = await _filled(hub, tmp_path)
        async with _client(hub) as client:
            await _signed_in(client, "clinician")
            whole, page = await _page_of(client, departments, WHOLE)
            other, second = await _page_of(client, departments, TWO_MISSING)
            study = re.findall(rf'"({whole}/images/[^"?]+)"', page)[0]
            missing = re.findall(rf'"({other}/images/[^"?]+)"', second)[0]
            asked = await client.post(study, data=fields((await client.get(study)).text, "use"))
            check = asked.headers["location"]
            key = check.split("/")[2].split("?")[0]
            line = f"?check={key}&order=1"
            viewer = await client.get(f"{study}{line}")
            assert f'href="{check}" data-decide="repeat"' in viewer.text
            form = fields(viewer.text, "use")
            for address, sent, status in (
                (missing, form, 404),  # the check says nothing of that one
                (study, form | {"ref": "2"}, 404),
                (study, form | {"check": "none"}, 404),
                (study, form | {"csrf": "other"}, 403),
                (f"{whole}/images/none", {"csrf": form["csrf"]}, 404),
            ):
                answer = await client.post(address, data=sent)
                assert answer.status_code == status, (address, sent)
            assert (await client.get(f"{missing}{line}")).status_code == 200  # its own verdict
            for _ in range(2):  # sent twice, decided once
                used = await client.post(f"{study}{line}", data=form)
                assert (used.status_code, used.headers["location"]) == (303, check)
            stands = (await client.get(f"{study}{line}")).text
            assert "data-decide" not in stands
        async with hub.db.reading() as reader:
            made = await reader.fetch("SELECT decision, check_id FROM decision")
        assert [tuple(row) for row in made] == [("use", key)]
        async with _client(hub) as client:
            await _signed_in(client, "auditor")
            assert (await client.post(study, data=form)).status_code == 403
