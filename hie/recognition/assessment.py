"""What the hub offers: an outcome, and every rule's answer behind it. Never a decision.

An assessment is one record, one order, one receiver, one instant. It keeps each finding, fired or
not, of every gate that was reached: whoever reads a refusal sees every reason.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from hie.recognition.candidate import Candidate
from hie.recognition.rulebook import Effect

__all__ = ["OUTCOMES", "Assessment", "Effect", "Finding", "Outcome", "best"]


class Outcome(StrEnum):
    """What may become of an earlier result, best first; `none` is an order without one."""

    RECOGNISE = "recognise"
    REVIEW = "clinician_review"
    REFUSE = "do_not_recognise"
    NONE = "none"

    @property
    def rank(self) -> int:
        """0 is the best."""
        return _RANK[self]


_RANK = {outcome: rank for rank, outcome in enumerate(Outcome)}
# The worst effect of an assessment is its outcome.
OUTCOMES = {
    Effect.PASS: Outcome.RECOGNISE,
    Effect.REVIEW: Outcome.REVIEW,
    Effect.REFUSE: Outcome.REFUSE,
}


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One rule's answer with the facts it rests on; `data` holds JSON values.

    Never fired and unknown at once. `case` is the case the condition named (R-105: `voluntary`).
    """

    rule: str
    fired: bool
    unknown: bool
    effect: Effect
    basis: str
    data: Mapping[str, Any]
    case: str | None = None


class Assessment(msgspec.Struct, frozen=True):
    """What the hub offers for one candidate.

    `age_days` is None without a collection day and negative when that day lies ahead; `limit_days`
    is None when nobody sets a limit. `mark` is the one an answer shows. `hidden`: a rule refused it
    that forbids to show the record at all (R-001, R-003, R-005, R-010).
    """

    candidate: Candidate
    outcome: Outcome
    findings: tuple[Finding, ...]
    age_days: int | None
    limit_days: int | None
    mark: str | None
    institution_name: str | None
    hidden: bool = False


def best(outcomes: Iterable[Outcome]) -> Outcome:
    """The best of an order's candidates; `none` without any."""
    return min(outcomes, key=lambda outcome: outcome.rank, default=Outcome.NONE)
