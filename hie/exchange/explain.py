"""Why an assessment was what it was: answered again from what was kept, and compared with it.

The same engine gives the same bytes from the same facts and data in force, however the registers,
the catalogue and the rules have changed since; anything else means that what is stored was altered.
Another engine says which findings it would answer otherwise, or that none differ.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import structlog

from hie.access.actor import Actor, ActorKind
from hie.audit.event import Action, Event, EventType, Subject
from hie.errors import Fault, UnprocessableRequest
from hie.exchange.decided import sight_of
from hie.exchange.hub import Hub
from hie.exchange.rejudge import Rejudged, rejudged
from hie.exchange.still_seen import check_seen
from hie.fhir.wire import write
from hie.recognition.answer import write_answer
from hie.recognition.books import Books
from hie.recognition.engine_version import engine_version
from hie.recognition.rulebook import Effect, Rulebook
from hie.store.assessments import find_check
from hie.store.checks import Check
from hie.store.instants import written

_log = structlog.get_logger(__name__)
_KEPT = {
    "data": "the hash of the data in force",
    "engine": "the version of the engine",
}
_SAID = ("fired", "unknown", "basis", "data", "text")  # of a finding


class Reproduced(StrEnum):
    """What became of a stored assessment when it was answered again."""

    SAME_BYTES = "same-bytes"  # the whole answer, byte for byte
    SAME_FINDINGS = "same-findings"  # another engine: nothing of this assessment differs
    OTHER_FINDINGS = "other-findings"  # another engine: some findings differ
    ALTERED = "altered"  # this engine made it, and does not make it again


async def command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`rulebook-explain`: {assessment} -> the explanation (`explanation`)."""
    return await explanation(hub, actor, str(arguments["assessment"]))


async def explanation(hub: Hub, actor: Actor, assessment: str) -> dict[str, Any]:
    """An assessment of the caller's own institution with every finding, recomputed and compared.

    Raises ResourceNotFound for one that is not there (or somebody else's), UnprocessableRequest
    naming what was not kept, is damaged or cannot be read any more.
    """
    operator = actor.kind is ActorKind.OPERATOR
    async with hub.db.reading() as reader:
        check = await find_check(
            reader, assessment, None if operator else actor.institution, everywhere=operator
        )
        _, _, was = _find(check.body["answer"], assessment)
        await check_seen(reader, was["resource"], sight_of(actor, check))
        missing = [key for key in _KEPT if not isinstance(check.body.get(key), str)]
        if missing:
            faults = tuple(Fault(key, "not-kept", _KEPT[key]) for key in missing)
            raise UnprocessableRequest(
                f"check {check.id} was made by a version that did not keep what explains it", faults
            )
        books = await hub.books.recall(reader, check.body["data"])
    told = await asyncio.to_thread(explain, check, assessment, books)
    if told["reproduced"] == Reproduced.ALTERED:
        _log.warning("assessment-altered", assessment=assessment, check=check.id)
    person = (Subject(None, check.person, (told["resource"],)),) if check.person else ()
    await hub.ledger.record(
        Event(
            EventType.EXPLAIN,
            Action.READ,
            actor,
            subjects=person,
            policy=check.policy,
            detail=f"assessment {assessment}",
        )
    )
    return told


def explain(check: Check, assessment: str, books: Books) -> dict[str, Any]:
    """The explanation of one assessment of a check, by the books in force when it was made."""
    answer = check.body["answer"]
    ref, item, was = _find(answer, assessment)
    again = rejudged(check.body, books)
    now = _answered(again, answer, books)
    candidate = next(
        (
            one
            for order in now["orders"]
            if order["ref"] == ref
            for one in order["candidates"]
            if one["resource"] == was["resource"]
        ),
        None,
    )
    differing = _differences(was, candidate)
    effects = _effects(again, ref, was["resource"])
    then, here = check.body["engine"], engine_version()
    return {
        "assessment": assessment,
        "check": check.id,
        "ref": ref,
        "item": item,
        "resource": was["resource"],
        "outcome": was["outcome"],
        "receiver": check.institution,
        "at": written(check.at_us),
        "on": answer["on"],
        "policy": answer["policy"],
        "registers": books.registers.version,
        "data": check.body["data"],
        "engine": {"then": then, "now": here},
        "reproduced": _reproduced(then == here, write(now) == write(answer), differing).value,
        "now": None if candidate is None else candidate["outcome"],
        "differences": differing,
        "candidate": {key: value for key, value in was.items() if key != "findings"},
        "findings": [_finding(one, books.rulebook, effects) for one in was["findings"]],
    }


