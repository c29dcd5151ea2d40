"""A whole order-check: its question, and every order judged; what is ordered twice, once.

`exchange` finds the person and the records, and hands them in; nothing is looked up here.
"""

from collections.abc import Iterable
from dataclasses import replace

from hie.recognition.candidate import Candidate
from hie.recognition.catalogue import Catalogue
from hie.recognition.eligibility import Registers
from hie.recognition.engine import Judged, assess_order
from hie.recognition.policy import PolicyBook
from hie.recognition.question import Question
from hie.recognition.request import CheckRequest
from hie.recognition.request_order import Order
from hie.recognition.rulebook import Rulebook


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
        encounter=request.encounter,
        emergency_access=emergency_access,
    )


def judge(
    request: CheckRequest, records: Iterable[Candidate], question: Question
) -> tuple[Judged, ...]:
    """Each order's outcome, in their order; `none` without records.

    Lines that say the same are judged once: of a test its code, method, setting and conflict, of
    images their part, side, contrast, protocol and tracer.
    """
    by_item: dict[str, list[Candidate]] = {}
    for record in records:
        if record.item is not None:
            by_item.setdefault(record.item, []).append(record)
    judged: dict[Order, Judged] = {}
    found: list[Judged] = []
    for order in request.orders:
        alike = replace(order, ref="")
        if alike not in judged:
            known = by_item.get(order.item, ())
            judged[alike] = assess_order(order.item, known, question, order=order)
        found.append(judged[alike])
    return tuple(found)
