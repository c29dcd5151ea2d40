"""A security officer raises and lowers labels, everybody else does not, and each act is recorded."""

import json
from typing import Any

import pytest

from hie.errors import InvalidRequest, NotPermitted, ResourceNotFound, UnprocessableRequest
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from tests.integration.labels.support import (
    INSTITUTION,
    everything,
    is_seen,
    label_of,
    laboratory,
    message,
    result,
    rows,
    sent,
)
from tests.relabelled import relabel

pytestmark = pytest.mark.anyio
K = "K^钾^99LAB^2823-3^Potassium^LN"
HIV = "HIVAB^HIV抗体^99LAB^75622-1^HIV 1 and 2 tests^LN"
WHY = {"officer": "so1", "reason": "reviewed with the source"}


async def person(hub: Hub, login: str, role: str) -> None:
    asked = {
        "login": login, "name": "示例", "role": role, "institution": INSTITUTION,
        "password": "a long pass phrase",
    }  # fmt: skip
    await run(hub, "user-add", asked)


async def reference(hub: Hub, kind: str = "Observation") -> str:
    return f"{kind}/{(await rows(hub, kind))[0].id}"


async def is_shown(hub: Hub, reference: str) -> bool:
    kind, _, key = reference.partition("/")
    return await is_seen(hub, kind, key)


async def acts(hub: Hub) -> list[tuple[str, str]]:
    async with hub.db.reading() as reader:
        found = await reader.fetch(
            "SELECT outcome, action FROM audit_access WHERE type = 'label-change' ORDER BY n"
        )
    return [(row[0], row[1]) for row in found]


async def test_an_officer_lowers_what_no_source_can(place: Any) -> None:
    async with laboratory(place) as hub:
        await person(hub, "so1", "security-officer")
        await sent(hub, message(result(K, note="HIV抗体检测另送")))
        one = await reference(hub)
        told = await run(hub, "label-lower", {"resource": one, "to": "N", **WHY})
        assert (told["confidentiality"], told["topics"]) == ("N", ["HIV", "ASSIGNED"])
        assert await is_shown(hub, one)
        assert await acts(hub) == [("0", "U")]
        again = message(result(K, note="HIV抗体检测另送"), number="M2")
        await sent(hub, again)
        assert await is_shown(hub, one)
        assert (await everything(hub))["DiagnosticReport"] == {"R"}


async def test_what_was_lowered_rises_when_the_source_says_something_else(place: Any) -> None:
    async with laboratory(place) as hub:
        await person(hub, "so1", "security-officer")
        await sent(hub, message(result(K, note="HIV抗体检测另送")))
        one = await reference(hub)
        await run(hub, "label-lower", {"resource": one, "to": "N", **WHY})
        corrected = result(K, "4.20", note="HIV抗体阳性").replace("|F\r", "|C\r")
        await sent(hub, message(corrected, number="M2"))
        assert not await is_shown(hub, one)


async def test_an_officer_raises_a_result_and_what_stands_for_it(place: Any) -> None:
    async with laboratory(place) as hub:
        await person(hub, "so1", "security-officer")
        await sent(hub, message(result(K)))
        one = await reference(hub)
        told = await run(hub, "label-raise", {"resource": one, "to": "R", "topics": ["SDV"], **WHY})
        assert told["topics"] == ["SDV"]
        found = await everything(hub)
        assert found["Observation"] == {"R"}
        assert found["DiagnosticReport"] == {"R"}
        assert found["Specimen"] == {"R"}
        assert found["Patient"] == {"N"}
        shown = await run(hub, "label-show", {"resource": one})
        assert shown["confidentiality"] == "R"


async def test_a_protected_person_is_protected_at_every_institution_and_later(place: Any) -> None:
    async with laboratory(place) as hub:
        await person(hub, "so1", "security-officer")
        await sent(hub, message(result(K)))
        patient = await reference(hub, "Patient")
        await run(hub, "label-raise", {"resource": patient, "topics": ["VIP"], **WHY})
        assert set().union(*(await everything(hub)).values()) == {"V"}
        await sent(hub, message(result(K), report="F-2", number="M2"))
        found = await everything(hub)
        assert set().union(*found.values()) == {"V"}
        await sent(hub, message(result(K), report="F-3", number="M3", person="P2"))
        assert (await everything(hub))["Patient"] == {"N", "V"}
        await run(hub, "label-lower", {"resource": patient, "to": "N", **WHY})
        assert set().union(*(await everything(hub)).values()) == {"N"}


