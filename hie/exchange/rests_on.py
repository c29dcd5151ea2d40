"""What a decision to use a result rests on, and what of it says something else since it was judged.

The versions are locked until the decision is recorded, so that a correction that comes at the same
moment either is seen here or finds the decision: never neither.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hie.access.actor import Actor
from hie.access.policy import Restriction
from hie.exchange.reopen import Cause, Reason, Revision, reason_of
from hie.fhir.elements import referenced
from hie.recognition.changes import Role
from hie.recognition.request import find_known_at
from hie.store import imaging_results, resources
from hie.store.checks import Check
from hie.store.decision_uses import Use
from hie.store.resources import Ref
from hie.store.results import reports_of
from hie.store.served import Stored
from hie.store.session import Unit
from hie.store.versions import history, read, read_many

_EVERY = Restriction()  # a decision is checked against what is there, whoever made it


@dataclass(frozen=True, slots=True)
class Rests:
    """What one assessment rests on: uses without a decision yet, and why to look again at once."""

    uses: tuple[Use, ...]
    reasons: tuple[Reason, ...]

    def of(self, decision: str) -> list[Use]:
        """The uses as those of a recorded decision."""
        return [
            Use(one.id, decision, one.type, one.version, one.home, one.role) for one in self.uses
        ]


async def rests_on(
    unit: Unit, check: Check, candidates: Iterable[Mapping[str, Any]], actor: Actor
) -> dict[str, Rests]:
    """By assessment, what each of these candidates of a check's answer rests on, locked."""
    named: dict[str, dict[Ref, tuple[Role, int | None]]] = {}
    for one in candidates:
        kind, key, _, version = one["resource"].split("/")
        parts: dict[Ref, tuple[Role, int | None]] = {(kind, key): (Role.RESULT, int(version))}
        parts |= {ref: (role, None) for ref, role in (await _reports(unit, kind, key)).items()}
        named[one["assessment"]] = parts
    locked = await resources.current(unit, {ref for parts in named.values() for ref in parts})
    known_us = find_known_at(check.body["request"]) or check.at_us
    found = {}
    for assessment, parts in named.items():
        uses, reasons = [], []
        for ref, (role, version) in parts.items():
            stands = locked.get(ref)
            if stands is None and version is None:
                continue
            if stands is None:  # deleted by whoever wrote it: taken back
                judged = await read(unit, *ref, _EVERY, version)
                uses.append(Use(judged.id, "", judged.type, judged.version, judged.home, role))
                reasons.append(_deleted(actor, judged))
                continue
            judged = await _judged(unit, stands, version, known_us)
            uses.append(Use(stands.id, "", stands.type, judged.version, stands.home, role))
            if judged.version != stands.version:
                reason = reason_of(_between(actor, judged, stands), role)
                reasons += [reason] if reason is not None else []
        found[assessment] = Rests(tuple(uses), tuple(reasons))
    return found


def _between(actor: Actor, old: Stored, new: Stored) -> Revision:
    return Revision(
        actor, new.type, new.id, old.resource(), old.version, new.resource(), new.version
    )


def _deleted(actor: Actor, judged: Stored) -> Reason:
    """A result that is no longer there counts like one that says it was entered in error."""
    old = judged.resource()
    gone = {**old, "status": "entered-in-error"}
    following = judged.version + 1
    change = Revision(actor, judged.type, judged.id, old, judged.version, gone, following)
    return reason_of(change, Role.RESULT) or Reason(Cause.WITHDRAWN, actor)


async def _judged(unit: Unit, stands: Stored, version: int | None, known_us: int) -> Stored:
    """The version that was judged: the one named, else the one that was current then."""
    if version is not None:
        if version == stands.version:
            return stands
        return await read(unit, stands.type, stands.id, _EVERY, version)
    if stands.updated_us <= known_us:
        return stands
    every = await history(unit, stands.type, stands.id, _EVERY, limit=1000)
    return next((one for one in every if one.updated_us <= known_us), every[-1])


async def _reports(unit: Unit, kind: str, key: str) -> dict[Ref, Role]:
    """The report of a laboratory result, or the reports that tell of a study."""
    if kind == "Observation":
        report = (await reports_of(unit, [key], _EVERY)).get(key)
        return {("DiagnosticReport", report): Role.REPORT} if report else {}
    if kind != "ImagingStudy":
        return {}
    study = (await read_many(unit, kind, [key], _EVERY)).get(key)
    if study is None:
        return {}
    told = await imaging_results.reports(unit, [study.home], (), _EVERY)
    return {
        ("DiagnosticReport", one.id): Role.RESULT
        for one in told
        if any(referenced(named) == (kind, key) for named in one.resource().get("imagingStudy", ()))
    }
