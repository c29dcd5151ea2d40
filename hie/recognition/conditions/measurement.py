"""Gate 3: is it the same measurement? Rules R-301 to R-309, of laboratory results alone.

Two numbers compare only if specimen, time aspect, method and setting are those ordered, and the
unit could be read. Numbers are compared exactly, never as they are rounded for show.
"""

from decimal import Decimal
from typing import Any

from hie.recognition.conditions.condition import Answer, answer, condition
from hie.recognition.facts import Facts
from hie.recognition.item import Limits
from hie.terminology.units import folded

_VENOUS = "venous-blood"
_OF_VENOUS = ("serum-plasma", "whole-blood")  # both come of it
_INSUFFICIENT = "insufficient"  # concerns every item
_INDETERMINATE = "indeterminate"
# how signals relative to a cut-off are labelled; they compare within one assay only
_SIGNAL = frozenset(
    map(folded, ("S/CO", "S/C.O.", "S/C.O", "SCO", "COI", "C.O.I.", "C.O.I", "index", "指数",
                 "{s_co_ratio}", "{index}", "{index_val}", "{cutoff_index}", "{COI}", "{S/CO}",
                 "1"))
)  # fmt: skip


@condition
def other_measurement(facts: Facts) -> Answer:
    """R-301: another specimen, or not fasting where the item needs it.

    Unknown when the specimen is stated in words nobody understands, or fasting is ordered and the
    result states no time aspect; and, as a case of its own, when the catalogue does not say of
    what specimen the item is.
    """
    item, measured = facts.item, facts.candidate.measured
    expected = item.specimen if item else None
    undefined = item is not None and expected is None
    specimen, aspect = measured.specimen, measured.time_aspect
    ordered = facts.ordered_time_aspect
    agrees = specimen == expected or (specimen == _VENOUS and expected in _OF_VENOUS)
    other = not undefined and bool(specimen) and not agrees
    loaded = item is not None and item.needs_fasting and aspect in ("post-load", "random")
    return answer(
        other or loaded,
        undefined or specimen == "" or (ordered is not None and aspect is None),
        unknown_case="no_specimen" if undefined else None,
        specimen=specimen or None,
        specimen_expected=expected,
        specimen_differs=specimen if other else None,
        time_aspect=aspect,
        time_aspect_ordered=ordered,
    )


@condition
def other_method(facts: Facts) -> Answer:
    """R-302: another method group than ordered, or a signal relative to a cut-off without a class.

    Unknown when a group is ordered and that of the result is not known. A case of its own are
    groups that measure on different scales, and signals.
    """
    item, ordered, method = facts.item, facts.ordered_method, facts.method
    differs = ordered is not None and method is not None and ordered != method
    signal = facts.is_coded and _is_signal(facts)
    apart = differs and item is not None and not item.methods_interchange
    return answer(
        differs or signal,
        ordered is not None and method is None,
        "signal" if signal else "other_scale" if apart else None,
        method=method,
        method_ordered=ordered,
        reported_unit=facts.candidate.value.reported_unit if signal else None,
    )


def _is_signal(facts: Facts) -> bool:
    value = facts.candidate.value
    unit = folded(value.reported_unit or "")
    return value.number is not None and value.result_class is None and unit in {"", *_SIGNAL}


@condition
def unit_unusable(facts: Facts) -> Answer:
    """R-303: the unit is missing, or not one that converts to the item's.

    A case of its own is an item whose unit the catalogue does not give: nothing converts to it.
    """
    value, item = facts.candidate.value, facts.item
    return answer(
        facts.is_quantity and value.read_as is None,
        case="no_unit" if item is not None and not item.unit else None,
        reported_unit=value.reported_unit,
        unit=facts.item.unit or None if facts.item else None,
    )


@condition
def unit_in_dialect(facts: Facts) -> Answer:
    """R-304: the unit is written otherwise than the UCUM code it was read as (a notice)."""
    value = facts.candidate.value
    return answer(
        facts.is_quantity and value.read_as is not None and value.reported_unit != value.read_as,
        reported_unit=value.reported_unit,
        unit_read=value.read_as,
    )


