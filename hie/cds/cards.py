"""One card for one draft order: what may stand in for it, what can be done at once, and why not.

A card offers and never decides: its indicator is never `critical`, and of two suggestions at most
one is taken. "use" removes the draft; "keep" leaves it and attaches the earlier result to it. What
was taken comes back as feedback. CDS Hooks 2.0, "Card Attributes", "Suggestion", "Action".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from hie.cds.drafts import Draft
from hie.cds.markdown import escaped, plain
from hie.cds.said import Said, cut, leading, said_of, words
from hie.fhir import CANONICAL, Resource
from hie.recognition.assessment import Outcome
from hie.recognition.reasons import Reason
from hie.recognition.rulebook import Effect, Rulebook
from hie.wording import Language

REASONS: Final = f"{CANONICAL}/CodeSystem/retest-reason"  # system of override reasons
_TOPICS: Final = f"{CANONICAL}/CodeSystem/card-topic"
_AGE_RULE = "R-401"
_MOST_FINDINGS = 6
_INDICATORS: Final = {Outcome.RECOGNISE: "info", Outcome.REVIEW: "warning"}


@dataclass(frozen=True, slots=True)
class Made:
    """A card as JSON, and its suggestions (uuid, "use" or "keep")."""

    card: dict[str, Any]
    suggestions: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A draft with what was answered of it; `name` is what it orders, in the card's language."""

    draft: Draft
    order: Mapping[str, Any]
    name: str
    reasons: Sequence[Reason]


def card_of(
    line: Line,
    links: Sequence[Mapping[str, Any]],
    base: str,
    rulebook: Rulebook,
    lang: Language,
) -> Made:
    """The card of an order that has something to say; `base` is the hub's address."""
    say = words(lang).say
    candidate, outcome = leading(line.order), Outcome(line.order["outcome"])
    said = said_of(candidate, line.name, lang)
    summary = say(
        f"summary-{outcome}" if said.value else f"summary-plain-{outcome}",
        name=plain(said.name),
        value=plain(said.value),
        institution=plain(said.institution),
        age=said.age,
    )
    suggested = _suggestions(line, candidate, base, lang, recommended=outcome is Outcome.RECOGNISE)
    card: dict[str, Any] = {
        "uuid": str(uuid4()),
        "summary": cut(summary),
        "detail": _detail(line.order, candidate, said, rulebook, lang),
        "indicator": _INDICATORS[outcome],
        "source": source(base, lang),
    }
    if suggested:
        card["suggestions"] = [one for _, one in suggested]
        card["selectionBehavior"] = "at-most-one"
    card["overrideReasons"] = [
        {"system": REASONS, "code": one.key, "display": getattr(one.words, lang)}
        for one in line.reasons
    ]
    card["links"] = [dict(one) for one in links]
    return Made(card, tuple((one["uuid"], kind) for kind, one in suggested))


def source(base: str, lang: Language) -> dict[str, Any]:
    """Whose card it is."""
    say = words(lang).say
    topic = {"system": _TOPICS, "code": "mutual-recognition", "display": say("topic")}
    return {"label": say("source"), "url": f"{base}/", "topic": topic}


def _detail(
    order: Mapping[str, Any],
    candidate: Mapping[str, Any],
    said: Said,
    rulebook: Rulebook,
    lang: Language,
) -> str:
    say = words(lang).say
    first = say(
        "detail-result",
        name=escaped(said.name),
        value=escaped(said.value),
        institution=escaped(said.institution),
        age=said.age,
    )
    more = []
    if said.reported:
        more.append(say("detail-reported", value=escaped(said.reported)))
    if candidate["mark"]:
        more.append(say("detail-mark", mark=escaped(candidate["mark"])))
    if candidate["limit_days"] is not None:
        more.append(say("detail-limit", limit=candidate["limit_days"]))
    parts = [" · ".join([" ".join(first.split()), *more])]
    reasons = _reasons(candidate, rulebook, lang)
    if reasons:
        parts.append("\n".join(f"- {one}" for one in reasons))
    if order["saves"] is not None:
        saves = order["saves"]
        parts.append(say("detail-saves", amount=saves["amount"], currency=saves["currency"]))
    parts.append(say("detail-decide"))
    return "\n\n".join(parts)


def _reasons(candidate: Mapping[str, Any], rulebook: Rulebook, lang: Language) -> list[str]:
    """What lowered it, then what speaks for it, then how old it is; not what is merely unknown."""
    lowering, notices, aged = [], [], []
    for one in candidate["findings"]:
        rule = rulebook.rules.get(one["rule"])
        effect = None if rule is None else rule.effect(fired=one["fired"], unknown=one["unknown"])
        if effect not in (None, Effect.PASS):
            lowering.append(one)
        elif one["fired"]:
            notices.append(one)
        elif one["rule"] == _AGE_RULE:
            aged.append(one)
    texts = (one["text"][lang] for one in [*lowering[:_MOST_FINDINGS], *notices, *aged])
    return [escaped(text) for text in texts if text]


def _suggestions(
    line: Line, candidate: Mapping[str, Any], base: str, lang: Language, *, recommended: bool
) -> list[tuple[str, dict[str, Any]]]:
    """What can be done with the draft at once; nothing with one that has no id."""
    say, key = words(lang).say, line.draft.key
    if key is None:
        return []
    name = plain(line.name)
    use: dict[str, Any] = {
        "label": say("use"),
        "uuid": str(uuid4()),
        "isRecommended": recommended,
        "actions": [
            {"type": "delete", "description": say("use-delete", name=name), "resourceId": key}
        ],
    }
    attached = with_result(line.draft.resource, candidate, base, name)
    keep: dict[str, Any] = {
        "label": say("keep"),
        "uuid": str(uuid4()),
        "actions": [
            {"type": "update", "description": say("keep-update", name=name), "resource": attached}
        ],
    }
    return [("use", use), ("keep", keep)]


def with_result(draft: Resource, candidate: Mapping[str, Any], base: str, name: str) -> Resource:
    """The draft in its entirety with the earlier result among its supporting information."""
    kind, key = candidate["resource"].split("/")[:2]
    link = {"reference": f"{base}/fhir/{kind}/{key}", "type": kind, "display": name}
    listed = draft.get("supportingInfo")
    known = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    if all(one.get("reference") != link["reference"] for one in known):
        known.append(link)
    return {**draft, "supportingInfo": known}
