"""What a rule can answer: fired, unknown or neither, and what follows of it (section 2)."""

from dataclasses import dataclass, field

from tests.conformance.second_opinion.record import Record

PASS, REV, DNR = "pass", "clinician_review", "do_not_recognise"


@dataclass(frozen=True)
class Answer:
    """One rule's answer; `effect` is None where it has none at all."""

    fired: bool = False
    unknown: bool = False
    effect: str | None = None


NO = Answer()


def fired(effect: str) -> Answer:
    return Answer(fired=True, effect=effect)


def unknown(effect: str) -> Answer:
    return Answer(unknown=True, effect=effect)


@dataclass(frozen=True)
class Standing:
    """Where a record stands among the candidates of its order."""

    is_history: bool = False
    older: tuple[Record, ...] = field(default=())
