"""The form of a check, of one order or of all: what it says, as POST /v1/decisions takes it.

Fields carry the place of their order in the check: `ref-2` names the order, `offer-2` the earlier
result that may stand in (`seen-2` one that may not), `use-2` that it is used, `reason-2` and
`text-2` why the test is repeated, `replaces-2` the decision that is changed. `explained` is said
once for all repeats; `do=all` repeats all that is offered for one reason, `reason-all` and
`text-all`. An order of which nothing is chosen stays undecided.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hie.errors import Fault
from hie.recognition.request_order import MAX_ORDERS

FIELDS = ("reason", "text", "assessment", "replaces", "both", "nothing")
MOST_FIELDS = 6 * MAX_ORDERS + 20
ALL = 0  # the place of what is said of all orders at once
_LONGEST = 2000
_REF = re.compile(r"ref-([1-9]\d{0,2})")
_FAULT = re.compile(r"decisions\[(\d+)\]\.(\w+)")


@dataclass(frozen=True, slots=True)
class Said:
    """What a form decides: `places` says of each decision of `body` where it was said.

    `wrong` is what the form itself contradicts or leaves out, by place.
    """

    body: dict[str, Any]
    places: tuple[int, ...]
    wrong: Mapping[int, list[str]]


def said(check: str, practitioner: str, form: Mapping[str, str]) -> Said:
    """The decisions of a form, in the order of its lines."""
    is_all = form.get("do") == "all"
    made: list[dict[str, Any]] = []
    places: list[int] = []
    wrong: dict[int, list[str]] = {}
    for place in sorted(int(found[1]) for name in form if (found := _REF.fullmatch(name))):
        for_all = is_all and f"offer-{place}" in form and not form.get(f"reason-{place}")
        uses = form.get(f"use-{place}") == "yes" and not is_all
        reason = form.get("reason-all" if for_all else f"reason-{place}", "")
        if uses and reason:
            wrong[place] = ["both"]
        if uses or reason or for_all:
            made.append(_decision(form, place, None if uses else reason, for_all=for_all))
            places.append(ALL if for_all else place)
    if not made:
        wrong[ALL] = ["nothing"]
    body = {
        "check": check,
        "key": form.get("key", ""),
        "practitioner": practitioner,
        "decisions": made,
    }
    return Said(body, tuple(places), wrong)


def wrong_of(of: Said, faults: Iterable[Fault]) -> dict[int, list[str]]:
    """What was refused of a form's decisions, by place, each once; what is of none is of all."""
    found: dict[int, list[str]] = {}
    for fault in faults:
        named = _FAULT.fullmatch(fault.path)
        place = of.places[int(named[1])] if named else ALL
        field = named[2] if named and named[2] in FIELDS else "other"
        if field not in found.setdefault(place, []):
            found[place].append(field)
    return found


def kept(form: Iterable[tuple[str, object]]) -> dict[str, str]:
    """What was filled in, without the token.

    Each field is kept to one character more than it may have, so that what is too long is refused,
    and not cut. A browser counts the end of a line as one character and sends two.
    """
    texts = ((name, str(value).replace("\r\n", "\n")) for name, value in form if name != "csrf")
    return {name: text[: _LONGEST + 1] for name, text in texts}


def _decision(
    form: Mapping[str, str], place: int, reason: str | None, *, for_all: bool
) -> dict[str, Any]:
    """One decision; without a reason the earlier result is used."""
    text = form.get("text-all" if for_all else f"text-{place}", "").strip()
    seen = form.get(f"offer-{place}") or form.get(f"seen-{place}")
    repeats = reason is not None
    return {
        "ref": form[f"ref-{place}"],
        "decision": "repeat" if repeats else "use",
        "assessment": seen or None,
        "reason": reason or None,
        "text": (text or None) if repeats else None,
        "explained_to_patient": (form.get("explained") == "yes") if repeats else None,
        "replaces": form.get(f"replaces-{place}") or None,
    }
