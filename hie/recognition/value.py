"""A result's value as reported, and as the item's own unit or class says it.

A quantity is converted exactly and rounded only for show, and only when a real conversion
happened: 4.10 mmol/L stays 4.10. A coded item's value is its class; a number beside it is shown,
never judged. What cannot be read in the item's terms has no canonical value at all.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from hie.fhir import INTERPRETATION, RESULT_CLASS, Resource, extension
from hie.fhir.elements import code_in, find_extension
from hie.recognition.catalogue import Item
from hie.terminology.codes import CLASS_OF_INTERPRETATION, result_class
from hie.terminology.units import convert, exactly, read_unit

# No laboratory reports a number of such a size; writing it out would only cost memory.
_LARGEST = 30


class ReadValue(msgspec.Struct, frozen=True):
    """A value. `number` is as reported; `exact` is in the item's unit, never rounded.

    `text` and `unit` are the canonical value as shown, comparator in front; None when it cannot
    be read. `read_as` is the UCUM unit a quantity was read in, None when its unit could not be.
    `reported`, `reported_unit`, `low` and `high` are the source's own words.
    """

    stated: bool = False
    number: Decimal | None = None
    comparator: str = ""
    result_class: str | None = None
    exact: Decimal | None = None
    text: str | None = None
    unit: str | None = None
    reported: str | None = None
    reported_unit: str | None = None
    low: str | None = None
    high: str | None = None
    read_as: str | None = None


def read_value(observation: Resource, item: Item | None, loinc: str | None = None) -> ReadValue:
    """An Observation's value in the terms of its item; `loinc` is the code it was reported under.

    The reported quantity is the extension `reported` where the hub converted, else the quantity
    itself; its unit is the text, else the code.
    """
    low, high = _interval(observation)
    sent = find_extension(observation, extension("reported"))
    quantity = (sent or observation).get("valueQuantity")
    number = _number((quantity or observation).get("value" if quantity else "valueInteger"))
    if number is not None:
        comparator = quantity.get("comparator", "") if quantity else ""
        unit = (quantity.get("unit") or quantity.get("code")) if quantity else None
        shown = f"{comparator}{plain(number)}"
        if item is not None and item.value_type == "quantity":
            said = ReadValue(
                True, number, comparator, reported=shown, reported_unit=unit, low=low, high=high
            )
            return read_again(said, item, loinc)
        found = _class_of_flags(observation) if item is not None else None
        return ReadValue(True, number, comparator, found, None, found, None, shown, unit, low, high)
    words = _words(observation)
    found = _class(observation, words) if item is None or item.value_type == "coded" else None
    return ReadValue(
        stated=words is not None or found is not None,
        result_class=found,
        text=found if item is not None else None,
        reported=words,
        low=low,
        high=high,
    )


def read_again(value: ReadValue, item: Item, loinc: str | None = None) -> ReadValue:
    """A number as reported in the terms of an item, whatever it was read as before."""
    number = value.number
    if number is None or item.value_type != "quantity":
        return value
    reading = read_unit(value.reported_unit, item.units, loinc)
    exact = text = None
    if reading is not None:
        exact = exactly(number, reading)
        text = f"{value.comparator}{plain(convert(number, reading, item.decimals))}"
    return msgspec.structs.replace(
        value,
        exact=exact,
        text=text,
        unit=None if reading is None else item.unit,
        read_as=None if reading is None else reading.ucum,
    )


def plain(number: Decimal | int) -> str:
    """A number's digits as they are, without an exponent."""
    return format(Decimal(number), "f")


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int) or max(abs(exponent), len(digits)) > _LARGEST:
        return None
    return number


def _class(observation: Resource, words: str | None) -> str | None:
    concept = observation.get("valueCodeableConcept") or {}
    coded = code_in(concept, RESULT_CLASS)
    if coded:
        return coded
    said = [words, *(c.get(k) for c in concept.get("coding", ()) for k in ("display", "code"))]
    found = next((c for c in map(result_class, said) if c), None)
    return found or _class_of_flags(observation)


def _class_of_flags(observation: Resource) -> str | None:
    codes = (code_in(flag, INTERPRETATION) for flag in observation.get("interpretation", ()))
    return next((CLASS_OF_INTERPRETATION[c] for c in codes if c in CLASS_OF_INTERPRETATION), None)


def _words(observation: Resource) -> str | None:
    """A value that is no number, as the source wrote it."""
    concept = observation.get("valueCodeableConcept")
    if concept:
        first: Mapping[str, Any] = next(iter(concept.get("coding", ())), {})
        return concept.get("text") or first.get("display") or first.get("code")
    for name in ("valueString", "valueDateTime", "valueTime"):
        if isinstance(observation.get(name), str):
            return str(observation[name])
    for name, ends, between in (
        ("valueRatio", ("numerator", "denominator"), ":"),
        ("valueRange", ("low", "high"), "-"),
    ):
        if observation.get(name):
            numbers = (_number(observation[name].get(end, {}).get("value")) for end in ends)
            return between.join("" if n is None else plain(n) for n in numbers)
    if isinstance(observation.get("valueBoolean"), bool):
        return str(observation["valueBoolean"]).lower()
    quantity = observation.get("valueQuantity") or {}
    return str(quantity["value"])[: _LARGEST * 2] if "value" in quantity else None


def _interval(observation: Resource) -> tuple[str | None, str | None]:
    """The one numeric interval that was printed; none when there are several, or words only."""
    found = []
    for printed in observation.get("referenceRange", ()):
        ends = [_number(printed.get(end, {}).get("value")) for end in ("low", "high")]
        if ends != [None, None]:
            found.append([None if end is None else plain(end) for end in ends])
    low, high = found[0] if len(found) == 1 else (None, None)
    return low, high
