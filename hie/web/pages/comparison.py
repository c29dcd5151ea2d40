"""A result beside what it is compared with: as reported and as this institution says it.

Pure, and taken from the findings of the assessment alone (R-302, R-308, R-507): what a gate did not
get to is shown as not asked, never worked out here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hie.recognition.rulebook import load_rulebook
from hie.recognition.texts import load_texts
from hie.store.instants import CHINA
from hie.terminology.units import unit_shown
from hie.web.language import Language, say
from hie.web.pages.answered import OUTCOMES
from hie.web.pages.view import CLASSES, interval_text, value_text


def comparison(candidate: Mapping[str, Any], lang: Language) -> dict[str, Any] | None:
    """Value, interval, flag and method, reported and received; the change. None for images."""
    reported = candidate["reported"]
    if reported["value"] is None and candidate["value"] is None:
        return None
    data = {finding["rule"]: finding["data"] for finding in candidate["findings"]}
    flags, method = data.get("R-308"), data.get("R-302")
    return {
        "reported": _value(reported["value"], reported["unit"]) or say("no-value", lang),
        "value": _own_value(candidate, lang),
        "converted": _converted(candidate),
        "interval": interval_text(reported["low"], reported["high"]) or say("not-printed", lang),
        "interval_own": _asked(flags, "interval_receiver", lang, "no-own-interval"),
        "flag": _word("flag", flags, lang),
        "flag_own": _word("flag_receiver", flags, lang),
        "flag_differs": bool(flags)
        and (flags or {}).get("flag") != (flags or {}).get("flag_receiver"),
        "method": _word("method", method, lang),
        "method_own": _word("method_ordered", method, lang),
        "has_method": bool(method and (method.get("method") or method.get("method_ordered"))),
        "change": _change(data.get("R-507"), lang),
    }


def _own_value(candidate: Mapping[str, Any], lang: Language) -> str:
    return f"{value_text(candidate, lang)} {unit_shown(candidate['unit'])}".strip()


def _converted(candidate: Mapping[str, Any]) -> bool:
    reported = candidate["reported"]
    return candidate["value"] not in CLASSES and reported["value"] != candidate["value"]


def _value(value: str | None, unit: str | None) -> str:
    return "" if value is None else f"{value} {unit_shown(unit)}".strip()


def _asked(data: Mapping[str, Any] | None, key: str, lang: Language, lacking: str) -> str:
    """A fact of a finding; in words when the rule was not asked, or knows none."""
    if data is None:
        return say("not-asked", lang)
    return str(data[key]).replace("-", "–") if data.get(key) else say(lacking, lang)


def _word(fact: str, data: Mapping[str, Any] | None, lang: Language) -> str:
    if data is None:
        return say("not-asked", lang)
    return load_texts().word(fact, data.get(fact), lang) or say("not-known", lang)


def _change(data: Mapping[str, Any] | None, lang: Language) -> dict[str, str] | None:
    """The change against the previous comparable result, with the reference change beside it."""
    if not data or not data.get("older_value"):
        return None
    return {
        "older": f"{data['older_value']} {unit_shown(data.get('unit'))}".strip(),
        "collected": (data.get("older_collected") or "")[:10],
        "percent": str(data.get("change_percent") or ""),
        "rcv": str(data.get("rcv_percent") or ""),
    }


def what_became(events: Sequence[Mapping[str, Any]], lang: Language) -> list[dict[str, Any]]:
    """What a decision rests on, as it was used beside what it says now, whatever lay between.

    Several versions of one resource are one table; other causes stand by themselves.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for n, event in enumerate(events):
        named = event.get("now") or {}
        resource = str(named.get("resource", f"{event['cause']}/{n}"))
        groups.setdefault(resource.partition("/_history/")[0], []).append(event)
    return [what_changed(_joined(group), lang) for group in groups.values()]


def _joined(group: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    first, last = group[0], group[-1]
    if first is last:
        return first
    found: dict[str, dict[str, Any]] = {}
    for event in group:
        for change in event["changes"]:
            found.setdefault(change["what"], dict(change))["new"] = change["new"]
    left = [change for change in found.values() if change["old"] != change["new"]]
    return {**last, "was": first.get("was"), "changes": left, "times": len(group)}


def what_changed(event: Mapping[str, Any], lang: Language) -> dict[str, Any]:
    """One event of a reopened decision: the version used beside the newer one, line by line."""
    was, now = event.get("was") or {}, event.get("now") or {}
    return {
        "cause": event["cause"],
        "times": event.get("times", 1),
        "was_at": _moment(was),
        "now_at": minute(event["at"]),
        "rows": [_row(one, was, now, lang) for one in event["changes"]],
    }


def _row(
    change: Mapping[str, Any], was: Mapping[str, Any], now: Mapping[str, Any], lang: Language
) -> dict[str, str]:
    what = change["what"]
    units = (was.get("unit"), now.get("unit")) if what in ("value", "low", "high") else (None, None)
    return {
        "what": what if what in WHATS else "other",
        "old": _said(what, change["old"], units[0], lang),
        "new": _said(what, change["new"], units[1], lang),
    }


def _said(what: str, value: str | None, unit: str | None, lang: Language) -> str:
    if value is None:
        return say("said-nothing", lang)
    if what == "status":
        return say(f"status-{value}", lang) if value in STATUSES else value
    if what == "class" and value in CLASSES:
        return say(f"class-{value}", lang)
    if what == "effective":
        return minute(value)
    if what == "outcome":
        return say(f"verdict-{value}", lang) if value in OUTCOMES else value
    if what == "rules":
        return "; ".join(_rule(one, lang) for one in value.split())
    if what in ("institution-status", "person") and value in STANDINGS:
        return say(f"standing-{value}", lang)
    return f"{value} {unit_shown(unit)}".strip()


def _rule(key: str, lang: Language) -> str:
    """A rule by its number and title."""
    rule = load_rulebook().rules.get(key)
    return f"{key} {rule.title[lang]}" if rule else key


STATUSES = (
    "registered",
    "preliminary",
    "final",
    "amended",
    "corrected",
    "appended",
    "partial",
    "available",
    "cancelled",
    "entered-in-error",
    "unknown",
)
STANDINGS = ("active", "suspended", "withdrawn", "same", "not-same")


def _moment(said: Mapping[str, Any]) -> str:
    """When a version was released, else when its specimen or image was taken."""
    text = said.get("issued") or said.get("effective") or ""
    return minute(str(text))


def minute(text: str) -> str:
    """A time to the minute in Shanghai; a day as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if len(text) <= 10 else moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


WHATS = (
    "status",
    "value",
    "unit",
    "class",
    "interpretation",
    "item",
    "effective",
    "low",
    "high",
    "findings",
    "conclusion",
    "body-part",
    "laterality",
    "contrast",
    "identity",
    "complete",
    "original",
    "received",
    "rejected",
    "person",
    "institution-status",
    "outcome",
    "rules",
)
