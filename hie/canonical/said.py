"""What a result says, in one line for people: value, unit, interval, as they were reported."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hie.canonical.recognised import REPORTED
from hie.fhir.elements import find_extension, in_words

_VALUES: Final = (
    "valueQuantity", "valueCodeableConcept", "valueString", "valueBoolean", "valueInteger",
    "valueRange", "valueRatio", "valueSampledData", "valueTime", "valueDateTime", "valuePeriod",
)  # fmt: skip


def value_of(element: Mapping[str, Any]) -> tuple[str, Any] | None:
    """The element name and content of value[x]; None where there is none."""
    return next(((name, element[name]) for name in _VALUES if name in element), None)


def plainly(name: str, content: Any) -> str:
    """A value in words: what a person would read."""
    if isinstance(content, bool):
        return "true" if content else "false"
    if not isinstance(content, Mapping):
        return str(content)
    if name == "valueCodeableConcept":
        return in_words(content)
    if name == "valueRatio":
        ends: Sequence[Any] = (content.get("numerator", {}), content.get("denominator", {}))
        sign = str(ends[0].get("comparator", ""))
        return sign + ":".join(str(one.get("value", "?")) for one in ends)
    if name == "valueRange":
        ends = (content.get("low", {}), content.get("high", {}))
        return "-".join(str(one.get("value", "")) for one in ends)
    if name == "valuePeriod":
        return f"{content.get('start', '')}/{content.get('end', '')}"
    if name == "valueSampledData":
        return str(content.get("data", ""))
    return f"{content.get('comparator', '')}{content.get('value', '')}"


def value(observation: Mapping[str, Any]) -> str:
    """The value as reported, in one line for people; "" where there is none."""
    reported = find_extension(observation, REPORTED)
    if reported is not None:
        return plainly("valueQuantity", reported["valueQuantity"])
    named = value_of(observation)
    if named is not None:
        return plainly(*named)
    parts: Iterable[Mapping[str, Any]] = observation.get("component", ())
    return " / ".join(plainly(*one) for part in parts if (one := value_of(part)))


def unit(observation: Mapping[str, Any]) -> str:
    """The unit as reported, for people."""
    reported = find_extension(observation, REPORTED)
    quantity: Mapping[str, Any] = (reported or observation).get("valueQuantity", {})
    return str(quantity.get("unit", ""))


def interval(observation: Mapping[str, Any]) -> str:
    """The intervals as printed, for people."""
    found = [printed(one) for one in observation.get("referenceRange", ())]
    return "; ".join(text for text in found if text)


def printed(one: Mapping[str, Any]) -> str:
    """One interval: its text as printed, else its ends."""
    if one.get("text"):
        return str(one["text"])
    low, high = (str(one.get(end, {}).get("value", "")) for end in ("low", "high"))
    if low and high:
        return f"{low}-{high}"
    return f">={low}" if low else f"<={high}" if high else ""
