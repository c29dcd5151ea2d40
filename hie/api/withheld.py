"""The sentence everybody with less than full clearance is told, whatever is there or is not.

It never depends on what is hidden: else it would itself tell (FHIR R4 security-labels.html, break
the glass; SECURITY 1.7).
"""

from typing import Any

from hie.access.actor import Actor
from hie.access.restriction import VERY_RESTRICTED, Restriction
from hie.exchange.assess import sight_of
from hie.fhir.bundle import Entry
from hie.fhir.outcome import issue, outcome
from hie.fhir.wire import write

NOTICE = {
    "zh": "按规定，部分结果可能不予显示；紧急情况下可申请紧急查看。",
    "en": "Results may be withheld by policy; emergency access is available.",
}
_TOLD = write(outcome([issue("information", "suppressed", NOTICE["en"])]))


def is_told(sight: Restriction) -> bool:
    """Whether somebody who sees so much is told."""
    return sight.clearance < VERY_RESTRICTED


def notices(base: str, sight: Restriction) -> list[Entry]:
    """The entry of a searchset, for those who are told."""
    if not is_told(sight):
        return []
    return [Entry(f"{base}/OperationOutcome/withheld", _TOLD, "outcome")]


def noticed(actor: Actor, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer of an order-check with the sentence, for those who are told."""
    if not is_told(sight_of(actor)):
        return answer
    return {**answer, "notice": NOTICE}
