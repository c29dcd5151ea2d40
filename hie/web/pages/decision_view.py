"""What an order, its verdict and its decisions look like on the page of a check.

Pure: the plain values of `order_desk.desk` in, plain dicts for the template out.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from hie.recognition.reminders import URGENT
from hie.recognition.rulebook import Rulebook
from hie.terminology.units import unit_shown
from hie.web.language import Language, say
from hie.web.pages import why
from hie.web.pages.answered import OUTCOMES, mark_state, shown
from hie.web.pages.comparison import comparison, minute, what_became
from hie.web.pages.studies import part_name
from hie.web.pages.view import collected_text, limit_text, value_text


def chosen(found: Mapping[str, Any], ref: str | None) -> str | None:
    """The order whose detail is asked for; None: all of them are shown, as one decision."""
    return ref if any(order["ref"] == ref for order in found["answer"]["orders"]) else None


def row(
    found: Mapping[str, Any], order: Mapping[str, Any], base: str, lang: Language
) -> dict[str, Any]:
    """One order of the list: verdict, value, source, and what was decided."""
    decided = found["decisions"][order["ref"]]
    candidate = shown(order) if order["candidates"] else None
    return {
        "ref": order["ref"],
        "url": address(base, order["ref"]),
        "name": title(found, order, lang),
        "outcome": outcome_of(found, order),
        "value": value_of(candidate, lang) if candidate else "",
        "institution": candidate["institution"]["name"] if candidate else "",
        "age": collected_text(candidate, lang) if candidate else "",
        "decision": decided[0]["decision"] if decided else "",
        "state": decided[0]["state"] if decided else "",
    }


def is_emergency(found: Mapping[str, Any]) -> bool:
    """Whether the encounter is one in which nobody is reminded."""
    return found["encounter"].get("class") in URGENT


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
    """One order in full: result, comparison, every reason, what was decided and what became."""
    asked = next(one for one in found["answer"]["orders"] if one["ref"] == ref)
    candidate = shown(asked) if asked["candidates"] else None
    decisions = [decision_of(one, found, lang) for one in found["decisions"][ref]]
    standing = decisions[0] if decisions else None
    return {
        "ref": ref,
        "name": title(found, asked, lang),
        "outcome": outcome_of(found, asked),
        "candidate": candidate_of(candidate, found, ref, lang) if candidate else None,
        "comparison": comparison(candidate, lang) if candidate else None,
        "gates": why.gates(candidate, rulebook, lang) if candidate else [],
        "earlier": [
            {
                "value": value_of(one, lang),
                "institution": one["institution"]["name"],
                "collected": collected_text(one, lang),
                "outcome": one["outcome"],
            }
            for one in asked["candidates"]
            if one is not candidate
        ],
        "saves": asked["saves"],
        "standing": standing,
        "history": decisions,
        "silent": found["lines"][ref].silent,
    }


def outcome_of(found: Mapping[str, Any], order: Mapping[str, Any]) -> str:
    """The verdict of an order; of a patient who is not certain nothing was looked up."""
    if order["outcome"] in OUTCOMES:
        return str(order["outcome"])
    return "unseen" if found["answer"]["identity"] == "ambiguous" else "none"


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


def value_of(candidate: Mapping[str, Any], lang: Language) -> str:
    """A value with its unit; nothing of images."""
    if candidate["value"] is None and candidate["resource"].startswith(("Imaging", "Diagnostic")):
        return ""
    return f"{value_text(candidate, lang)} {unit_shown(candidate['unit'])}".strip()


def address(base: str, ref: str) -> str:
    """Where the detail of one order is."""
    return f"{base}?{urlencode({'order': ref})}"


def candidate_of(
    candidate: Mapping[str, Any], found: Mapping[str, Any], ref: str, lang: Language
) -> dict[str, Any]:
    """The earlier result that is shown of an order: what it says, whose it is, how old."""
    kind, key = candidate["resource"].split("/")[:2]
    patient = found["patient"]
    images = kind == "ImagingStudy" and patient is not None
    asked = urlencode({"check": found["check"], "order": ref})
    return {
        "assessment": candidate["assessment"],
        "value": value_of(candidate, lang),
        "institution": candidate["institution"]["name"] or say("institution-unknown", lang),
        "mark": candidate["mark"],
        "mark_state": mark_state(candidate),
        "collected": minute(candidate["effective"] or "") or say("collected-unknown", lang),
        "age": collected_text(candidate, lang),
        "limit": limit_text(candidate, lang),
        "images": f"/patients/{patient['id']}/images/{key}?{asked}" if images else None,
    }


def decision_of(one: Mapping[str, Any], found: Mapping[str, Any], lang: Language) -> dict[str, Any]:
    """A decision that was made, in words, with what became of its result."""
    return {
        **one,
        "at": minute(one["at"]),
        "reason": one["reason"][lang] if one["reason"] else "",
        "events": what_became(one["events"], lang),
        "stale": any(event["at"] > found["at"] for event in one["events"]),
        "url": address(f"/checks/{one['check']}", one["ref"]),
    }
