"""OBX-2 and OBX-5 of a result as it was reported, and the other fields that say what it is.

A value that the hub converted goes out as the source sent it (extension `reported`). HL7 v2.5.1
chapter 7.4.2, tables 0078, 0085, 0125; the map is that of docs/fhir-shapes.md read backwards.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from hie.canonical.er7 import clock, components, escaped, has_lines, lines, repeated, stamp
from hie.canonical.recognised import REPORTED
from hie.canonical.said import plainly, printed, value_of
from hie.fhir import ITEM, LOINC, RESULT_CLASS, Resource, local_system_name
from hie.fhir.elements import find_extension

OWN_CODES: Final = "99HIE"  # the hub's items, as a coding system of its own (table 0396)
_PLAIN: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{1,40})?")
_LONGEST_ST: Final = 199
# Table 0085. What was amended is, to whoever has the earlier one, a correction.
STATUS: Final[Mapping[str, str]] = {
    "registered": "I", "preliminary": "P", "final": "F", "amended": "C", "corrected": "C",
    "cancelled": "X", "entered-in-error": "D", "unknown": "R",
}  # fmt: skip


def value(observation: Resource) -> tuple[str, str]:
    """OBX-2 and OBX-5; ("ST", "") where there is no value. Components are repetitions."""
    reported = find_extension(observation, REPORTED)
    if reported is not None:
        return _one("valueQuantity", reported["valueQuantity"])
    named = value_of(observation)
    if named is not None:
        return _one(*named)
    found = [_one(*one) for part in observation.get("component", ()) if (one := value_of(part))]
    if not found:
        return "ST", ""
    if len({kind for kind, _ in found}) == 1 and found[0][0] not in {"FT", "NA", "MA"}:
        return found[0][0], repeated(text for _, text in found)
    texts = [plainly(*one) for part in observation["component"] if (one := value_of(part))]
    return "ST", repeated(escaped(text) for text in texts)


def unit(observation: Resource) -> str:
    """OBX-6: the unit as it was reported."""
    reported = find_extension(observation, REPORTED)
    quantity = (reported or observation).get("valueQuantity", {})
    if not quantity and "valueRange" in observation:
        ends = observation["valueRange"]
        quantity = ends.get("low") or ends.get("high") or {}
    return components(quantity.get("unit"))


def interval(observation: Resource) -> str:
    """OBX-7: the intervals as they were printed, several by semicolon."""
    found = [printed(one) for one in observation.get("referenceRange", ())]
    return escaped("; ".join(text for text in found if text))


def flags(observation: Resource) -> str:
    """OBX-8: codes of table 0078, else the words that were sent."""
    return repeated(
        escaped(next((c["code"] for c in one.get("coding", ()) if "code" in c), ""))
        or escaped(one.get("text", ""))
        for one in observation.get("interpretation", ())
    )


def code(concept: Mapping[str, Any]) -> str:
    """OBX-3: LOINC first where it is known, the sender's own beside it; else the hub's item."""
    known: dict[str, Mapping[str, Any]] = {}
    for one in concept.get("coding", ()):
        system = one.get("system", "")
        place = system if system in (LOINC, ITEM) else "own"
        known.setdefault(place, one)
    text = concept.get("text", "")
    chosen = [known[place] for place in (LOINC, "own", ITEM) if place in known][:2]
    if not chosen:
        return components("", text)
    parts = [part for one in chosen for part in _triple(one, text)]
    return components(*parts)


def concept(found: Mapping[str, Any]) -> str:
    """A CodeableConcept as CWE: two codings at most, and the original text."""
    sent = [one for one in found.get("coding", ()) if one.get("system") != RESULT_CLASS][:2]
    text = found.get("text", "")
    if not sent:
        return components("", text)
    first = _triple(sent[0], "")
    second = _triple(sent[1], "") if len(sent) > 1 else ("", "", "")
    shown = {one.get("display") for one in sent} | {one.get("code") for one in sent}
    return components(*first, *second, "", "", "" if text in shown else text)


def _triple(one: Mapping[str, Any], text: str) -> tuple[str, str, str]:
    system = one.get("system", "")
    name = {LOINC: "LN", ITEM: OWN_CODES}.get(system) or local_system_name(system)
    return one.get("code", ""), one.get("display") or text, name


def _one(name: str, content: Any) -> tuple[str, str]:
    """One value[x] as data type and field."""
    match name:
        case "valueQuantity" if "value" in content:
            return _quantity(content)
        case "valueCodeableConcept":
            return "CWE", concept(content)
        case "valueInteger":
            return "NM", str(content)
        case "valueRatio":
            return _ratio(content)
        case "valueRange":
            return _range(content)
        case "valueDateTime":
            return "TS", stamp(content)
        case "valueTime":
            return "TM", clock(content)
        case "valuePeriod":
            ends = (stamp(content.get("start")), stamp(content.get("end")))
            return "DR", "^".join(ends).rstrip("^")
        case "valueSampledData":
            return _samples(content)
    text = plainly(name, content)
    if has_lines(text) or len(text) > _LONGEST_ST:
        return "FT", lines(text)
    return "ST", escaped(text)


def _quantity(content: Mapping[str, Any]) -> tuple[str, str]:
    number = _number(content["value"])
    if number is None:
        return "ST", escaped(f"{content.get('comparator', '')}{content['value']}")
    if content.get("comparator"):
        return "SN", components(content["comparator"], number)
    return "NM", number


def _number(found: Decimal | int) -> str | None:
    """Digits as NM has them, without an exponent; None beyond what a number is written in."""
    text = str(found)
    if not _PLAIN.fullmatch(text):
        text = f"{Decimal(found):f}" if abs(Decimal(found).adjusted()) < 40 else ""
    return text if _PLAIN.fullmatch(text) else None


def _ratio(content: Mapping[str, Any]) -> tuple[str, str]:
    top, bottom = content.get("numerator", {}), content.get("denominator", {})
    numbers = [_number(one["value"]) for one in (top, bottom) if "value" in one]
    if len(numbers) != 2 or None in numbers:
        return "ST", escaped(plainly("valueRatio", content))
    return "SN", components(top.get("comparator"), numbers[0], ":", numbers[1])


def _range(content: Mapping[str, Any]) -> tuple[str, str]:
    low, high = (
        _number(content[end]["value"]) if "value" in content.get(end, {}) else ""
        for end in ("low", "high")
    )
    if low and high:
        return "SN", components("", low, "-", high)
    return "NR", components(low, high)


def _samples(content: Mapping[str, Any]) -> tuple[str, str]:
    """A row of samples, one moment a repetition when there are several channels."""
    numbers, width = content.get("data", "").split(), int(content.get("dimensions", 1))
    if width <= 1:
        return "NA", components(*numbers)
    rows = [numbers[at : at + width] for at in range(0, len(numbers), width)]
    return "MA", repeated(components(*row) for row in rows)
