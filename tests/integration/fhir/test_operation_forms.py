"""Operations by GET and by POST say the same; what is added to meta is a version like any other."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.fhir.support import (
    codes_of,
    hub_of_writer,
    observation,
    patient_of,
    writer,
)

pytestmark = pytest.mark.anyio

TAG = {"system": "urn:g", "code": "x"}


def asked(*pairs: tuple[str, str, Any]) -> dict[str, Any]:
    listed = [{"name": name, f"value{kind}": value} for name, kind, value in pairs]
    return {"resourceType": "Parameters", "parameter": listed}


async def test_everything_and_lastn_are_asked_by_parameters_too(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        for number in range(3):
            text = observation(patient, f"{number}.0", f"P-{number}")
            text = text.replace("2026-06-01", f"2026-06-0{number + 1}")
            assert (await client.post("/fhir/Observation", content=text)).status_code == 201
        url = f"/fhir/Patient/{patient}/$everything"
        first = await client.post(url, json=asked(("_count", "Integer", 2)))
        seen = [one["resource"]["id"] for one in first.json()["entry"]]
        links = {one["relation"]: one["url"] for one in first.json()["link"]}
        while "next" in links:
            page = (await client.get(links["next"])).json()
            seen += [one["resource"]["id"] for one in page["entry"]]
            links = {one["relation"]: one["url"] for one in page["link"]}
        whole = (await client.get(url)).json()["entry"]
        assert seen == [one["resource"]["id"] for one in whole]
        assert (await client.post(url)).json()["entry"] == whole
        lastn = "/fhir/Observation/$lastn"
        body = asked(
            ("patient", "Reference", {"reference": f"Patient/{patient}"}),
            ("code", "Coding", {"system": "http://loinc.org", "code": "2823-3"}),
            ("max", "PositiveInt", 2),
        )
        by_post = await client.post(lastn, json=body)
        by_get = await client.get(
            f"{lastn}?patient=Patient/{patient}&code=http://loinc.org|2823-3&max=2"
        )
        assert by_post.status_code == 200
        assert by_post.json()["entry"] == by_get.json()["entry"]
        assert len(by_post.json()["entry"]) == 2


async def test_results_that_share_a_coding_through_a_third_are_of_one_code(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        own = '{"system":"urn:l","code":"a"}'
        both = f'{own},{{"system":"http://loinc.org","code":"2823-3"}}'
        loinc = '{"system":"http://loinc.org","code":"2823-3"}'
        for number, coding in enumerate((own, loinc, both)):
            text = observation(patient, f"{number}.0", f"G-{number}").replace(loinc, coding)
            text = text.replace("2026-06-01", f"2026-06-0{number + 1}")
            assert (await client.post("/fhir/Observation", content=text)).status_code == 201
        found = await client.get(f"/fhir/Observation/$lastn?patient={patient}")
        assert [one["resource"]["valueQuantity"]["value"] for one in found.json()["entry"]] == [2]


async def test_tags_are_added_and_taken_away_as_versions(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (hub, client):
        patient = await patient_of(client)
        url = f"/fhir/Patient/{patient}"
        body = asked(("meta", "Meta", {"tag": [TAG], "profile": ["urn:p"]}))

        async def meta() -> dict[str, Any]:
            said = await client.post(f"{url}/$meta")
            assert said.json() == (await client.get(f"{url}/$meta")).json()
            return dict(said.json()["parameter"][0]["valueMeta"])

        for _ in range(2):  # the second time it is there already
            added = await client.post(f"{url}/$meta-add", json=body)
            assert added.status_code == 200, added.text
        found = await meta()
        assert (found["versionId"], found["tag"], found["profile"]) == ("2", [TAG], ["urn:p"])
        gone = await client.post(
            f"{url}/$meta-delete", json=asked(("meta", "Meta", {"tag": [TAG]}))
        )
        assert gone.json()["parameter"][0]["valueMeta"]["versionId"] == "3"
        assert "tag" not in await meta()
        assert (await client.get(url)).json()["birthDate"] == "1970-01-02"
        for wrong in ({"resourceType": "Parameters"}, asked(("meta", "Meta", {"versionId": "9"})),
                      asked(("meta", "String", "x")), asked(("tag", "Coding", TAG))):  # fmt: skip
            assert (await client.post(f"{url}/$meta-add", json=wrong)).status_code == 400
        nobody = await client.post("/fhir/Patient/nobody/$meta-add", json=body)
        assert nobody.status_code == 404
        other = await writer(hub, "other", "121301024000001027")
        refused = await client.post(f"{url}/$meta-add", json=body, headers=other)
        assert refused.status_code in (403, 404)
        assert (await meta())["versionId"] == "3"


async def test_what_is_asked_wrongly_names_the_parameter(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        patient = await patient_of(client)
        everything = f"/fhir/Patient/{patient}/$everything"
        for url, body, code in (
            (everything, asked(("_count", "Address", {"city": "x"})), "wrong-type"),
            (everything, asked(("start", "Date", "ge2026")), "not-a-date"),
            (everything, asked(("_count", "Integer", 1), ("_count", "Integer", 2)), "repeated"),
            (everything, {"resourceType": "Patient"}, "other-type"),
            ("/fhir/Observation/$lastn", asked(("max", "Integer", 1)), "required"),
            ("/fhir/Observation/$lastn", asked(("patient", "String", patient),
                                               ("max", "Integer", 0)), "invalid-value"),
            (f"/fhir/Patient/{patient}/$meta", asked(("x", "String", "y")), "unknown-parameter"),
        ):  # fmt: skip
            answer = await client.post(url, json=body)
            assert (answer.status_code, codes_of(answer)) == (400, [code]), (url, body)
        form = await client.post(everything, data={"_count": "1"},
                                 headers={"Content-Type": "application/x-www-form-urlencoded"})  # fmt: skip
        assert form.status_code == 415
