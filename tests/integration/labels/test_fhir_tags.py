"""The tags that clients send by FHIR: they may raise a label and never lower it."""

from typing import Any

import pytest

from hie.access.labels import Topic
from hie.fhir.wire import write
from tests.integration.labels.support import rows
from tests.integration.labels.writing import HIV, LEVEL, desk_of, hub_with_desk, tagged

pytestmark = pytest.mark.anyio


async def test_a_source_that_sends_no_label_keeps_it(place: Any, tmp_path: Any) -> None:
    async with hub_with_desk(place, tmp_path) as opened:
        desk = await desk_of(opened)
        made = await desk.made(desk.observation(meta=tagged("R")))
        assert await desk.label(made) == ("R", {Topic.ASSIGNED})
        second = {**desk.observation(), "id": made["id"], "status": "amended"}
        answer = await desk.asked("PUT", f"Observation/{made['id']}", second)
        assert answer.status_code == 200
        assert [one["code"] for one in answer.json()["meta"]["security"]] == ["R", "ASSIGNED"]
        assert await desk.refusals() == ["4"]
        third = {**second, "meta": tagged("N"), "status": "corrected"}
        answer = await desk.asked("PUT", f"Observation/{made['id']}", third)
        assert answer.status_code == 200
        assert await desk.label(made) == ("R", {Topic.ASSIGNED})
        assert await desk.refusals() == ["4", "4"]


async def test_the_same_again_is_no_version_with_or_without_the_tags(
    place: Any, tmp_path: Any
) -> None:
    async with hub_with_desk(place, tmp_path) as opened:
        desk = await desk_of(opened)
        made = await desk.made(desk.observation("75622-1"))
        for tree in (made, {**desk.observation("75622-1"), "id": made["id"]}):
            answer = await desk.asked("PUT", f"Observation/{made['id']}", tree)
            assert answer.json()["meta"]["versionId"] == "1", answer.text
        assert await desk.refusals() == []
        raised = {**made, "meta": tagged("V")}
        answer = await desk.asked("PUT", f"Observation/{made['id']}", raised)
        assert answer.json()["meta"]["versionId"] == "2"
        assert await desk.label(made) == ("V", {Topic.HIV, Topic.ASSIGNED})


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json-patch+json", [{"op": "remove", "path": "/meta/security"}]),
        ("application/json-patch+json", [{"op": "remove", "path": "/meta"}]),
        ("application/json-patch+json", [{"op": "replace", "path": "/meta/security/0/code",
                                          "value": "N"}]),
        ("application/json-patch+json", [{"op": "remove", "path": "/meta/security/1"}]),
        ("application/merge-patch+json", {"meta": {"security": None}}),
        ("application/merge-patch+json", {"meta": {"security": [{"system": LEVEL, "code": "N"}]}}),
        ("application/fhir+json", {"resourceType": "Parameters", "parameter": [
            {"name": "operation", "part": [
                {"name": "type", "valueCode": "delete"},
                {"name": "path", "valueString": "Observation.meta.security"}]}]}),
    ],
)  # fmt: skip
async def test_no_patch_lowers_a_label(place: Any, tmp_path: Any, media: str, body: Any) -> None:
    async with hub_with_desk(place, tmp_path) as opened:
        desk = await desk_of(opened)
        made = await desk.made(desk.observation("75622-1"))
        answer = await desk.client.patch(
            f"/fhir/Observation/{made['id']}",
            content=write(body),
            headers={**desk.headers, "Content-Type": media},
        )
        if media == "application/fhir+json":
            assert answer.status_code in (403, 422)
        else:
            assert answer.status_code == 403
            assert answer.json()["issue"][0]["code"] == "forbidden"
            assert await desk.refusals() == ["4"]
        assert await desk.label(made) == HIV
        (stands,) = await rows(desk.hub, "Observation")
        assert stands.version == 1


async def test_a_patch_of_something_else_or_to_more_is_made(place: Any, tmp_path: Any) -> None:
    async with hub_with_desk(place, tmp_path) as opened:
        desk = await desk_of(opened)
        made = await desk.made(desk.observation("75622-1"))
        place_ = f"/fhir/Observation/{made['id']}"
        headers = {**desk.headers, "Content-Type": "application/json-patch+json"}
        change: list[dict[str, Any]] = [{"op": "replace", "path": "/status", "value": "amended"}]
        answer = await desk.client.patch(place_, content=write(change), headers=headers)
        assert answer.status_code == 200
        change = [{"op": "replace", "path": "/meta/security/0/code", "value": "V"}]
        answer = await desk.client.patch(place_, content=write(change), headers=headers)
        assert answer.status_code == 200, answer.text
        assert await desk.label(made) == ("V", {Topic.HIV, Topic.ASSIGNED})


async def test_an_operation_takes_no_tag_of_a_label_away(place: Any, tmp_path: Any) -> None:
    async with hub_with_desk(place, tmp_path) as opened:
        desk = await desk_of(opened)
        made = await desk.made(desk.observation("75622-1"))
        path = f"Observation/{made['id']}/$meta-delete"

        def asked(*codes: str) -> dict[str, Any]:
            parameter = [{"name": "meta", "valueMeta": tagged(*codes)}]
            return {"resourceType": "Parameters", "parameter": parameter}

        assert (await desk.asked("POST", path, asked("HIV"))).status_code == 403
        assert (await desk.asked("POST", path, asked("R"))).status_code == 403
        assert await desk.label(made) == HIV
        more = asked("PSY")
        path = f"Observation/{made['id']}/$meta-add"
        assert (await desk.asked("POST", path, more)).status_code == 200
        assert await desk.label(made) == ("R", {Topic.HIV, Topic.PSY})


async def test_tags_that_are_no_codings_are_refused_like_before(place: Any, tmp_path: Any) -> None:
    async with hub_with_desk(place, tmp_path) as opened:
        desk = await desk_of(opened)
        made = await desk.made(desk.observation())
        odd: list[Any] = [
            "",
            [],
            {"security": ""},
            {"security": [""]},
            {"security": [{"code": {}}]},
        ]
        for meta in odd:
            tree = {**desk.observation(), "id": made["id"], "meta": meta}
            answer = await desk.asked("PUT", f"Observation/{made['id']}", tree)
            assert answer.status_code in (400, 422), (meta, answer.text)
            created = await desk.asked("POST", "Observation", {**desk.observation(), "meta": meta})
            assert created.status_code in (400, 422), (meta, created.text)
