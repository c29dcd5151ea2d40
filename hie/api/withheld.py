"""The sentence everybody with less than full clearance is told, whatever is there or is not.

It depends on who asks alone, never on what is hidden: else it would itself tell (FHIR R4
security-labels.html, break the glass). People, who alone can break the glass, find it
in every searchset; systems in a header of every answer, and at order-check.
"""

from typing import Any

from starlette.responses import Response

from hie.access.actor import Actor, ActorKind
from hie.access.restriction import VERY_RESTRICTED
from hie.fhir.bundle import Entry
from hie.fhir.outcome import issue, outcome
from hie.fhir.wire import write

NOTICE = {
    "zh": "按规定，部分结果可能不予显示；紧急情况下可申请紧急查看。",
    "en": "Results may be withheld by policy; emergency access is available.",
}
HEADER = "Hie-Notice"
_HEADER = (HEADER.lower().encode(), b"results-may-be-withheld")
_TOLD = write(outcome([issue("information", "suppressed", NOTICE["en"])]))


def is_told(actor: Actor) -> bool:
    """Whether this caller may see less than all there is: every person, and most systems."""
    if actor.kind is ActorKind.CLIENT:
        return actor.agreement.clearance < VERY_RESTRICTED
    return actor.kind is ActorKind.USER


def notices(base: str, actor: Actor) -> list[Entry]:
    """The entry of a searchset, for people."""
    if actor.kind is not ActorKind.USER:
        return []
    return [Entry(f"{base}/OperationOutcome/withheld", _TOLD, "outcome")]


def with_header(actor: object, answer: Response) -> Response:
    """The answer with the header, for those who are told."""
    if isinstance(actor, Actor) and is_told(actor):
        answer.raw_headers.append(_HEADER)
    return answer


def noticed(actor: Actor, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer of an order-check with the sentence, for those who are told."""
    return {**answer, "notice": NOTICE} if is_told(actor) else answer
