"""What an order, its verdict and its decisions look like on the page of a check.

Pure: the plain values of `order_desk.desk` in, plain dicts for the template out.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from hie.recognition.reminders import OFFERED
from hie.recognition.rulebook import Rulebook
from hie.store.ids import new_id
from hie.terminology.units import unit_shown
from hie.web.language import Language, say
from hie.web.pages import why
from hie.web.pages.answered import OUTCOMES, mark_state, shown
from hie.web.pages.comparison import comparison, minute, what_became
from hie.web.pages.studies import part_name
from hie.web.pages.view import collected_text, limit_text, value_text

FIELDS = ("reason", "text", "explained_to_patient", "assessment", "replaces")
_URGENT = frozenset({"emergency", "intensive-care"})


def chosen(found: Mapping[str, Any], ref: str | None) -> str | None:
    """The line that is shown: the one asked for; else of the first reminder, or of a single line.

    In an emergency nothing is put forward: a line is shown when it is asked for.
    """
    refs = [order["ref"] for order in found["answer"]["orders"]]
    if ref in refs:
        return ref
    if len(refs) == 1:
        return str(refs[0])
    lines = found["lines"].values()
    return next((one.ref for one in lines if one.silent is None), None)


def row(
    found: Mapping[str, Any], order: Mapping[str, Any], base: str, lang: Language
) -> dict[str, Any]:
    """One order of the list: verdict, value, source, and what was decided."""
    decided = found["decisions"][order["ref"]]
    candidate = shown(order) if order["candidates"] else None
    return {
        "ref": order["ref"],
        "url": f"{base}?{urlencode({'order': order['ref']})}",
        "name": title(found, order, lang),
        "outcome": order["outcome"],
        "value": _value(candidate, lang) if candidate else "",
        "institution": candidate["institution"]["name"] if candidate else "",
        "age": collected_text(candidate, lang) if candidate else "",
        "decision": decided[0]["decision"] if decided else "",
        "state": decided[0]["state"] if decided else "",
    }


def reminders(found: Mapping[str, Any], base: str, lang: Language) -> list[dict[str, str]]:
    """The lines to put forward now (R-907): each once, none in an emergency, none decided on."""
    orders = {order["ref"]: order for order in found["answer"]["orders"]}
    return [
        {
            "name": title(found, orders[one.ref], lang),
            "url": f"{base}?{urlencode({'order': one.ref})}",
        }
        for one in found["lines"].values()
        if one.silent is None
    ]


def is_emergency(found: Mapping[str, Any]) -> bool:
    """Whether the encounter is one in which nobody is reminded."""
    return found["encounter"].get("class") in _URGENT


def encounter(found: Mapping[str, Any], lang: Language) -> str:
    """The encounter in words, as it was stated."""
    said = found["encounter"]
    words = [
        say(f"{prefix}-{said[key]}", lang)
        for key, prefix in (("class", "encounter"), ("purpose", "intent"), ("before", "measure"))
        if said.get(key)
    ]
    return " · ".join(words)


def order(found: Mapping[str, Any], ref: str, rulebook: Rulebook, lang: Language) -> dict[str, Any]:
    """The line that is shown: result, comparison, reasons, what was decided, what may be."""
    asked = next(one for one in found["answer"]["orders"] if one["ref"] == ref)
    candidate = shown(asked) if asked["candidates"] else None
    decisions = [_decision(one, found, lang) for one in found["decisions"][ref]]
    standing = decisions[0] if decisions else None
    return {
        "ref": ref,
        "name": title(found, asked, lang),
        "outcome": asked["outcome"] if asked["outcome"] in OUTCOMES else "none",
        "candidate": _candidate(candidate, found, lang) if candidate else None,
        "comparison": comparison(candidate, lang) if candidate else None,
        "gates": why.gates(candidate, rulebook, lang) if candidate else [],
        "earlier": [
            {
                "value": _value(one, lang),
                "institution": one["institution"]["name"],
                "collected": collected_text(one, lang),
                "outcome": one["outcome"],
            }
            for one in asked["candidates"]
            if one is not candidate
        ],
        "saves": asked["saves"],
        "may_use": candidate is not None and candidate["outcome"] in OFFERED,
        "reasons": [
            {"key": one.key, "words": one.words[lang], "needs_text": one.needs_text}
            for one in found["reasons"][ref]
        ],
        "suggested": len(asked["reasons"]),
        "standing": standing,
        "history": decisions,
        "silent": found["lines"][ref].silent,
        "key": new_id(),
    }


def title(found: Mapping[str, Any], order: Mapping[str, Any], lang: Language) -> str:
    """What is ordered, with part, side and contrast of an examination."""
    named = found["names"].get(order["item"])
    name = named[lang] if named else str(order["item"])
    line = found["requested"].get(order["ref"]) or {}
    said = []
    if line.get("body_part"):
        parts = str(line["body_part"]).replace("，", ",").split(",")
        said.append(say("list-joint", lang).join(part_name(part.strip(), lang) for part in parts))
    if line.get("laterality"):
        said.append(say(f"side-{str(line['laterality']).lower()}", lang))
    if line.get("contrast") is not None:
        said.append(say("contrast-enhanced" if line["contrast"] else "contrast-none", lang))
    return " · ".join([name, *said])


def _value(candidate: Mapping[str, Any], lang: Language) -> str:
    if candidate["value"] is None and candidate["resource"].startswith(("Imaging", "Diagnostic")):
        return ""
    return f"{value_text(candidate, lang)} {unit_shown(candidate['unit'])}".strip()


def _candidate(
    candidate: Mapping[str, Any], found: Mapping[str, Any], lang: Language
) -> dict[str, Any]:
    kind, key = candidate["resource"].split("/")[:2]
    patient = found["patient"]
    images = kind == "ImagingStudy" and patient is not None
    return {
        "assessment": candidate["assessment"],
        "value": _value(candidate, lang),
        "institution": candidate["institution"]["name"] or say("institution-unknown", lang),
        "mark": candidate["mark"],
        "mark_state": mark_state(candidate),
        "collected": minute(candidate["effective"] or "") or say("collected-unknown", lang),
        "age": collected_text(candidate, lang),
        "limit": limit_text(candidate, lang),
        "images": f"/patients/{patient['id']}/images/{key}" if images else None,
        "version": candidate["resource"].rsplit("/", 1)[-1],
    }


def _decision(one: Mapping[str, Any], found: Mapping[str, Any], lang: Language) -> dict[str, Any]:
    return {
        **one,
        "at": minute(one["at"]),
        "reason": one["reason"][lang] if one["reason"] else "",
        "events": what_became(one["events"], lang),
        "stale": any(event["at"] > found["at"] for event in one["events"]),
        "url": f"/checks/{one['check']}?{urlencode({'order': one['ref']})}",
    }
