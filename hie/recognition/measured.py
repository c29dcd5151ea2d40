"""How a result was measured: specimen, its state, method, setting, time aspect, printed intervals.

Read from an Observation with its report and specimen, whether this hub built them from HL7 v2 or a
stranger wrote them. What nobody states is None or empty; what was stated in words nobody
understands is told apart from that, because the rules tell them apart (R-301, R-306).
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, cast

import msgspec

from hie.fhir import CATEGORY, LOINC, SECTION, Resource, extension
from hie.fhir.elements import find_extension
from hie.recognition.item import Item
from hie.terminology.codes import method_groups, specimen_class
from hie.terminology.result_words import (
    Defect,
    TimeAspect,
    folded,
    is_point_of_care,
    read_defects,
    read_time_aspect,
)

Setting = Literal["laboratory", "point-of-care"]
Sex = Literal["male", "female"]

_POINT_OF_CARE: Final = "point-of-care"
_LABORATORY: Final = "laboratory"
# HL7 table 0074: sections that are laboratories
_SECTIONS = frozenset({"LAB", "CH", "HM", "IMM", "SR", "BG", "TX"})
_FASTING_STATUS = {"F": "空腹", "NF": "非空腹"}  # HL7 table 0916
_SEXES: dict[str, Sex] = {
    "male": "male", "m": "male", "男": "male", "男性": "male", "248153007": "male",
    "female": "female", "f": "female", "女": "female", "女性": "female", "248152002": "female",
}  # fmt: skip
_PREGNANT = ("pregnan", "孕", "妊娠", "77386006")
_IN_A_YEAR = {"mo": 12, "month": 12, "months": 12, "月": 12, "wk": 52, "week": 52, "weeks": 52,
              "周": 52, "d": 365, "day": 365, "days": 365, "天": 365, "日": 365}  # fmt: skip
_IN_YEARS = frozenset({"", "a", "year", "years", "yr", "yrs", "y", "岁", "年"})


class PrintedInterval(msgspec.Struct, frozen=True, gc=False):
    """Whom a printed interval was made for; ages are whole years, both ends included."""

    sex: Sex | None = None
    age_low: int | None = None
    age_high: int | None = None
    pregnant: bool = False

    def contains(self, age: int) -> bool:
        """The interval states an age range, and this age lies in it."""
        low, high = self.age_low, self.age_high
        return (
            not (low is None and high is None)
            and (low is None or low <= age)
            and (high is None or age <= high)
        )


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of one measurement.

    `specimen` is a class, "" when one was stated that nobody understands. `defects` None: nothing
    was said of the specimen's state; empty: there are none. `method` is a group of the item, ""
    when the words name two. `setting` is None when it was not stated and the source may be either.
    """

    specimen: str | None = None
    defects: tuple[Defect, ...] | None = None
    method: str | None = None
    setting: Setting | None = None
    time_aspect: TimeAspect | None = None
    intervals: tuple[PrintedInterval, ...] = ()


NOT_MEASURED: Final = Measured()


def read_measured(
    observation: Resource, report: Resource, specimen: Resource, item: Item | None
) -> Measured:
    """How a result was measured; `report` and `specimen` may be empty."""
    notes = list(_notes(observation, report, specimen))
    return Measured(
        specimen=_specimen(specimen),
        defects=_defects(specimen, notes),
        method=_method(observation, item),
        setting=_setting(observation, report),
        time_aspect=_time_aspect(observation, report, specimen, notes, item),
        intervals=tuple(map(_interval, observation.get("referenceRange", ()))),
    )


def _specimen(specimen: Resource) -> str | None:
    texts = list(_texts(specimen.get("type")))
    return (specimen_class(*texts) or "") if texts else None


def _defects(specimen: Resource, notes: Iterable[str]) -> tuple[Defect, ...] | None:
    """What the specimen's conditions and the notes say; any condition states the state."""
    conditions = [text for one in specimen.get("condition", ()) for text in _texts(one)]
    found = read_defects([*conditions, *notes])
    if found is None:
        return () if conditions else None
    return tuple(sorted(found, key=lambda defect: (defect.kind, defect.degree or "")))


