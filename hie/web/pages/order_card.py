"""The orders of a check as one decision: all its lines, what is counted of them, what they save.

Pure, as its lines are (`order_line`).
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from hie.recognition.rulebook import Rulebook
from hie.web.language import Language, say
from hie.web.pages.answered import sources
from hie.web.pages.order_line import NUMBERED, line

_NOTHING = Decimal("0.00")


def lines(
    found: Mapping[str, Any],
    sent: Mapping[str, str],
    wrong: Mapping[int, Sequence[str]],
    rulebook: Rulebook,
    lang: Language,
) -> list[dict[str, Any]]:
    """All orders of a check, in its order."""
    numbers = sources(found["answer"])
    every = [
        line(found, order["ref"], sent, wrong, rulebook, lang, numbers=numbers)
        for order in found["answer"]["orders"]
    ]
    again = {
        one["bill"] for one in every if one["decided"] and one["standing"]["decision"] != "use"
    }
    return [one | {"saves": _NOTHING} if one["bill"] in again else one for one in every]


def head(every: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What is said of all lines together: how many there are, chosen and decided; what is saved."""
    made = [one["standing"]["decision"] for one in every if one["decided"]]
    open_ = [one for one in every if one["open"]]
    return {
        "total": len(every),
        "recognisable": sum(one["outcome"] == "recognise" for one in every),
        "offered": sum(one["may_use"] for one in open_),
        "uses": sum(one["used"] for one in open_),
        "repeats": sum(bool(one["reason"]) for one in open_),
        "waiting": len(open_),
        "decided": {kind: made.count(kind) for kind in ("use", "repeat")},
        "amount": avoided(open_),
        "saved": avoided([{**one, "used": _is_used(one)} for one in every]),
    }


def _is_used(one: Mapping[str, Any]) -> bool:
    return one["decided"] and (one["standing"]["decision"], one["standing"]["state"]) == (
        "use",
        "recorded",
    )


def avoided(every: Sequence[Mapping[str, Any]]) -> str:
    """What need not be paid if the chosen results are used: of one billable all its lines, or none.

    Two decimals; "" when it is nothing.
    """
    whole: dict[str, bool] = {}
    sums: dict[str, Decimal] = {}
    for one in every:
        whole[one["bill"]] = whole.get(one["bill"], True) and one["used"]
        sums[one["bill"]] = sums.get(one["bill"], _NOTHING) + one["saves"]
    total = sum((amount for bill, amount in sums.items() if whole[bill]), _NOTHING)
    return str(total) if total else ""


def for_all(every: Sequence[Mapping[str, Any]], sent: Mapping[str, str]) -> list[dict[str, Any]]:
    """The reasons that may be given for all that is offered at once; none for a single line."""
    offered = [one for one in every if one["open"] and one["may_use"]]
    if len(offered) < 2:
        return []
    first = offered[0]["reasons"][:NUMBERED]
    return [one | {"number": 0, "chosen": one["key"] == sent.get("reason-all")} for one in first]


def labels(count: int, lang: Language) -> list[str]:
    """What the button says of 0, 1, 2 … results used."""
    return [
        say("decision-record", lang) if n == 0 else say("panel-use", lang, n=n)
        for n in range(count + 1)
    ]


def repeats(count: int, lang: Language) -> list[str]:
    """What is said of 0, 1, 2 … tests repeated."""
    return ["" if n == 0 else say("panel-repeats", lang, n=n) for n in range(count + 1)]
