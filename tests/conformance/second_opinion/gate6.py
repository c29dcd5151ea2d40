"""R-601 to R-611: may these images stand in for those ordered?"""

from collections.abc import Callable

from tests.conformance.second_opinion.answers import DNR, NO, PASS, REV, Answer, fired, unknown
from tests.conformance.second_opinion.body import parts, protocols_ordered, tracer
from tests.conformance.second_opinion.items import CONTRAST_IS_ASKED, ITEMS
from tests.conformance.second_opinion.question import Question
from tests.conformance.second_opinion.record import Record
from tests.conformance.second_opinion.times import age

_LIMITED = {"low-dose", "screening", "portable"}


def r601(record: Record, question: Question) -> Answer:
    if not record.said["study"]:
        return fired(DNR)
    expected, received = record.study["expected"], record.study["received"]
    retrievable = record.study["retrievable"]
    status = record.said["study_status"]
    if status == "cancelled":
        retrievable = False
    elif status == "registered" and retrievable:
        retrievable = None
    short = received is not None and expected is not None and received < expected
    if retrievable is False or received == 0 or short:
        return fired(DNR)
    return unknown(DNR) if None in (expected, received, retrievable) else NO


def r602(record: Record, question: Question) -> Answer:
    original = record.study["original"]
    if original is None:
        return unknown(REV)
    return NO if original else fired(REV)


def r603(record: Record, question: Question) -> Answer:
    ordered, strange = parts(question.order.get("body_part"))
    found, strange_found = parts(record.study["body_part"])
    side, own = question.order.get("laterality"), record.study["laterality"]
    known = bool(found) and not strange_found
    if known and ordered - found:
        return fired(DNR)
    if side and own and own not in ("B", side):
        return fired(DNR)
    unclear = not ordered or strange or not known or bool(side and not own)
    return unknown(REV) if unclear else NO


def _contrast(record: Record, question: Question) -> tuple[bool | None, str | None]:
    """Ordered and had; missing is plain for the classes without the question."""
    ordered, found = question.order.get("contrast"), record.study["contrast"]
    if record.item not in CONTRAST_IS_ASKED:
        return bool(ordered), found or "none"
    return ordered, found


def _protocols(record: Record) -> set[str] | None:
    said = record.study["protocol"] or ()
    found = {said} if isinstance(said, str) else set(said)
    return found if found or record.study["texts"] else None


def r604(record: Record, question: Question) -> Answer:
    ordered, found = _contrast(record, question)
    wanted, had = protocols_ordered(question.order.get("protocol")), _protocols(record)
    if ordered and found == "none":
        return fired(DNR)
    if had is not None and wanted - had:
        return fired(DNR)
    unclear = ordered is None or found is None or bool(wanted and had is None)
    return unknown(REV) if unclear else NO


def r605(record: Record, question: Question) -> Answer:
    ordered, found = _contrast(record, question)
    if ordered is False and found == "enhanced":
        return fired(REV)
    return unknown(REV) if ordered is None or found is None else NO


def _complete(record: Record, question: Question) -> bool | None:
    left, right = record.study["complete_left"], record.study["complete_right"]
    if record.item != "MG" or (left is None and right is None):
        found: bool | None = record.study["complete"]
        return found
    side = question.order.get("laterality")
    asked = {"L": [left], "R": [right]}.get(side or "", [left, right])
    return False if False in asked else None if None in asked else True


def r606(record: Record, question: Question) -> Answer:
    complete = _complete(record, question)
    limited = (_protocols(record) or set()) & _LIMITED
    if complete is False or limited - protocols_ordered(question.order.get("protocol")):
        return fired(REV)
    return unknown(REV) if complete is None else NO


def r607(record: Record, question: Question) -> Answer:
    if record.item == "US":
        return fired(REV)
    if record.item != "NM":
        return NO
    ordered, found = question.order.get("tracer"), record.study["tracer"]
    return NO if ordered and found and tracer(ordered) == tracer(found) else fired(REV)


def r608(record: Record, question: Question) -> Answer:
    identity = record.said["identity_of_images"] if record.said["study"] else None
    if identity == "different":
        return fired(DNR)
    return NO if identity == "same" else unknown(REV)


OF_IMAGES: tuple[Callable[[Record, Question], Answer], ...] = (
    r601, r602, r603, r604, r605, r606, r607, r608,
)  # fmt: skip


def r609(record: Record, question: Question) -> Answer:
    if not record.item or not ITEMS[record.item]["ionising"]:
        return NO
    years = age(question.birth_date(record), question.on.day)
    spared = (years is not None and years < 18) or question.pregnant
    refused = any(rule(record, question).effect == DNR for rule in OF_IMAGES)
    return fired(PASS) if spared and not refused else NO


def r610(record: Record, question: Question) -> Answer:
    return NO


def r611(record: Record, question: Question) -> Answer:
    return fired(PASS) if record.said["slow"] else NO
