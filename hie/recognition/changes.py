"""What a newer version of a result says otherwise, as far as somebody relied on it (R-908).

A clinician relied on the value, its unit, the class, the flags, the printed interval, the time of
collection, the status, and of a report on its words. Who sent it, which message brought it, how a
unit is spelt and how a code is mapped are none of that: a mere re-send changes nothing.
"""

import base64
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

import msgspec

from hie.fhir import INTERPRETATION, ITEM, RESULT_CLASS, UCUM, Resource, extension
from hie.fhir.elements import bounds, code_in, find_extension

KINDS = frozenset({"Observation", "DiagnosticReport", "ImagingStudy"})
WITHDRAWN = frozenset({"cancelled", "entered-in-error"})
# Statuses that bring no correction by themselves: whoever used such a version used a final one.
_NO_CORRECTION = frozenset({"final", "partial", "appended", "available"})
_USABLE = frozenset({"final", "amended", "corrected", "appended", "partial"})
_FACTS = extension("study-facts")
_NORMAL = "N"

Said = dict[str, str | None]


class Role(StrEnum):
    """As what a decision used a resource."""

    RESULT = "result"  # the result itself: what was judged
    REPORT = "report"  # the report a laboratory result stands in


class Change(msgspec.Struct, frozen=True):
    """One thing a newer version says otherwise; None where a version says nothing of it."""

    what: str
    old: str | None
    new: str | None


def changes(old: Resource, new: Resource, role: Role = Role.RESULT) -> tuple[Change, ...]:
    """What of a result changed from one version to another; nothing when nobody need look again.

    `role` REPORT: of a laboratory report its own results speak for themselves, so that it counts
    only when it is withdrawn or its conclusion changes.
    """
    was, now = said(old), said(new)
    kind = new.get("resourceType")
    if kind == "ImagingStudy":
        differing = [key for key in _STUDY if _study_differs(key, was.get(key), now.get(key))]
    elif kind == "DiagnosticReport":
        differing = [key for key in ("findings", "conclusion") if was[key] != now[key]]
    else:
        differing = [key for key in _RESULT if _result_differs(key, was, now)]
    if _status_counts(was["status"], now["status"], role):
        differing.insert(0, "status")
    return tuple(Change(key, was.get(key), now.get(key)) for key in differing)


def said(resource: Resource) -> Said:
    """What a version says, as texts by the names of `Change.what` and with its times."""
    kind = resource.get("resourceType")
    if kind == "ImagingStudy":
        return {"status": resource.get("status"), "effective": resource.get("started")} | _study(
            resource
        )
    found: Said = {
        "status": resource.get("status"),
        "effective": resource.get("effectiveDateTime"),
        "issued": resource.get("issued"),
    }
    if kind == "DiagnosticReport":
        sent = find_extension(resource, extension("findings")) or {}
        words = sent.get("valueString") or sent.get("valueMarkdown") or _plain_forms(resource)
        return found | {
            "findings": _folded(words),
            "conclusion": _folded(resource.get("conclusion")),
        }
    return found | _result(resource)


def is_withdrawn(resource: Resource) -> bool:
    """Whether a version takes the result back."""
    return resource.get("status") in WITHDRAWN


# -- laboratory results ---------------------------------------------------------------------------

_RESULT = ("value", "unit", "class", "interpretation", "item", "effective", "low", "high")


def _result(observation: Resource) -> Said:
    quantity: Mapping[str, Any] = observation.get("valueQuantity") or {}
    sent = (find_extension(observation, extension("reported")) or {}).get("valueQuantity") or {}
    low, high = _interval(observation)
    return {
        "value": _quantity(quantity) if quantity else _words(observation),
        "unit": quantity.get("unit") or quantity.get("code"),
        "ucum": quantity.get("code") if quantity.get("system") == UCUM else None,
        "reported": _quantity(sent) if sent else None,
        "reported_unit": sent.get("unit"),
        "class": code_in(observation.get("valueCodeableConcept"), RESULT_CLASS),
        "interpretation": _flags(observation),
        "item": code_in(observation.get("code"), ITEM),
        "low": low,
        "high": high,
    }


def _result_differs(key: str, was: Said, now: Said) -> bool:
    old, new = was.get(key), now.get(key)
    if key == "value":
        return not _same_value(old, new) or (
            was["reported_unit"] == now["reported_unit"]
            and not _same_value(was["reported"], now["reported"])
        )
    if key == "unit":
        known = was["ucum"] and now["ucum"]
        return was["ucum"] != now["ucum"] if known else _folded(old) != _folded(new)
    if key == "effective":
        return not _same_time(old, new)
    if key in ("low", "high"):  # printed for the first time, or no longer: nothing was corrected
        return old is not None and new is not None and not _same_value(old, new)
    if key == "item":  # mapped to nothing yet: nobody used it as anything
        return old is not None and old != new
    return old != new


