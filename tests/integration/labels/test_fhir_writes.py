"""Labels of what clients write by FHIR: found at once, flowing to what holds it."""

import base64
from collections.abc import Sequence
from typing import Any

import pytest

from hie.access.labels import Topic
from hie.store import relabelling
from hie.store.session import Unit
from tests.integration.labels.support import is_seen, label_of, rows
from tests.integration.labels.writing import HIV, LEVEL, NORMAL, desk_of, hub_with_desk, tagged

pytestmark = pytest.mark.anyio


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