REFUSED: list[tuple[dict[str, str], type[Exception]]] = [
    ({"officer": "nobody"}, NotPermitted),
    ({"officer": "clerk"}, NotPermitted),
    ({"officer": "so2"}, NotPermitted),
    ({"reason": "short"}, InvalidRequest),
    ({"to": "R"}, UnprocessableRequest),
    ({"to": "X"}, InvalidRequest),
    ({"resource": "Observation/nothing"}, ResourceNotFound),
    ({"resource": "Organization/x"}, ResourceNotFound),
]


async def test_nobody_else_lowers_a_label(place: Any) -> None:
    async with laboratory(place) as hub:
        for login, role in (("so1", "security-officer"), ("so2", "security-officer"),
                            ("clerk", "administrator")):  # fmt: skip
            await person(hub, login, role)
        await run(hub, "user-suspend", {"login": "so2"})
        await sent(hub, message(result(HIV, "阴性", "")))
        asked = {"resource": await reference(hub), "to": "N", **WHY}
        for changed, error in REFUSED:
            with pytest.raises(error):
                await run(hub, "label-lower", {**asked, **changed})
            assert (await everything(hub))["Observation"] == {"R"}, changed
            assert await acts(hub) == [], changed
        assert (await run(hub, "label-lower", asked))["confidentiality"] == "N"


async def test_a_look_at_a_label_is_recorded(place: Any) -> None:
    async with laboratory(place) as hub:
        await sent(hub, message(result(HIV, "阴性", "")))
        one = await reference(hub)
        for nothing in ("Observation/nothing", "Organization/x"):
            with pytest.raises(ResourceNotFound):
                await run(hub, "label-show", {"resource": nothing})
        assert await acts(hub) == []
        assert (await run(hub, "label-show", {"resource": one}))["topics"] == ["HIV"]
        assert await acts(hub) == [("0", "R")]
        async with hub.db.reading() as reader:
            looked = await reader.fetch(
                "SELECT s.home, s.resources FROM audit_subject AS s"
                " JOIN audit_access AS a ON a.id = s.access WHERE a.type = 'label-change'"
            )
        home = (await rows(hub, "Observation"))[0].home
        assert [tuple(row) for row in looked] == [(home, f"{one}/_history/1")]


async def test_labels_are_listed_without_personal_data(place: Any) -> None:
    async with laboratory(place) as hub:
        await sent(hub, message(result(K), result(HIV, "阴性", "")))
        counted = (await run(hub, "label-list", {}))["labels"]
        assert {"type": "Patient", "confidentiality": "N", "topics": [], "labelled": True,
                "count": 1} in counted  # fmt: skip
        told = await run(hub, "label-list", {"type": "Observation", "topic": "HIV"})
        (one,) = told["labels"]
        assert one["topics"] == ["HIV"]
        assert "示例" not in json.dumps(told)
        level = {"type": "Observation", "confidentiality": "N"}
        assert len((await run(hub, "label-list", level))["labels"]) == 1
        with pytest.raises(InvalidRequest):
            await run(hub, "label-list", {"type": "Organization"})


async def test_what_earlier_versions_stored_is_labelled_once(place: Any) -> None:
    async with laboratory(place) as hub:
        await sent(hub, message(result(K), result(HIV, "阴性", "")))
        await sent(hub, message(result(K), report="F-2", number="M2", person="P2"))
        before = {kind: [label_of(one) for one in await rows(hub, kind)] for kind in KINDS}
        async with hub.db.unit() as unit:
            for kind in (*KINDS, "Provenance"):
                await relabel(unit, kind, None)
        assert not await is_seen(hub, *(await unlabelled(hub)))
        at: Any = None
        asked = 0
        while asked == 0 or at is not None:
            answer = await run(hub, "label-backfill", {"at": at} if at else {})
            at, asked = answer["at"], asked + 1
        assert answer["labelled"] > 10
        after = {kind: [label_of(one) for one in await rows(hub, kind)] for kind in KINDS}
        assert after == before
        assert (await run(hub, "label-backfill", {}))["total"] == 0
        assert {one.version for one in await rows(hub, "Observation")} == {1}
        assert (await run(hub, "label-backfill", {"all": True}))["labelled"] == 0


KINDS = ("Patient", "Observation", "DiagnosticReport", "Specimen", "ServiceRequest")


async def unlabelled(hub: Hub) -> tuple[str, str]:
    async with hub.db.reading() as reader:
        key = await reader.fetchval("SELECT id FROM observation ORDER BY id LIMIT 1")
    return "Observation", key


async def test_no_place_in_a_run_that_was_never_told_is_taken(place: Any) -> None:
    async with laboratory(place) as hub:
        for at in ({}, {"kinds": 3}, "x", {"after": [1], "kinds": []}):
            with pytest.raises(InvalidRequest):
                await run(hub, "label-backfill", {"at": at})
