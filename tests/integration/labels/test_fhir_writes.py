"""Labels of what clients write by FHIR: found at once, flowing, never lowered by them."""

import base64
from collections.abc import Sequence
from typing import Any

import pytest

from hie.access.labels import Topic
from hie.fhir.wire import write
from hie.store import relabelling
from hie.store.session import Unit
from tests.integration.fhir.support import hub_of_writer
from tests.integration.labels.support import Found, is_seen, label_of, rows

pytestmark = pytest.mark.anyio
LOINC = "http://loinc.org"
LEVEL = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
HIV: Found = ("R", {Topic.HIV})
NORMAL: Found = ("N", set())


class Desk:
    """One hospital's client, and a patient of its."""

    def __init__(self, opened: Any, patient: str = "") -> None:
        self.hub, self.client = opened
        self.headers = {"Content-Type": "application/fhir+json"}
        self.patient = patient

    async def asked(self, method: str, path: str, tree: Any = None, **headers: str) -> Any:
        """The answer of the FHIR door."""
        content = None if tree is None else write(tree)
        headers = {**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}}
        return await self.client.request(method, f"/fhir/{path}", content=content, headers=headers)

    async def made(self, tree: dict[str, Any]) -> dict[str, Any]:
        """A resource that was created, as it was answered."""
        answer = await self.asked("POST", tree["resourceType"], tree)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def label(self, tree: dict[str, Any]) -> Found:
        """The label of a resource as it stands."""
        found = await rows(self.hub, tree["resourceType"])
        return label_of(next(one for one in found if one.id == tree["id"]))

    async def refusals(self) -> list[str]:
        """The reasons of the refusals in the log that are about labels."""
        async with self.hub.db.reading() as reader:
            found = await reader.fetch(
                "SELECT outcome FROM audit_access WHERE type = 'refused' AND reason = 'label'"
            )
        return [row[0] for row in found]

    def observation(self, code: str = "2823-3", **more: Any) -> dict[str, Any]:
        """A result of the patient."""
        return {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": LOINC, "code": code}]},
            "subject": {"reference": f"Patient/{self.patient}"},
            **more,
        }

    def report(self, *results: dict[str, Any], name: str = "生化", **more: Any) -> dict[str, Any]:
        """A report over these results."""
        return {
            "resourceType": "DiagnosticReport",
            "status": "final",
            "code": {"text": name},
            "subject": {"reference": f"Patient/{self.patient}"},
            **(
                {"result": [{"reference": f"Observation/{one['id']}"} for one in results]}
                if results
                else {}
            ),
            **more,
        }


def tagged(*codes: str) -> dict[str, Any]:
    return {"security": [{"system": LEVEL if len(c) == 1 else ACT, "code": c} for c in codes]}


def hub_with_desk(place: Any, tmp_path: Any, *more: str) -> Any:
    return hub_of_writer(place, tmp_path, *more)


async def desk_of(opened: Any) -> Desk:
    desk = Desk(opened)
    desk.patient = (await desk.made({"resourceType": "Patient", "name": [{"text": "示例"}]}))["id"]
    return desk


async def test_what_is_written_is_answered_with_its_label(place: Any, tmp_path: Any) -> None:
    async with hub_with_desk(place, tmp_path) as opened:
        desk = await desk_of(opened)
        plain = await desk.made(desk.observation())
        assert plain["meta"]["security"] == [{"system": LEVEL, "code": "N", "display": "normal"}]
        hiv = await desk.made(desk.observation("75622-1"))
        assert [one["code"] for one in hiv["meta"]["security"]] == ["R", "HIV"]
        assert await desk.label(hiv) == HIV
        assert not await is_seen(desk.hub, "Observation", hiv["id"])
        assert await is_seen(desk.hub, "Observation", plain["id"])


async def test_a_code_no_table_knows_is_restricted(place: Any, tmp_path: Any) -> None:
    async with hub_with_desk(place, tmp_path) as opened:
        desk = await desk_of(opened)
        made = await desk.made(desk.observation("99999-9"))
        assert await desk.label(made) == ("R", {Topic.UNMAPPED})


async def test_what_a_source_states_counts(place: Any, tmp_path: Any) -> None:
    async with hub_with_desk(place, tmp_path) as opened:
        desk = await desk_of(opened)
        made = await desk.made(desk.observation(meta=tagged("V", "PSY")))
        assert await desk.label(made) == ("V", {Topic.PSY, Topic.ASSIGNED})
        made = await desk.made(desk.observation("75622-1", meta=tagged("N")))
        assert await desk.label(made) == HIV


async def test_a_report_is_as_high_as_its_highest_result(place: Any, tmp_path: Any) -> None:
    async with hub_with_desk(place, tmp_path) as opened:
        desk = await desk_of(opened)
        order = await desk.made(
            {
                "resourceType": "ServiceRequest", "status": "active", "intent": "order",
                "subject": {"reference": f"Patient/{desk.patient}"}, "code": {"text": "检验"},
            }
        )  # fmt: skip
        specimen = await desk.made(
            {"resourceType": "Specimen", "subject": {"reference": f"Patient/{desk.patient}"}}
        )
        lying: dict[str, Any] = {
            "basedOn": [{"reference": f"ServiceRequest/{order['id']}"}],
            "specimen": {"reference": f"Specimen/{specimen['id']}"},
        }
        plain = await desk.made(desk.observation(**lying))
        assert await desk.label(order) == NORMAL
        hiv = await desk.made(desk.observation("75622-1", **lying))
        assert await desk.label(order) == HIV
        assert await desk.label(specimen) == HIV
        report = await desk.made(desk.report(plain, hiv))
        assert await desk.label(report) == HIV
        assert await desk.label(plain) == NORMAL


