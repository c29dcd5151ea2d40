"""A whole order-check: its question, and every order judged; each item once, whoever asks twice.

`exchange` finds the person and the records, and hands them in; nothing is looked up here.
"""

from collections.abc import Iterable

from hie.recognition.assessment import Outcome
from hie.recognition.candidate import Candidate
from hie.recognition.catalogue import Catalogue
from hie.recognition.eligibility import Registers
from hie.recognition.engine import Judged, assess_order
from hie.recognition.facts import Question
from hie.recognition.policy import PolicyBook
from hie.recognition.request import CheckRequest
from hie.recognition.rulebook import Kind, Rulebook


def ask(
    request: CheckRequest,
    *,
    catalogue: Catalogue,
    registers: Registers,
    policy: PolicyBook,
    rulebook: Rulebook,
    emergency_access: bool = False,
) -> Question:
    """The question a request asks of these books; `emergency_access` is what was declared."""
    return Question(
        on=request.on,
        receiver=request.receiver,
        catalogue=catalogue,
        registers=registers,
        policy=policy,
        rulebook=rulebook,
        birth_date=request.patient.birth_date or None,
        sex=request.patient.sex or None,
        emergency_access=emergency_access,
    )


def judge(
    request: CheckRequest, records: Iterable[Candidate], question: Question
) -> tuple[Judged, ...]:
    """Each order's outcome, in their order. Without records, or of another kind: `none`."""
    by_item: dict[str, list[Candidate]] = {}
    for record in records:
        if record.item is not None:
            by_item.setdefault(record.item, []).append(record)
    judged: dict[str, Judged] = {}
    for order in request.orders:
        if order.item not in judged:
            judged[order.item] = (
                assess_order(order.item, by_item.get(order.item, ()), question)
                if order.kind is Kind.LABORATORY
                else Judged(Outcome.NONE)
            )
    return tuple(judged[order.item] for order in request.orders)
