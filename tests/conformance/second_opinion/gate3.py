"""R-301 to R-309: is it the same measurement?"""

from decimal import Decimal

from tests.conformance.second_opinion import words
from tests.conformance.second_opinion.answers import DNR, NO, PASS, REV, Answer, fired, unknown
from tests.conformance.second_opinion.items import ITEMS, is_coded, is_quantity
from tests.conformance.second_opinion.question import Question
from tests.conformance.second_opinion.record import Record
from tests.conformance.second_opinion.times import age
from tests.conformance.second_opinion.units import plain

_FASTING = "14771-0"
_SIGNALS = ("s/co", "coi", "index", "")


def r301(record: Record, question: Question) -> Answer:
    stated = (record.said["specimen"] or {}).get("kind")
    klass = words.specimen_class(stated) if stated else None
    wanted = ITEMS[record.item or ""]["specimen"]
    aspect = _aspect(record)
    if klass is not None and klass not in (wanted, "venous-blood"):
        return fired(DNR)
    if record.item in ("GLU", "TG") and aspect in ("post-load", "random"):
        return fired(DNR)
    fasting = question.order.get("code") == _FASTING
    if (stated and klass is None) or (fasting and aspect is None):
        return unknown(DNR)
    return NO


def _aspect(record: Record) -> str | None:
    said = record.said
    if said["code"] == _FASTING:
        return "fasting"
    notes = (*said["notes"], *(said["specimen"] or {}).get("notes", ()), *said["report_notes"])
    return words.time_aspect([said["name"] or "", said["clinical"] or "", *notes])


def r302(record: Record, question: Question) -> Answer:
    if _is_signal(record):
        return fired(DNR)
    ordered, found = question.method_ordered(), question.method_of(record)
    if ordered is None:
        return NO
    if found is None:
        return unknown(REV)
    return NO if ordered == found else fired(DNR if record.item == "LDH" else REV)


def _is_signal(record: Record) -> bool:
    """A coded item's number that only a cut-off gives a meaning, and no class."""
    if not is_coded(record.item) or record.klass or record.number is None:
        return False
    return plain(record.said["unit"] or "") in _SIGNALS


def r303(record: Record, question: Question) -> Answer:
    return fired(DNR) if is_quantity(record.item) and record.unit is None else NO


def r304(record: Record, question: Question) -> Answer:
    if not is_quantity(record.item) or record.unit is None:
        return NO
    return fired(PASS) if record.said["unit"] != record.unit.code else NO


def r305(record: Record, question: Question) -> Answer:
    if not is_quantity(record.item):
        return NO
    if record.canonical is None:
        return unknown(PASS)
    low, high = (Decimal(end) for end in ITEMS[record.item or ""]["plausible"])
    return NO if low <= record.canonical <= high else fired(DNR)


def r306(record: Record, question: Question) -> Answer:
    specimen = record.said["specimen"] or {}
    conditions = list(specimen.get("conditions") or ())
    notes = [*specimen.get("notes", ()), *record.said["notes"], *record.said["report_notes"]]
    read = [words.defects_in(one) for one in (*conditions, *notes)]
    defects = [one for found in read if found for one in found]
    sensitive = (*ITEMS[record.item or ""]["defects"], "insufficient")
    hit = [one for one in defects if one[0] in sensitive]
    if record.item == "K" and ("haemolysis", "marked") in hit:
        return fired(DNR)
    if hit:
        return fired(REV)
    stated = bool(conditions) or any(one is not None for one in read)
    return NO if stated else unknown(PASS)


def r307(record: Record, question: Question) -> Answer:
    ordered = question.order.get("setting") or "laboratory"
    found = record.said["setting"]
    text = words.fold(record.said["method"] or "")
    if found is None and any(one in text for one in ("poct", "床旁", "干化学")):
        found = "point-of-care"
    if found is None and record.said["category"] == "laboratory":
        found = "laboratory"
    if found is None:
        return unknown(REV)
    return NO if found == ordered else fired(DNR)


def r308(record: Record, question: Question) -> Answer:
    if not is_quantity(record.item):
        return NO
    numeric = [one for one in record.ranges if "low" in one or "high" in one]
    receivers = _receivers_interval(record, question)
    value = record.canonical
    if len(numeric) != 1 or receivers is None or record.comparator or value is None:
        return unknown(PASS)
    assert record.number is not None
    printed = (numeric[0].get("low"), numeric[0].get("high"))
    same = _flag(record.number, *printed) == _flag(value, *receivers)
    return NO if same else fired(REV)


def _flag(value: Decimal, low: object, high: object) -> str:
    if low is not None and value < Decimal(str(low)):
        return "L"
    return "H" if high is not None and value > Decimal(str(high)) else "N"


def _receivers_interval(record: Record, question: Question) -> tuple[object, object] | None:
    """The policy's, else the catalogue's for the person's sex and age at collection."""
    item, sex = record.item or "", question.sex(record)
    own = question.policy.of_map("reference_intervals", item)
    if isinstance(own, dict) and sex not in own:
        return None
    own = own[sex] if isinstance(own, dict) else own
    if own is not None:
        return own[0], own[1]
    years = age(question.birth_date(record), record.day) if record.day else None
    if years is None:
        return None
    for whose, youngest, oldest, low, high in ITEMS[item]["intervals"]:
        fits = youngest <= years and (oldest is None or years <= oldest)
        if fits and whose in ("any", sex):
            return low, high
    return None


def r309(record: Record, question: Question) -> Answer:
    if not is_coded(record.item):
        return NO
    if record.klass == "indeterminate":
        return fired(REV)
    return unknown(REV) if record.klass is None and record.number is not None else NO
