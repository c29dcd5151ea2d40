"""What one person's results of an item say over time, each in the item's own unit.

Pure: Observations in, plain values out. What was withdrawn is no result any more and is left out;
whether a rule would let one stand in is not asked here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from hie.fhir import INTERPRETATION, LOINC, Resource
from hie.fhir.elements import code_in, in_words, referenced
from hie.recognition.item import Item
from hie.recognition.measured import read_measured
from hie.recognition.moment import Moment
from hie.recognition.record import find_institution, first_moment, versioned
from hie.recognition.value import ReadValue, read_value
from hie.terminology.codes import result_class
from hie.terminology.units import exactly, read_unit

WITHDRAWN: Final = frozenset({"cancelled", "entered-in-error"})
ISSUED: Final = frozenset({"final", "amended", "corrected"})  # what a trend is drawn of
# HL7 table 0078 as FHIR has it (v3-ObservationInterpretation): what a source calls abnormal.
_HIGH: Final = frozenset({"H", "HH", "HU", "HX", ">"})
_LOW: Final = frozenset({"L", "LL", "LU", "LX", "<"})
_ABNORMAL: Final = frozenset({"A", "AA"})

Ends = tuple[Decimal | None, Decimal | None]


@dataclass(frozen=True, slots=True)
class PastResult:
    """One result of a person's history of an item.

    `value` and `unit` are in the item's terms (a class of a coded item), `number` the same
    unrounded, None where there is none; `reported`, `reported_unit` and `printed` are the source's
    own words, `interval` the printed one in the item's unit. `at_us` is None of what is not known
    to the day. `flag`: h, l, a (abnormal) or "". `method` is a group of the item, else the words
    of the report, else "".
    """

    resource: str
    report: str | None
    status: str
    taken: str
    at_us: int | None
    value: str | None
    unit: str | None
    number: Decimal | None
    comparator: str
    reported: str | None
    reported_unit: str | None
    interval: Ends
    printed: str
    flag: str
    code: str
    institution: str
    method: str

    @property
    def is_drawn(self) -> bool:
        """Whether it is a point of a trend: issued, a number, of a known day."""
        return self.status in ISSUED and self.number is not None and self.at_us is not None


def by_item(
    observations: Iterable[Resource],
    items: Iterable[str],
    item_of: Callable[[Resource], str | None],
) -> dict[str, list[Resource]]:
    """The results of each of these items, newest first."""
    found: dict[str, list[Resource]] = {key: [] for key in items}
    for one in observations:
        key = item_of(one)
        if key in found:
            found[key].append(one)
    return {key: newest_first(own) for key, own in found.items()}


def newest_first(observations: Iterable[Resource]) -> list[Resource]:
    """What was not withdrawn, by the time it was taken; what does not say when goes last."""
    standing = [one for one in observations if one.get("status") not in WITHDRAWN]
    return sorted(standing, key=_newest, reverse=True)


def past_results(
    observations: Sequence[Resource],
    item: Item,
    reports: Mapping[str, str],
    place: Callable[[str, str | None], str],
) -> list[PastResult]:
    """Each of these as a point of the item's history, in the order they are given.

    `reports`: the id of the report each is of, by its own id; `place` names an institution by its
    code and by what the sender calls it.
    """
    return [_past(one, item, reports.get(one["id"]), place) for one in observations]


def reports_by_result(reports: Iterable[Resource]) -> dict[str, str]:
    """The id of the report that lists a result, by the result's id; of several the last issued."""
    found: dict[str, str] = {}
    for report in sorted(reports, key=lambda one: str(one.get("issued", ""))):
        for reference in report.get("result", ()):
            named = referenced(reference)
            if named is not None:
                found[named[1]] = report["id"]
    return found


def _past(
    one: Resource, item: Item, report: str | None, place: Callable[[str, str | None], str]
) -> PastResult:
    loinc = code_in(one.get("code"), LOINC)
    value = read_value(one, item, loinc)
    taken = _taken(one)
    issuer = find_institution(one.get("performer", ()), {})
    code = "" if issuer is None else issuer.code or ""
    return PastResult(
        resource=versioned(one),
        report=report,
        status=one.get("status", "unknown"),
        taken="" if taken is None else taken.text,
        at_us=None if taken is None else taken.at_us,
        value=value.text,
        unit=value.unit,
        number=value.exact,
        comparator=value.comparator,
        reported=value.reported,
        reported_unit=value.reported_unit,
        interval=_interval(value, item, loinc),
        printed=_printed(one),
        flag=_flag(one, value),
        code=code,
        institution=place(code, None if issuer is None else issuer.name),
        method=read_measured(one, {}, {}, item).method or in_words(one.get("method")),
    )


def _newest(one: Resource) -> int:
    taken = _taken(one)
    return -(2**62) if taken is None else taken.at_us


def _taken(one: Resource) -> Moment | None:
    return first_moment(
        one.get("effectiveDateTime"),
        one.get("effectivePeriod", {}).get("start"),
        one.get("effectiveInstant"),
    )


def _interval(value: ReadValue, item: Item, loinc: str | None) -> Ends:
    """The printed interval in the item's unit: as exact as the value, never rounded."""
    reading = read_unit(value.reported_unit, item.units, loinc)
    if reading is None or item.value_type != "quantity":
        return None, None
    low, high = (
        None if end is None else exactly(Decimal(end), reading) for end in (value.low, value.high)
    )
    return low, high


def _printed(one: Resource) -> str:
    """The interval as printed, where there is one; of several each."""
    texts = (printed.get("text") for printed in one.get("referenceRange", ()))
    return "; ".join(text for text in texts if text)


def _flag(one: Resource, value: ReadValue) -> str:
    """What the source calls it, else how it lies to the one interval that was printed."""
    codes = {code_in(flag, INTERPRETATION) for flag in one.get("interpretation", ())}
    for flag, known in (("h", _HIGH), ("l", _LOW), ("a", _ABNORMAL)):
        if codes & known:
            return flag
    if value.number is not None:  # of a limit what it proves alone: <10 is not above 5
        most, least = not value.comparator.startswith("<"), not value.comparator.startswith(">")
        if most and value.high is not None and value.number > Decimal(value.high):
            return "h"
        is_low = least and value.low is not None and value.number < Decimal(value.low)
        return "l" if is_low else ""
    expected = {result_class(printed.get("text")) for printed in one.get("referenceRange", ())}
    is_other = value.result_class is not None and expected.isdisjoint({value.result_class, None})
    return "a" if is_other and len(expected) == 1 else ""