def _quantity(quantity: Mapping[str, Any]) -> str | None:
    number = quantity.get("value")
    if number is None:
        return None
    shown = format(number, "f") if isinstance(number, Decimal) else str(number)
    return f"{quantity.get('comparator', '')}{shown}"


def _words(observation: Resource) -> str | None:
    concept = observation.get("valueCodeableConcept") or {}
    first: Mapping[str, Any] = next(iter(concept.get("coding", ())), {})
    words = concept.get("text") or first.get("display") or first.get("code")
    words = words or observation.get("valueString")
    if words is None:
        other = {
            key: part
            for key, part in observation.items()
            if key.startswith("value") or key == "component"
        }
        words = "; ".join(_flat(other)) or None
    return _folded(words)


def _flat(value: Any) -> list[str]:
    """The leaves of a tree in order, numbers by their digits."""
    if isinstance(value, Mapping):
        return [leaf for key in sorted(value) for leaf in _flat(value[key])]
    if isinstance(value, list):
        return [leaf for part in value for leaf in _flat(part)]
    return [str(value)]


def _flags(observation: Resource) -> str | None:
    """The flags as codes, else as words; "normal" says what no flag says."""
    found = {
        code_in(flag, INTERPRETATION) or flag.get("text") or ""
        for flag in observation.get("interpretation", ())
    }
    return ", ".join(sorted(found - {"", _NORMAL})) or None


def _interval(observation: Resource) -> tuple[str | None, str | None]:
    """The one numeric interval that was printed."""
    found = [
        (_quantity(one.get("low", {})), _quantity(one.get("high", {})))
        for one in observation.get("referenceRange", ())
    ]
    stated = [pair for pair in found if pair != (None, None)]
    return stated[0] if len(stated) == 1 else (None, None)


def _same_value(old: str | None, new: str | None) -> bool:
    """Equal texts, or equal numbers: 5.10 was not corrected to 5.1."""
    if old == new:
        return True
    if old is None or new is None:
        return False
    (sign_old, number_old), (sign_new, number_new) = _split(old), _split(new)
    return number_old is not None and (sign_old, number_old) == (sign_new, number_new)


def _split(text: str) -> tuple[str, Decimal | None]:
    digits = text.lstrip("<>=")
    try:
        number = Decimal(digits)
    except InvalidOperation:
        return "", None
    return text[: len(text) - len(digits)], number if number.is_finite() else None


def _same_time(old: str | None, new: str | None) -> bool:
    if old is None or new is None:
        return old == new
    return bounds(old) == bounds(new)


# -- reports and studies --------------------------------------------------------------------------

_STUDY = ("class", "body-part", "laterality", "contrast", "identity", "complete",
          "original", "received", "rejected", "effective")  # fmt: skip


def _study(study: Resource) -> Said:
    found: dict[str, list[str]] = {}
    for part in (find_extension(study, _FACTS) or {}).get("extension", ()):
        value = next((one for key, one in part.items() if key.startswith("value")), None)
        found.setdefault(part["url"], []).append(
            str(value).lower() if isinstance(value, bool) else str(value)
        )
    return {key: ", ".join(sorted(values)) for key, values in found.items()}


def _study_differs(key: str, old: str | None, new: str | None) -> bool:
    """More images are no correction; fewer, another's, or of something else are.

    Nor is it one that they cannot be had at the moment: whoever used them has seen them.
    """
    if key == "rejected":  # taken back by their department (IHE IOCM)
        return int(new or 0) > int(old or 0)
    if old is None or old == new:
        return False
    if key == "identity":
        return new == "different"
    if key in ("complete", "original"):
        return (old, new) == ("true", "false")
    if key == "received":
        return new is None or int(new) < int(old)
    if key == "effective":
        return not _same_time(old, new)
    return True


def _status_counts(old: str | None, new: str | None, role: Role) -> bool:
    if old == new or new in _NO_CORRECTION:
        return False
    return new not in _USABLE if role is Role.REPORT else True


def _folded(text: str | None) -> str | None:
    """A text without what a printer adds: runs of spaces and line ends."""
    return " ".join(text.split()) or None if text else None


def _plain_forms(report: Resource) -> str | None:
    texts = [
        base64.b64decode(form["data"]).decode("utf-8", "replace")
        for form in report.get("presentedForm", ())
        if form.get("contentType", "").startswith("text/plain") and form.get("data")
    ]
    return "\n".join(texts) or None
