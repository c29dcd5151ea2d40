"""The sentence everybody with less than full clearance is told, whatever is there or is not.

People, who alone can break the glass, find it in every searchset; systems in a header of every
answer (`hie.oauth.withheld`), and at order-check.
"""

from typing import Any

from hie.access.actor import Actor, ActorKind
from hie.fhir.bundle import Entry
from hie.fhir.outcome import issue, outcome
from hie.fhir.wire import write
from hie.oauth.withheld import is_told

NOTICE = {
    "zh": "按规定，部分结果可能不予显示；紧急情况下可申请紧急查看。",
    "en": "Results may be withheld by policy; emergency access is available.",
}
_TOLD = write(outcome([issue("information", "suppressed", NOTICE["en"])]))


def notices(base: str, actor: Actor) -> list[Entry]:
    """The entry of a searchset, for people."""
    if actor.kind is not ActorKind.USER:
        return []
    return [Entry(f"{base}/OperationOutcome/withheld", _TOLD, "outcome")]


def noticed(actor: Actor, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer of an order-check with the sentence, for those who are told."""
    return {**answer, "notice": NOTICE} if is_told(actor) else answer
