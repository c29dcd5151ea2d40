"""One order as a line of the form by which it is decided: its verdict, why, and what is chosen.

Pure: the plain values of `order_desk.desk` and of a form that was sent in, a plain dict for the
template out. What is recognised is chosen beforehand, as an offer; a reason to repeat never is.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from hie.recognition.reminders import OFFERED, Silent
from hie.recognition.rulebook import Rulebook
from hie.web.language import Language, say
from hie.web.pages import why
from hie.web.pages.answered import OUTCOMES, shown
from hie.web.pages.comparison import minute
from hie.web.pages.decision_view import address, candidate_of, decision_of, outcome_of, title
from hie.web.pages.view import flag_of

NUMBERED = 6  # reasons that have a key of their own
_QUIET = frozenset({Silent.EMERGENCY, Silent.DECIDED})


def line(
    found: Mapping[str, Any],
    ref: str,
    sent: Mapping[str, str],
    wrong: Mapping[int, Sequence[str]],
    rulebook: Rulebook,
    lang: Language,
    *,
    numbers: Mapping[str, int] | None = None,
    anew: bool = False,
) -> dict[str, Any]:
    """One order as a line of the form; `anew`: a decision that stands here may be changed."""
    orders = found["answer"]["orders"]
    place, order = next((n, one) for n, one in enumerate(orders, 1) if one["ref"] == ref)
    candidate = shown(order) if order["candidates"] else None
    decisions = [decision_of(one, found, lang) for one in found["decisions"][ref]]
    standing = decisions[0] if decisions else None
    decided = standing is not None and standing["here"]
    may_use = candidate is not None and candidate["outcome"] in OFFERED
    faults = list(wrong.get(place, ()))
    chosen = _chosen(found, order, standing, sent, place)
    chosen["used"] = chosen["used"] and may_use  # what was offered may be so no more
    if "both" in faults:
        chosen |= {"used": False, "reason": ""}
    gates = why.gates(candidate, rulebook, lang) if candidate else []
    spoke = [one for gate in gates for one in gate["findings"] if one["state"] != "passed"]
    first, more = _reasons(found, order, chosen["reason"], lang)
    return {
        "n": place,
        "ref": ref,
        "name": title(found, order, lang),
        "url": address(f"/checks/{found['check']}", ref),
        "outcome": outcome_of(found, order),
        "result": candidate_of(candidate, found, ref, lang) if candidate else None,
        "flag": flag_of(candidate) if candidate else "",
        "source": (numbers or {}).get(candidate["institution"]["code"], 0) if candidate else 0,
        "trend": _trend(found, order, candidate),
        "spoke": spoke,
        "hint": _hint(order["outcome"], spoke, rulebook),
        "offer": candidate["assessment"] if candidate else "",
        "may_use": may_use,
        "open": (candidate is not None or standing is not None) and (not decided or anew),
        "decided": decided,
        "standing": standing,
        "silent": found["lines"][ref].silent,
        "said": _said(found, ref, lang),
        "reasons": first,
        "more": more,
        "wrong": faults,
        "bill": _bill(found, order),
        "saves": Decimal((order["saves"] or {}).get("amount", "0.00")),
        **chosen,
    }


def _chosen(
    found: Mapping[str, Any],
    order: Mapping[str, Any],
    standing: Mapping[str, Any] | None,
    sent: Mapping[str, str],
    place: int,
) -> dict[str, Any]:
    """What is chosen of a line: what was sent, else what is offered."""
    if f"ref-{place}" in sent:
        return {
            "used": sent.get(f"use-{place}") == "yes",
            "reason": sent.get(f"reason-{place}", ""),
            "text": sent.get(f"text-{place}", ""),
        }
    quiet = standing is None and found["lines"][order["ref"]].silent in _QUIET
    quiet = quiet or order["ref"] in found["said"]  # the order was kept: that is not asked again
    settled = standing is not None and standing["here"]
    offered = order["outcome"] == "recognise" and not quiet and not settled
    return {"used": offered, "reason": "", "text": ""}


def _reasons(
    found: Mapping[str, Any], order: Mapping[str, Any], chosen: str, lang: Language
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The reasons to repeat: those put forward, and the others; the first have a number each.

    Put forward are the national ones, always in one order, and then those the answer names.
    """
    known = found["reasons"][order["ref"]]
    national = sorted((one for one in known if one.scope == "national"), key=lambda one: one.key)
    named = [one for one in known if one not in national and one.key in order["reasons"]]
    rest = [one for one in known if one not in national and one not in named]
    told = [
        {
            "key": one.key,
            "words": one.words[lang],
            "needs_text": one.needs_text,
            "number": n if n <= NUMBERED else 0,
            "chosen": one.key == chosen,
        }
        for n, one in enumerate((*national, *named, *rest), 1)
    ]
    first = len(national) + len(named)
    return told[:first], told[first:]


def _hint(outcome: str, spoke: Sequence[Mapping[str, Any]], rulebook: Rulebook) -> str:
    """The one sentence that made the verdict what it is; "" where nothing speaks against."""
    if outcome not in OUTCOMES or outcome == "recognise":
        return ""
    against = [one for one in spoke if one["css"] in {"n", "q"}]
    return (
        str(min(against, key=lambda one: _weight(one, outcome, rulebook))["text"])
        if against
        else ""
    )


def _weight(finding: Mapping[str, Any], outcome: str, rulebook: Rulebook) -> int:
    """How near a finding is to the verdict, 0 the nearest: it brought it by firing, or unknown."""
    rule, fired = rulebook.rules.get(finding["rule"]), finding["state"] == "fired"
    if rule is None:
        return 2 if fired else 3
    cases = rule.cases if fired else rule.unknown_cases
    brings = {rule.outcome if fired else rule.unknown, *cases.values()}
    return (0 if fired else 1) if outcome in brings else 2 if fired else 3


def _said(found: Mapping[str, Any], ref: str, lang: Language) -> dict[str, str]:
    """What the ordering system said of the card about an order nobody decided on, and when."""
    one = found["said"].get(ref)
    if one is None:
        return {}
    key = "card-kept" if one["became"] == "kept" else "card-dismissed"
    text = say("card-reason", lang, reason=one["reason"][lang]) if one["reason"] else say(key, lang)
    return {"text": text, "comment": one["comment"], "at": minute(one["at"])}


def _trend(
    found: Mapping[str, Any], order: Mapping[str, Any], candidate: Mapping[str, Any] | None
) -> str:
    """Where a laboratory value is seen among the patient's others."""
    if candidate is None or found["patient"] is None or _is_image(found, order):
        return ""
    return f"/patients/{found['patient']['id']}?item={order['item']}"


def _bill(found: Mapping[str, Any], order: Mapping[str, Any]) -> str:
    """What a line is billed by: images each by themselves."""
    billable = (order["saves"] or {}).get("billable", "")
    return f"{billable}:{order['ref']}" if _is_image(found, order) else billable


def _is_image(found: Mapping[str, Any], order: Mapping[str, Any]) -> bool:
    return (found["names"].get(order["item"]) or {}).get("category") == "imaging"