async def test_a_result_that_says_more_raises_the_reports_over_it(
    place: Any, tmp_path: Any
) -> None:
    async with hub_with_desk(place, tmp_path) as opened:
        desk = await desk_of(opened)
        plain = await desk.made(desk.observation())
        report = await desk.made(desk.report(plain))
        assert await desk.label(report) == NORMAL
        changed = {**plain, "note": [{"text": "HIV抗体确证阳性"}]}
        answer = await desk.asked("PUT", f"Observation/{plain['id']}", changed)
        assert answer.status_code == 200
        assert await desk.label(plain) == HIV
        assert await desk.label(report) == HIV
        assert not await is_seen(desk.hub, "Observation", plain["id"], 1)


async def test_what_holds_a_result_is_looked_for_only_when_its_label_rises(
    place: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    of_home = relabelling.of_home

    async def seen(unit: Unit, home: str, kinds: Sequence[str]) -> list[relabelling.Labelled]:
        looked.append(home)
        return await of_home(unit, home, kinds)

    monkeypatch.setattr(relabelling, "of_home", seen)
    async with hub_with_desk(place, tmp_path) as opened:
        desk = await desk_of(opened)
        for code, before in (("2823-3", NORMAL), ("75622-1", HIV)):
            one = await desk.made(desk.observation(code))
            report = await desk.made(desk.report(one))
            said = desk.observation(code, id=one["id"])
            again = {**said, "note": [{"text": "同前"}]}
            assert (await desk.asked("PUT", f"Observation/{one['id']}", again)).status_code == 200
            assert await desk.label(report) == before
            assert looked == []
        higher = {**said, "note": [{"text": "x"}], "meta": tagged("V", "PSY")}
        assert (await desk.asked("PUT", f"Observation/{one['id']}", higher)).status_code == 200
        assert (await desk.label(report))[0] == "V"
        assert set(looked) == {desk.patient}


async def test_a_panel_is_told_to_its_results(place: Any, tmp_path: Any) -> None:
    async with hub_with_desk(place, tmp_path) as opened:
        desk = await desk_of(opened)
        plain = await desk.made(desk.observation())
        await desk.made(desk.report(plain, name="性病五项"))
        assert await desk.label(plain) == ("R", {Topic.STD})


async def test_one_transaction_is_labelled_as_a_whole(place: Any, tmp_path: Any) -> None:
    async with hub_with_desk(place, tmp_path) as opened:
        desk = await desk_of(opened)
        hiv = desk.observation("75622-1")
        report = {
            **desk.report(),
            "result": [{"reference": "urn:uuid:" + "1" * 8 + "-1111-4111-8111-" + "1" * 12}],
        }
        entry = [
            {"resource": report, "request": {"method": "POST", "url": "DiagnosticReport"}},
            {
                "fullUrl": report["result"][0]["reference"],
                "resource": hiv,
                "request": {"method": "POST", "url": "Observation"},
            },
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entry}
        answer = await desk.asked("POST", "", bundle)
        assert answer.status_code == 200, answer.text
        (found,) = await rows(desk.hub, "DiagnosticReport")
        assert label_of(found) == HIV


async def test_a_file_takes_the_label_of_what_it_belongs_to(place: Any, tmp_path: Any) -> None:
    async with hub_with_desk(place, tmp_path) as opened:
        desk = await desk_of(opened)
        data = base64.b64encode("一切正常".encode()).decode()
        binary = await desk.made(
            {"resourceType": "Binary", "contentType": "text/plain; charset=utf-8", "data": data}
        )
        assert await desk.label(binary) == NORMAL
        form = [{"contentType": "text/plain", "url": f"Binary/{binary['id']}"}]
        await desk.made(desk.report(conclusion="符合梅毒", presentedForm=form))
        assert await desk.label(binary) == ("R", {Topic.STD})


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


async def test_who_ordered_it_and_as_what_counts_for_the_result(place: Any, tmp_path: Any) -> None:
    async with hub_with_desk(place, tmp_path) as opened:
        desk = await desk_of(opened)
        role = await desk.made(
            {"resourceType": "PractitionerRole", "specialty": [{"text": "精神科"}]}
        )
        order = {
            "resourceType": "ServiceRequest", "status": "active", "intent": "order",
            "subject": {"reference": f"Patient/{desk.patient}"}, "code": {"text": "检验"},
        }  # fmt: skip
        of_psychiatry = await desk.made(
            {**order, "requester": {"reference": f"PractitionerRole/{role['id']}"}}
        )
        panel = await desk.made({**order, "code": {"text": "性病五项"}})
        for asked, topic in ((of_psychiatry, Topic.PSY), (panel, Topic.STD)):
            based = [{"reference": f"ServiceRequest/{asked['id']}"}]
            made = await desk.made(desk.observation(basedOn=based))
            assert await desk.label(made) == ("R", {topic})


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
