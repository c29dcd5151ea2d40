"""R-001 to R-010: is the record usable, and is it this patient's?"""

from tests.conformance.second_opinion.answers import DNR, NO, REV, Answer, fired, unknown
from tests.conformance.second_opinion.items import is_coded, is_quantity
from tests.conformance.second_opinion.question import Question
from tests.conformance.second_opinion.record import Record
from tests.conformance.second_opinion.times import born_after, later

_RESULT = {"final", "amended", "corrected"}
_REPORT = _RESULT | {"appended", "partial"}


def r001(record: Record, question: Question) -> Answer:
    return NO if record.relation in ("strong", "linked") else fired(DNR)


def r002(record: Record, question: Question) -> Answer:
    if record.relation != "strong":
        return NO
    if record.conflicts:
        return fired(REV)
    return NO if record.compared else unknown(REV)


def r003(record: Record, question: Question) -> Answer:
    only = record.said["identity"].get("shares_unusable", False)
    return fired(DNR) if only and record.relation == "none" else NO


def r004(record: Record, question: Question) -> Answer:
    report = record.said["report_status"]
    if record.is_imaging:
        asked = [(report, _REPORT)]
    else:
        asked = [(record.said["status"], _RESULT), (report, _REPORT)]
    known = [(one, good) for one, good in asked if one not in (None, "unknown")]
    if any(one not in good for one, good in known):
        return fired(DNR)
    return NO if len(known) == len(asked) else unknown(DNR)


def r005(record: Record, question: Question) -> Answer:
    return NO if record.said["current"] else fired(DNR)


def r006(record: Record, question: Question) -> Answer:
    reviewed = record.said["reviewed"] and record.said.get("reported", True)
    return NO if reviewed and record.issued else fired(REV)


def r007(record: Record, question: Question) -> Answer:
    if record.institution is None:
        return unknown(DNR)
    today = question.books.row(record.institution, question.on.day)
    if today is None or today["status"] != "active":
        return fired(DNR)
    then = question.books.row(record.institution, record.day)
    if then is not None and then["status"] in ("suspended", "withdrawn"):
        return fired(DNR)
    return NO


def r008(record: Record, question: Question) -> Answer:
    collected, received, issued = record.collected, record.received, record.issued
    for one, other in ((collected, received), (received, issued), (collected, issued)):
        if one and other and later(one, other):
            return fired(DNR)
    if any(one and later(one, question.on) for one in (collected, received, issued)):
        return fired(DNR)
    births = (record.said["birth_date"], question.case.get("request_birth"))
    if collected and any(born_after(one, collected.day) for one in births):
        return fired(DNR)
    return NO if collected or issued else unknown(DNR)


def r009(record: Record, question: Question) -> Answer:
    number, words = record.number is not None, record.said["words"]
    if is_quantity(record.item):
        return NO if number else fired(DNR)
    if is_coded(record.item):
        return NO if record.klass or number else fired(DNR)
    return NO if number or words is not None else fired(DNR)


def r010(record: Record, question: Question) -> Answer:
    withheld = record.said["withheld"]
    if question.case.get("emergency_access", False) and withheld is not False:
        return NO
    if withheld is None:
        return unknown(DNR)
    return fired(DNR) if withheld else NO
