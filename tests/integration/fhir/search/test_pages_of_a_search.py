"""Pages: whole, disjoint, and of one caller and one question; a form is bounded."""

from pathlib import Path
from typing import Any

import pytest

from hie.app import opened
from tests.integration.fhir.search.messages import filled, patient_id
from tests.integration.test_doors import _client, _settings
from tests.integration.two_hospitals import CASE, token_for

pytestmark = pytest.mark.anyio


async def test_pages_of_what_is_looked_at_are_whole_and_disjoint(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await filled(hub, tmp_path)
        patient = await patient_id(client, headers)
        query = f"/fhir/Observation?patient={patient}&performer:missing=false&_total=accurate"
        whole = (await client.get(f"{query}&_count=200", headers=headers)).json()
        ids = [one["resource"]["id"] for one in whole["entry"]]
        assert whole["total"] == len(ids) == len(set(ids)) > 6
        paged: list[str] = []
        link: str | None = f"{query}&_count=3"
        while link is not None:
            page = (await client.get(link, headers=headers)).json()
            assert page["total"] == len(ids)
            paged += [one["resource"]["id"] for one in page["entry"]]
            link = next((one["url"] for one in page["link"] if one["relation"] == "next"), None)
        assert paged == ids


async def test_a_page_link_is_its_callers_and_its_querys_alone(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await filled(hub, tmp_path)
        other = await token_for(hub, "other", CASE.institution)
        patient = await patient_id(client, headers)
        url = f"/fhir/Observation?patient={patient}&_count=5"
        page = (await client.get(url, headers=headers)).json()
        links = {one["relation"]: one["url"] for one in page["link"]}
        following = links["next"]
        assert (await client.get(following, headers=headers)).status_code == 200
        for link, caller in (
            (following, other),
            (following.replace("_count=5", "_count=6"), headers),
            (following.replace("Observation", "DiagnosticReport"), headers),
            (following[:-1] + ("A" if following[-1] != "A" else "B"), headers),
            (following + "A", headers),
        ):
            refused = await client.get(link, headers=caller)
            assert refused.status_code == 400
            assert refused.json()["issue"][0]["expression"] == ["page"]


async def test_a_form_is_bounded_like_an_address(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub, _client(hub) as client:
        headers = await filled(hub, tmp_path)
        patient = await patient_id(client, headers)
        form = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
        many = "&".join(["code=a"] * 5_000)
        values = "&".join([f"code={'a,' * 49}a"] * 90)
        for body, status in (
            (f"patient={patient}", 200),
            (f"patient={patient}&code=a%00b", 400),
            (f"patient={patient}&{many}", 400),
            (f"patient={patient}&{values}", 400),
            (f"patient={patient}&code=%FF%FE", 200),
            (f"patient={patient}&_count={'0' * 6000}5", 400),
        ):
            url = "/fhir/Observation/_search"
            answer = await client.post(url, content=body, headers=form)
            assert answer.status_code == status, answer.text
            if status == 400:
                assert answer.json()["resourceType"] == "OperationOutcome"
