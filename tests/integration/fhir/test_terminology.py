"""What codes mean, which are in a set, what they are elsewhere: R4's, the hub's, and written ones."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.fhir import CANONICAL, ITEM, LOINC, RESULT_CLASS
from hie.fhir.profile import check
from hie.fhir.wire import read_object
from tests.integration.fhir.support import codes_of, hub_of_writer

pytestmark = pytest.mark.anyio

STATUS = "http://hl7.org/fhir/observation-status"
STATUSES = "http://hl7.org/fhir/ValueSet/observation-status"
ROLES = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
SYSTEM = {
    "resourceType": "CodeSystem", "url": "urn:s", "version": "1", "status": "active",
    "content": "complete", "name": "Animals",
    "property": [{"code": "legs", "type": "integer"}],
    "concept": [{"code": "animal", "display": "animal", "concept": [
        {"code": "cat", "display": "cat", "definition": "A small one",
         "designation": [{"language": "zh", "value": "猫"}],
         "property": [{"code": "legs", "valueInteger": 4}]},
        {"code": "fish", "display": "fish"}]}],
}  # fmt: skip
SET = {
    "resourceType": "ValueSet", "url": "urn:v", "version": "3", "status": "active",
    "compose": {"include": [{"system": "urn:s", "filter": [
        {"property": "concept", "op": "is-a", "value": "animal"}]}],
        "exclude": [{"system": "urn:s", "concept": [{"code": "animal"}]}]},
}  # fmt: skip
MAP = {
    "resourceType": "ConceptMap", "url": "urn:m", "status": "active",
    "group": [{"source": "urn:s", "target": "urn:t", "element": [
        {"code": "cat", "target": [{"code": "feline", "equivalence": "wider"}]},
        {"code": "fish", "target": [{"equivalence": "unmatched"}]}]}],
}  # fmt: skip


async def written(client: httpx.AsyncClient) -> dict[str, str]:
    """Ids of the system, the set and the map, by type."""
    ids = {}
    for tree in (SYSTEM, SET, MAP):
        made = await client.post(f"/fhir/{tree['resourceType']}", json=tree)
        assert made.status_code == 201, made.text
        ids[str(tree["resourceType"])] = made.json()["id"]
    return ids


def sound(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    assert check(read_object(answer.content)) == []
    return answer.json()


def values(answer: httpx.Response) -> dict[str, Any]:
    """Plain outputs by name."""
    return {
        one["name"]: next(iter(v for k, v in one.items() if k.startswith("value")))
        for one in sound(answer)["parameter"]
        if any(k.startswith("value") for k in one)
    }


def parts(answer: httpx.Response, name: str) -> list[dict[str, Any]]:
    return [
        {p["name"]: next(v for k, v in p.items() if k.startswith("value")) for p in one["part"]}
        for one in sound(answer)["parameter"]
        if one["name"] == name
    ]


def given(**said: Any) -> dict[str, Any]:
    """Parameters of these values: texts, truths, Codings, concepts, resources."""
    listed: list[dict[str, Any]] = []
    for name, value in said.items():
        kind = {str: "valueString", bool: "valueBoolean", int: "valueInteger"}.get(type(value))
        if kind is None:
            kind = "valueCodeableConcept" if "coding" in value else "valueCoding"
            kind = "resource" if "resourceType" in value else kind
        listed.append({"name": name, kind: value})
    return {"resourceType": "Parameters", "parameter": listed}


async def test_a_value_set_is_expanded_filtered_and_paged(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        ids = await written(client)
        url = "/fhir/ValueSet/$expand"
        whole = sound(await client.get(f"{url}?url={STATUSES}"))["expansion"]
        assert whole["total"] == len(whole["contains"]) == 8
        for offset in range(0, 8, 3):
            page = sound(await client.get(f"{url}?url={STATUSES}&count=3&offset={offset}"))
            assert page["expansion"]["contains"] == whole["contains"][offset : offset + 3]
            assert page["expansion"]["total"] == 8
        beyond = sound(await client.get(f"{url}?url={STATUSES}&offset=9"))["expansion"]
        assert "contains" not in beyond
        for way in (
            await client.get(f"{url}?url=urn:v"),
            await client.get(f"{url}?url=urn:v|3"),
            await client.get(f"{url}?url=urn:v&valueSetVersion=3"),
            await client.get(f"/fhir/ValueSet/{ids['ValueSet']}/$expand"),
            await client.post(url, json=given(url="urn:v")),
            await client.post(url, json=given(valueSet=SET)),
        ):
            codes = [one["code"] for one in sound(way)["expansion"]["contains"]]
            assert codes == ["cat", "fish"]
        chinese = sound(await client.get(f"{url}?url=urn:v&filter=猫"))["expansion"]["contains"]
        assert chinese == [{"system": "urn:s", "code": "cat", "display": "猫"}]
        english = await client.get(f"{url}?url=urn:v&filter=CAT&displayLanguage=en")
        assert sound(english)["expansion"]["contains"][0]["display"] == "cat"
        named = await client.get(f"{url}?url=urn:v&includeDesignations=true")
        assert sound(named)["expansion"]["contains"][0]["designation"] == [
            {"language": "zh", "value": "猫"}
        ]


async def test_what_cannot_be_expanded_says_why(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        url = "/fhir/ValueSet/$expand"
        for query, status, code in (
            ("", 400, "required"),
            ("?url=urn:nobody", 404, "unknown-value-set"),
            (f"?url={STATUSES}|9.9", 404, "unknown-value-set"),
            (f"?url={STATUSES}&count=x", 400, "invalid-value"),
            (f"?url={STATUSES}&count=5000", 400, "invalid-value"),
            (f"?url={STATUSES}&offset=-1", 400, "invalid-value"),
            (f"?url={STATUSES}&includeDesignations=maybe", 400, "invalid-value"),
            (f"?url={STATUSES}&url={STATUSES}", 400, "repeated"),
            (f"?url={STATUSES}&colour=red", 400, "unknown-parameter"),
        ):
            answer = await client.get(f"{url}{query}")
            assert (answer.status_code, codes_of(answer)) == (status, [code]), query
        for compose, code in (
            ({"include": [{"system": LOINC}]}, "not-supported"),
            ({"include": [{"system": "urn:s", "filter": [
                {"property": "legs", "op": "=", "value": "4"}]}]}, "not-supported"),
            ({"include": [{"system": STATUS, "filter": [
                {"property": "code", "op": "regex", "value": ".*"}]}]}, "not-supported"),
            ({"include": [{"valueSet": ["urn:nobody"]}]}, "unknown-value-set"),
        ):  # fmt: skip
            tree = {"resourceType": "ValueSet", "status": "draft", "compose": compose}
            answer = await client.post(url, json=given(valueSet=tree))
            assert codes_of(answer) == [code]
        wrong = {"resourceType": "ValueSet"}
        assert codes_of(await client.post(url, json=given(valueSet=wrong))) == ["structure"]


async def test_a_code_is_looked_up_with_its_properties(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        await written(client)
        url = "/fhir/CodeSystem/$lookup"
        cat = await client.get(f"{url}?system=urn:s&code=cat")
        assert values(cat) == {
            "name": "Animals", "version": "1", "display": "猫", "definition": "A small one",
        }  # fmt: skip
        assert parts(cat, "designation") == [{"language": "zh", "value": "猫"}]
        assert {"code": "parent", "value": "animal"} in parts(cat, "property")
        assert {"code": "legs", "value": 4} in parts(cat, "property")
        few = await client.get(f"{url}?system=urn:s&code=animal&property=child")
        assert parts(few, "property") == [
            {"code": "child", "value": "cat"}, {"code": "child", "value": "fish"}
        ]  # fmt: skip
        assert parts(few, "designation") == []
        coding = given(coding={"system": STATUS, "code": "final"}, displayLanguage="en")
        assert values(await client.post(url, json=coding))["display"] == "Final"
        assert values(await client.get(f"{url}?system={ITEM}&code=K"))["display"] == "钾"
        for query, status in (
            ("system=urn:s", 400), ("code=cat", 400), ("system=urn:s&code=dog", 404),
            ("system=urn:nobody&code=a", 404), ("system=urn:s&code=cat&version=2", 404),
            ("system=urn:s&code=cat&date=2026", 400),
        ):  # fmt: skip
            assert (await client.get(f"{url}?{query}")).status_code == status, query


async def test_a_code_is_in_a_system_or_a_set_or_not(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        ids = await written(client)
        system, set_ = "/fhir/CodeSystem/$validate-code", "/fhir/ValueSet/$validate-code"
        one = f"/fhir/ValueSet/{ids['ValueSet']}/$validate-code"
        own = f"/fhir/CodeSystem/{ids['CodeSystem']}/$validate-code"
        for url, is_in in (
            (f"{system}?url=urn:s&code=cat", True),
            (f"{system}?url=urn:s&code=dog", False),
            (f"{own}?code=fish", True),
            (f"{set_}?url=urn:v&system=urn:s&code=cat", True),
            (f"{set_}?url=urn:v&code=cat&display=CAT", True),
            (f"{set_}?url=urn:v&code=cat&display=dog", False),
            (f"{set_}?url=urn:v&system=urn:s&code=animal", False),
            (f"{set_}?url=urn:v&system=urn:other&code=cat", False),
            (f"{one}?system=urn:s&code=fish", True),
            (f"{set_}?url={CANONICAL}/ValueSet/item&system={ITEM}&code=K", True),
            (f"{set_}?url=http://hl7.org/fhir/ValueSet/observation-status&code=final", True),
        ):
            found = values(await client.get(url))
            assert found["result"] is is_in, url
            assert ("message" in found) is not is_in
        two = {"coding": [{"system": "urn:o", "code": "a"}, {"system": "urn:s", "code": "cat"}]}
        answer = await client.post(set_, json=given(url="urn:v", codeableConcept=two))
        assert values(answer)["result"] is True
        for query in ("url=urn:v", "url=urn:v&code=a&system=b&coding=c", "code=cat"):
            assert (await client.get(f"{set_}?{query}")).status_code == 400, query


async def test_one_code_stands_over_another(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        ids = await written(client)
        url = "/fhir/CodeSystem/$subsumes"
        for pair, outcome in (
            ("codeA=animal&codeB=cat", "subsumes"), ("codeA=cat&codeB=animal", "subsumed-by"),
            ("codeA=cat&codeB=cat", "equivalent"), ("codeA=cat&codeB=fish", "not-subsumed"),
        ):  # fmt: skip
            assert values(await client.get(f"{url}?system=urn:s&{pair}")) == {"outcome": outcome}
        own = f"/fhir/CodeSystem/{ids['CodeSystem']}/$subsumes?codeA=animal&codeB=fish"
        assert values(await client.get(own)) == {"outcome": "subsumes"}
        roles = given(
            codingA={"system": ROLES, "code": "FAMMEMB"}, codingB={"system": ROLES, "code": "MTH"}
        )
        assert values(await client.post(url, json=roles)) == {"outcome": "subsumes"}
        for query in ("codeA=cat&codeB=fish", "system=urn:s&codeA=cat", "system=urn:s&codeA=cat"
                      "&codeB=dog"):  # fmt: skip
            assert (await client.get(f"{url}?{query}")).status_code == 400, query


async def test_a_code_is_translated_forth_and_back(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        ids = await written(client)
        url = "/fhir/ConceptMap/$translate"
        forth = await client.get(f"{url}?system={LOINC}&code=2823-3")
        assert values(forth)["result"] is True
        (match,) = parts(forth, "match")
        assert (match["equivalence"], match["concept"]["code"]) == ("equivalent", "K")
        back = await client.get(f"{url}?system={ITEM}&code=K&reverse=true&targetsystem={LOINC}")
        assert "2823-3" in {one["concept"]["code"] for one in parts(back, "match")}
        assert {one["concept"]["system"] for one in parts(back, "match")} == {LOINC}
        for way in (
            await client.get(f"{url}?system=urn:s&code=cat"),
            await client.get(f"{url}?url=urn:m&system=urn:s&code=cat"),
            await client.get(f"/fhir/ConceptMap/{ids['ConceptMap']}/$translate?code=cat"),
            await client.post(url, json=given(coding={"system": "urn:s", "code": "cat"})),
            await client.post(url, json=given(conceptMap=MAP, system="urn:s", code="cat")),
        ):
            assert parts(way, "match") == [
                {"equivalence": "wider", "concept": {"system": "urn:t", "code": "feline"},
                 "source": "urn:m"}
            ]  # fmt: skip
        turned = given(coding={"system": "urn:t", "code": "feline"}, reverse=True)
        (match,) = parts(await client.post(url, json=turned), "match")
        assert (match["equivalence"], match["concept"]["code"]) == ("narrower", "cat")
        for query in ("system=urn:s&code=fish", "system=urn:s&code=dog",
                      "system=urn:s&code=cat&targetsystem=urn:other",
                      f"system={LOINC}&code=2823-3&url=urn:m",
                      f"system={LOINC}&code=2823-3&target={STATUSES}"):  # fmt: skip
            none = values(await client.get(f"{url}?{query}"))
            assert none["result"] is False, query
        for query, status in (
            ("code=cat&url=urn:nobody", 404), ("system=urn:s", 400),
            ("system=urn:s&code=cat&source=a", 400), ("system=urn:s&code=cat&reverse=yes", 400),
            (f"system={LOINC}&code=2823-3&target=urn:nobody", 404),
        ):  # fmt: skip
            assert (await client.get(f"{url}?{query}")).status_code == status, query


async def test_the_result_classes_are_in_two_languages(place: Any, tmp_path: Path) -> None:
    async with hub_of_writer(place, tmp_path) as (_, client):
        url = f"/fhir/CodeSystem/$lookup?system={RESULT_CLASS}&code=reactive"
        assert values(await client.get(url))["display"] == "阳性"
        assert values(await client.get(f"{url}&displayLanguage=en-GB"))["display"] == "reactive"