def _method(observation: Resource, item: Item | None) -> str | None:
    """The method group by code, else by words; "" when words name two groups."""
    if item is None or not item.methods:
        return None
    codes = {
        one.get("code")
        for one in observation.get("code", {}).get("coding", ())
        if one.get("system") == LOINC
    }
    by_code = {group.key for group in item.methods if codes.intersection(group.loinc)}
    if by_code:
        return by_code.pop() if len(by_code) == 1 else ""
    words = "\n".join(_texts(observation.get("method")))
    found = method_groups(words, {g.key: g.words for g in item.methods}) if words else frozenset()
    return next(iter(found)) if len(found) == 1 else "" if found else None


def _setting(observation: Resource, report: Resource) -> Setting | None:
    """As stated, by extension or by words of the method; else a laboratory's for a laboratory."""
    stated = (find_extension(observation, extension("setting")) or {}).get("valueCode")
    if stated in (_LABORATORY, _POINT_OF_CARE):
        return _POINT_OF_CARE if stated == _POINT_OF_CARE else _LABORATORY
    if any(is_point_of_care(text) for text in _texts(observation.get("method"))):
        return _POINT_OF_CARE
    codings = [c for one in observation.get("category", ()) for c in one.get("coding", ())]
    sections = [c for one in report.get("category", ()) for c in one.get("coding", ())]
    laboratory = any(
        c.get("system") == CATEGORY and c.get("code") == _LABORATORY for c in codings
    ) or any(c.get("system") == SECTION and c.get("code") in _SECTIONS for c in sections)
    return _LABORATORY if laboratory else None


def _time_aspect(
    observation: Resource,
    report: Resource,
    specimen: Resource,
    notes: Iterable[str],
    item: Item | None,
) -> TimeAspect | None:
    """By code, else by the name of the result, the clinical data, the notes: the first that says.

    Specimen.collection.fastingStatus is FHIR's own place for it.
    """
    code = observation.get("code") or {}
    for coding in code.get("coding", ()):
        known = item.time_aspects.get(coding.get("code")) if item is not None else None
        if coding.get("system") == LOINC and known in ("fasting", "post-load", "random"):
            return cast(TimeAspect, known)
    clinical = (find_extension(report, extension("clinical")) or {}).get("valueString")
    status = (specimen.get("collection") or {}).get("fastingStatusCodeableConcept") or {}
    fasting = [_FASTING_STATUS.get(c.get("code") or "") for c in status.get("coding", ())]
    return read_time_aspect([code.get("text"), *_displays(code), clinical, *notes, *fasting])


def _notes(*resources: Resource) -> Iterator[str]:
    """Notes of the result, of its specimen and of its report (the hub's extension `note`)."""
    for resource in resources:
        for note in resource.get("note", ()):
            if note.get("text"):
                yield note["text"]
        for one in resource.get("extension", ()):
            if one.get("url") == extension("note") and one.get("valueString"):
                yield one["valueString"]


def _texts(concept: Mapping[str, Any] | None) -> Iterator[str]:
    """A concept's codes, then its words."""
    concept = concept or {}
    codings = concept.get("coding", ())
    yield from (c["code"] for c in codings if c.get("code"))
    yield from _displays(concept)
    if concept.get("text"):
        yield concept["text"]


def _displays(concept: Mapping[str, Any]) -> Iterator[str]:
    return (c["display"] for c in concept.get("coding", ()) if c.get("display"))


def _interval(printed: Resource) -> PrintedInterval:
    sex: Sex | None = None
    pregnant = False
    for concept in printed.get("appliesTo", ()):
        words = [folded(text) for text in _texts(concept)]
        sex = next((_SEXES[word] for word in words if word in _SEXES), sex)
        pregnant = pregnant or any(part in word for word in words for part in _PREGNANT)
    ages = printed.get("age") or {}
    return PrintedInterval(sex, _years(ages.get("low")), _years(ages.get("high")), pregnant)


def _years(quantity: Mapping[str, Any] | None) -> int | None:
    """Whole years; months, weeks and days are the years they make full."""
    value = (quantity or {}).get("value")
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    unit = folded((quantity or {}).get("code") or (quantity or {}).get("unit") or "")
    if unit not in _IN_YEARS and unit not in _IN_A_YEAR:
        return None
    if not -1 < value < 100_000:
        return None
    return int(value) // _IN_A_YEAR.get(unit, 1)
