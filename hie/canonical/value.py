"""What a result's value becomes: value[x], or the reason there is none.

A quantity item's number is stored in the canonical unit, with what was reported beside it when it
was really converted; digits are kept otherwise. Source: HL7 v2-to-FHIR, OBX-5; recognition rules
made precise, sections 8.3 and 8.4.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

from hie.fhir import (
    ABSENT_REASON,
    INTERPRETATION,
    RESULT_CLASS,
    UCUM,
    Resource,
    extension,
    local_code_system,
)
from hie.records import (
    Coded,
    Interval,
    Quantity,
    Ratio,
    Result,
    ResultValue,
    Samples,
    Text,
    TimeValue,
)
from hie.terminology.codes import INTERPRETATION as CLASS_FLAG
from hie.terminology.codes import result_class
from hie.terminology.units import ItemUnits, convert, read_unit

REPORTED = extension("reported")


def set_value(
    target: Resource, result: Result, item: ItemUnits | None, loinc: str | None, site: str
) -> None:
    """Put the value of a result into an Observation."""
    value = result.value
    if value is None:
        if not result.components:
            target["dataAbsentReason"] = {
                "coding": [{"system": ABSENT_REASON, "code": result.absent_reason or "unknown"}]
            }
        return
    unit = result.unit.text if result.unit is not None else None
    if isinstance(value, Text) and item is not None and item.value_type == "quantity":
        value = _as_number(value) or value
    if isinstance(value, Quantity):
        _set_quantity(target, value, unit, item, loinc)
    else:
        name, content = plain(value, unit, site)
        target[name] = content
    words = (
        value.text
        if isinstance(value, Text)
        else value.display
        if isinstance(value, Coded)
        else None
    )
    if isinstance(value, Coded) and words is None:
        words = value.text or value.code
    if words is not None and (item is None or item.value_type == "coded"):
        _set_class(target, words, coded=item is not None)


def _as_number(value: Text) -> Quantity | None:
    """A number sent as text, for an item that is a quantity."""
    text = value.text.strip()
    return (
        Quantity(text) if text and number(text) is not None and text[0] in "0123456789-." else None
    )


def number(text: str) -> Decimal | None:
    """The decimal a text is, digits kept; None if it is none or not finite."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def quantity(value: Quantity, unit: str | None) -> dict[str, Any]:
    """A Quantity as reported: no code, because nobody read the unit."""
    found: dict[str, Any] = {}
    decimal = number(value.value)
    if decimal is not None:
        found["value"] = decimal
    if value.comparator:
        found["comparator"] = value.comparator
    if unit:
        found["unit"] = unit
    return found


def _set_quantity(
    target: Resource, value: Quantity, unit: str | None, item: ItemUnits | None, loinc: str | None
) -> None:
    reported = quantity(value, unit)
    if "value" not in reported:
        target["valueString"] = value.value
        return
    reading = (
        read_unit(unit, item, loinc) if item is not None and item.value_type == "quantity" else None
    )
    if item is None or reading is None:
        target["valueQuantity"] = reported
        return
    if not reading.converts:
        target["valueQuantity"] = {**reported, "system": UCUM, "code": item.ucum_unit}
        return
    shown = {**reported, "value": convert(reported["value"], reading, item.decimals)}
    target["valueQuantity"] = {
        **shown,
        "unit": item.ucum_unit,
        "system": UCUM,
        "code": item.ucum_unit,
    }
    target.setdefault("extension", []).append({"url": REPORTED, "valueQuantity": reported})


def _set_class(target: Resource, words: str, *, coded: bool) -> None:
    found = result_class(words)
    if found is None or not coded:
        return
    target.pop("valueString", None)
    concept = target.setdefault("valueCodeableConcept", {"text": words})
    concept.setdefault("coding", []).insert(0, {"system": RESULT_CLASS, "code": found})
    flags = target.setdefault("interpretation", [])
    if not any(
        one["coding"][0].get("code") == CLASS_FLAG[found] for one in flags if "coding" in one
    ):
        flags.append({"coding": [{"system": INTERPRETATION, "code": CLASS_FLAG[found]}]})


def plain(value: ResultValue, unit: str | None, site: str) -> tuple[str, Any]:
    """The element name and content of a value, as reported."""
    if isinstance(value, Quantity):
        found = quantity(value, unit)
        return ("valueQuantity", found) if "value" in found else ("valueString", value.value)
    if isinstance(value, Text):
        return "valueString", value.text
    if isinstance(value, Coded):
        return "valueCodeableConcept", coded_concept(value, site)
    if isinstance(value, Ratio):
        return _ratio(value)
    if isinstance(value, Interval):
        return _interval(value, unit)
    if isinstance(value, Samples):
        return "valueSampledData", _samples(value, unit)
    return _time(value)


def coded_concept(value: Coded, site: str) -> dict[str, Any]:
    """A CodeableConcept with every coding that was sent; an unknown system becomes the site's."""
    found: dict[str, Any] = {}
    codings = []
    for code, display, system in (
        (value.code, value.display, value.system),
        (value.alt_code, value.alt_display, value.alt_system),
    ):
        if code:
            one = {"system": local_code_system(site, system), "code": " ".join(code.split())}
            if display:
                one["display"] = display
            codings.append(one)
    if codings:
        found["coding"] = codings
    text = value.text or value.display or value.code or value.alt_display
    if text:
        found["text"] = text
    return found


def _ratio(value: Ratio) -> tuple[str, Any]:
    top, bottom = number(value.numerator), number(value.denominator)
    if top is None or bottom is None:
        return "valueString", value.text
    numerator: dict[str, Any] = {"value": top}
    if value.comparator:
        numerator["comparator"] = value.comparator
    return "valueRatio", {"numerator": numerator, "denominator": {"value": bottom}}


def _interval(value: Interval, unit: str | None) -> tuple[str, Any]:
    found: dict[str, Any] = {}
    for end, text in (("low", value.low), ("high", value.high)):
        decimal = number(text) if text is not None else None
        if decimal is not None:
            found[end] = {"value": decimal, **({"unit": unit} if unit else {})}
    return ("valueRange", found) if found else ("valueString", value.text)


def _samples(value: Samples, unit: str | None) -> dict[str, Any]:
    origin: dict[str, Any] = {"value": number(value.origin)}
    if unit:
        origin["unit"] = unit
    return {
        "origin": origin,
        "period": number(value.period),
        "dimensions": value.dimensions,
        "data": value.data,
    }


def _time(value: TimeValue) -> tuple[str, Any]:
    if value.kind == "time":
        return "valueTime", value.start
    if value.kind == "dateTime":
        return "valueDateTime", value.start
    period = {"start": value.start, "end": value.end}
    return "valuePeriod", {end: text for end, text in period.items() if text}