@condition
def implausible(facts: Facts) -> Answer:
    """R-305: the converted number is outside what has been survived, whatever its comparator.

    Unknown when the number could not be read; and, as a case of its own, when the catalogue gives
    no limits for the item.
    """
    number = facts.candidate.value.exact
    limits = facts.item.plausible if facts.item else None
    outside = number is not None and limits is not None and _flag(number, limits) != "N"
    return answer(
        facts.is_quantity and outside,
        facts.is_quantity and (number is None or limits is None),
        unknown_case="no_limits" if number is not None and limits is None else None,
        value=facts.candidate.value.text,
        unit=facts.candidate.value.unit,
        plausible=_span(limits),
    )


@condition
def specimen_defect(facts: Facts) -> Answer:
    """R-306: the specimen has a defect the item is sensitive to; unknown if its state is not said.

    A case of its own is a marked defect that the item does not bear (haemolysis, potassium).
    """
    item, defects = facts.item, facts.candidate.measured.defects
    minded = (_INSUFFICIENT, *(item.defects if item else ()))
    found = [one for one in defects or () if one.kind in minded]
    unfit = item is not None and any(
        one.degree == "marked" and one.kind in item.marked_defects for one in found
    )
    return answer(
        bool(found),
        defects is None,
        "unfit" if unfit else None,
        defects=[f"{one.degree}-{one.kind}" if one.degree else one.kind for one in found] or None,
    )


@condition
def other_setting(facts: Facts) -> Answer:
    """R-307: measured at the bedside for an order of the laboratory, or the reverse."""
    setting, ordered = facts.candidate.measured.setting, facts.ordered_setting
    return answer(
        setting is not None and setting != ordered,
        setting is None,
        setting=setting,
        setting_ordered=ordered,
    )


@condition
def flag_would_change(facts: Facts) -> Answer:
    """R-308: low, high or neither by the printed interval, and otherwise by the receiver's.

    The printed one is laid on the value as reported, the receiver's on the canonical one.
    """
    value, own = facts.candidate.value, facts.interval
    printed = _printed(facts)
    if not facts.is_quantity:
        return answer(False)
    data: dict[str, Any] = {"interval": _span(printed), "interval_receiver": _span(own)}
    if value.number is None or value.exact is None or value.comparator or not printed or not own:
        return answer(False, True, **data)
    flag, flag_receiver = _flag(value.number, printed), _flag(value.exact, own)
    return answer(flag != flag_receiver, flag=flag, flag_receiver=flag_receiver, **data)


@condition
def class_indeterminate(facts: Facts) -> Answer:
    """R-309: the class is indeterminate; unknown when there is a number and no class."""
    value = facts.candidate.value
    return answer(
        facts.is_coded and value.result_class == _INDETERMINATE,
        facts.is_coded and value.result_class is None and value.number is not None,
        value=value.result_class if facts.is_coded else None,
        reported=value.reported if facts.is_coded else None,
    )


def _printed(facts: Facts) -> Limits | None:
    """The one numeric interval that was printed."""
    low, high = facts.candidate.value.low, facts.candidate.value.high
    if low is None and high is None:
        return None
    return Limits(None if low is None else Decimal(low), None if high is None else Decimal(high))


def _flag(number: Decimal, limits: Limits) -> str:
    """L, H or N; the ends belong to the interval."""
    if limits.low is not None and number < limits.low:
        return "L"
    return "H" if limits.high is not None and number > limits.high else "N"


def _span(limits: Limits | None) -> str | None:
    """An interval in words: 3.5-5.3, ≤5.3, ≥3.5."""
    if limits is None or (limits.low is None and limits.high is None):
        return None
    if limits.low is None:
        return f"≤{limits.high:f}"
    return f"≥{limits.low:f}" if limits.high is None else f"{limits.low:f}-{limits.high:f}"
