"""Decisions as callers send them: each wrong field is named, and only a real change is a change."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hie.access.actor import Actor, ActorKind, Purpose
from hie.errors import ResourceNotFound, UnprocessableRequest
from hie.exchange.commands import run
from hie.exchange.decide import decide, get_decision
from hie.exchange.hub import Hub
from hie.recognition.reasons import load_reasons
from hie.store.decisions import AlreadyDecided
from hie.synthetic import example
from tests.integration.test_road import TODAY, _packed, connected

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Asked:
    """An answered check of the receiver, and the assessment it offers for order 1."""

    hub: Hub
    check: str
    assessment: str
    receiver: str

    def body(self, *decisions: dict[str, Any], key: str = "k1", **more: Any) -> bytes:
        top = {"check": self.check, "key": key, "practitioner": "D0117", "decisions": decisions}
        return json.dumps({**top, **more}).encode()

    def use(self, **more: Any) -> dict[str, Any]:
        return {"ref": "1", "assessment": self.assessment, "decision": "use", **more}

    def actor(self, institution: str) -> Actor:
        kind, treatment = ActorKind.CLIENT, Purpose.TREATMENT
        return Actor(kind, "his", "his", institution, treatment, frozenset({"hie/decide"}))

    async def decide(self, *decisions: dict[str, Any], key: str = "k1") -> list[dict[str, Any]]:
        answer = await decide(self.hub, self.actor(self.receiver), self.body(*decisions, key=key))
        made: list[dict[str, Any]] = answer["decisions"]
        return made

    async def faults(self, data: bytes) -> set[tuple[str, str]]:
        with pytest.raises(UnprocessableRequest) as refused:
            await decide(self.hub, self.actor(self.receiver), data)
        return {(fault.path, fault.code) for fault in refused.value.faults}


@asynccontextmanager
async def _asked(place: Any, tmp_path: Path) -> AsyncIterator[Asked]:
    async with connected(place, tmp_path) as (hub, _):
        case = example(today=TODAY)
        await run(hub, "receive", {"site": case.site, "files": [_packed(case.message)]})
        answer = await run(hub, "order-check", {"request": case.order_check.decode()})
        offered = answer["orders"][0]["candidates"][0]["assessment"]
        receiver = json.loads(case.order_check)["receiver"]["institution"]
        yield Asked(hub, answer["check"], offered, receiver)


REPEAT = {
    "ref": "1",
    "decision": "repeat",
    "reason": "N2_RAPIDLY_CHANGING",
    "explained_to_patient": True,
}


async def test_a_repeat_is_the_same_however_its_json_is_written(place: Any, tmp_path: Path) -> None:
    async with _asked(place, tmp_path) as asked:
        first = (await asked.decide(asked.use()))[0]
        assert first["state"] == "recorded"
        spelled = dict(reversed(asked.use(reason=None, text=None, replaces=None).items()))
        for key in ("k1", "k2"):
            again = (await asked.decide(spelled, key=key))[0]
            assert (again["state"], again["decision"]) == ("unchanged", first["decision"])


async def test_a_different_decision_needs_to_name_the_one_it_replaces(
    place: Any, tmp_path: Path
) -> None:
    async with _asked(place, tmp_path) as asked:
        first = (await asked.decide(asked.use()))[0]
        for key in ("k1", "k2"):
            with pytest.raises(AlreadyDecided) as refused:
                await asked.decide(REPEAT, key=key)
            assert refused.value.standing.id == first["decision"]
        second = (await asked.decide({**REPEAT, "replaces": first["decision"]}, key="k2"))[0]
        assert second["state"] == "replaced"
        assert second["notice"].endswith(f"/v1/decisions/{second['decision']}/notice")


async def test_each_wrong_field_of_a_decision_is_named(place: Any, tmp_path: Path) -> None:
    async with _asked(place, tmp_path) as asked:
        place_ = "decisions[0]"
        cases: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
            ({**REPEAT, "ref": "9"}, {("ref", "unknown-ref")}),
            ({**REPEAT, "ref": ["1"]}, {("ref", "unknown-ref")}),
            ({**REPEAT, "reason": "N99"}, {("reason", "unknown-reason")}),
            ({**REPEAT, "reason": None}, {("reason", "unknown-reason")}),
            ({**REPEAT, "explained_to_patient": None}, {("explained_to_patient", "required")}),
            (asked.use(assessment="x"), {("assessment", "unknown-assessment")}),
            (asked.use(assessment=None), {("assessment", "required")}),
            (asked.use(reason="N2_RAPIDLY_CHANGING"), {("reason", "not-allowed")}),
            (asked.use(decision="maybe"), {("decision", "invalid-value")}),
            (asked.use(note="x"), {("note", "unknown-key")}),
            (
                asked.use(assessment=[1], text=2, replaces={}),
                {(key, "wrong-type") for key in ("assessment", "text", "replaces")},
            ),
        ]
        for sent, expected in cases:
            found = await asked.faults(asked.body(sent))
            assert found == {(f"{place_}.{path}", code) for path, code in expected}, sent
        assert ("decisions[1].ref", "repeated") in await asked.faults(asked.body(REPEAT, REPEAT))
        assert await asked.faults(asked.body()) == {("decisions", "wrong-type")}
        assert await asked.faults(asked.body(REPEAT, key="")) == {("key", "required")}
        async with asked.hub.db.reading() as reader:
            assert await reader.fetchval("SELECT count(*) FROM decision") == 0


@pytest.mark.parametrize("text", [None, "", "   ", "\u200b\u200b", "——。", "..."])
async def test_other_reasons_need_words(place: Any, tmp_path: Path, text: str | None) -> None:
    async with _asked(place, tmp_path) as asked:
        worded = [key for key, one in load_reasons().by_key.items() if one.needs_text]
        assert {key[:2] for key in worded} == {"N6", "L4"}
        for reason in worded:
            sent = {**REPEAT, "reason": reason, "text": text}
            assert await asked.faults(asked.body(sent)) == {("decisions[0].text", "required")}


async def test_another_institution_finds_neither_check_nor_decision(
    place: Any, tmp_path: Path
) -> None:
    async with _asked(place, tmp_path) as asked:
        made = (await asked.decide(asked.use()))[0]["decision"]
        shown = await get_decision(asked.hub, asked.actor(asked.receiver), made)
        assert (shown["decision"], shown["decided"]) == (made, "use")
        for institution in ("12110102999900011H", ""):
            stranger = asked.actor(institution)
            with pytest.raises(ResourceNotFound):
                await get_decision(asked.hub, stranger, made)
            with pytest.raises(ResourceNotFound):
                await decide(asked.hub, stranger, asked.body(REPEAT, key="k3"))