def _reproduced(same_engine: bool, same_bytes: bool, differing: list[Any]) -> Reproduced:
    if same_bytes:
        return Reproduced.SAME_BYTES
    if same_engine:
        return Reproduced.ALTERED
    return Reproduced.OTHER_FINDINGS if differing else Reproduced.SAME_FINDINGS


def _find(answer: Mapping[str, Any], assessment: str) -> tuple[str, str, dict[str, Any]]:
    return next(
        (order["ref"], order["item"], one)
        for order in answer["orders"]
        for one in order["candidates"]
        if one["assessment"] == assessment
    )


def _answered(again: Rejudged, answer: Mapping[str, Any], books: Books) -> dict[str, Any]:
    """The answer written anew, with the ids of the stored one."""
    ids: Iterator[str] = (
        one["assessment"] for order in answer["orders"] for one in order["candidates"]
    )
    return write_answer(
        again.request,
        again.identity,
        again.judged,
        again.question,
        check=answer["check"],
        new_id=lambda: next(ids, ""),
        reasons=books.reasons,
        texts=books.texts,
    )


def _differences(was: Mapping[str, Any], now: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Findings and facts of one candidate that differ, each with which of its members do."""
    if now is None:
        return [{"rule": None, "members": ["resource"], "was": was["outcome"], "now": None}]
    found = []
    before = {one["rule"]: one for one in was["findings"]}
    after = {one["rule"]: one for one in now["findings"]}
    for rule in sorted({*before, *after}):
        one, other = before.get(rule), after.get(rule)
        members = [key for key in _SAID if (one or {}).get(key) != (other or {}).get(key)]
        if members:
            found.append({"rule": rule, "members": members, "was": one, "now": other})
    found += [
        {"rule": None, "members": [key], "was": was.get(key), "now": now.get(key)}
        for key in dict.fromkeys((*was, *now))
        if key not in ("assessment", "findings") and was.get(key) != now.get(key)
    ]
    return found


@dataclass(frozen=True, slots=True)
class _Followed:
    """What followed from a rule that answered so."""

    fired: bool
    unknown: bool
    effect: Effect


def _effects(again: Rejudged, ref: str, resource: str) -> dict[str, _Followed]:
    """What followed from each rule, as judged again: an answer does not say it."""
    return {
        finding.rule: _Followed(finding.fired, finding.unknown, finding.effect)
        for order, judged in zip(again.request.orders, again.judged, strict=True)
        if order.ref == ref
        for one in judged.assessments
        if one.candidate.resource == resource
        for finding in one.findings
    }


def _finding(
    stored: Mapping[str, Any], rulebook: Rulebook, effects: Mapping[str, _Followed]
) -> dict[str, Any]:
    """A stored finding with what the rulebook of then says of its rule."""
    rule = rulebook.rules.get(stored["rule"])
    fired, unknown = stored["fired"], stored["unknown"]
    again = effects.get(stored["rule"])
    effect = None
    if again is not None and (again.fired, again.unknown) == (fired, unknown):
        effect = again.effect.value
    codes = (rule.basis, *rule.basis_also) if rule else (stored["basis"],)
    texts = [rulebook.basis[code] for code in codes if code in rulebook.basis]
    return {
        "rule": stored["rule"],
        "gate": rule.gate if rule else None,
        "title": {"zh": rule.title.zh, "en": rule.title.en} if rule else None,
        "state": "fired" if fired else "unknown" if unknown else "not-fired",
        "effect": effect,
        "data": stored["data"],
        "text": stored["text"],
        "basis": [
            {"code": b.code, "title": {"zh": b.title.zh, "en": b.title.en}, "address": b.address}
            for b in texts
        ],
    }
