"""A result of an answer in a card's words: its name, value, source and age."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hie.terminology.units import unit_shown
from hie.wording import Language, Words, words_of

_CLASSES = frozenset({"reactive", "non-reactive", "indeterminate"})
LONGEST = 139  # characters of a summary: fewer than 140 (CDS Hooks 2.0, "Card Attributes")


@dataclass(frozen=True, slots=True)
class Said:
    """The words of one candidate; `value` is "" where it has none, as of images."""

    name: str
    value: str
    reported: str
    institution: str
    age: str


def words(lang: Language) -> Words:
    """The words of cards in one language."""
    return words_of("cards", lang)


def leading(order: Mapping[str, Any]) -> Mapping[str, Any]:
    """The candidate a card speaks of: the first with the order's outcome."""
    found: Mapping[str, Any] = next(
        one for one in order["candidates"] if one["outcome"] == order["outcome"]
    )
    return found


def said_of(candidate: Mapping[str, Any], name: str, lang: Language) -> Said:
    """A candidate in words; what was converted says how it was reported."""
    say, reported = words(lang).say, candidate["reported"]
    converted = reported["value"] is not None and reported["value"] != candidate["value"]
    is_class = candidate["value"] in _CLASSES
    return Said(
        name,
        _measured(candidate["value"], candidate["unit"], lang),
        _measured(reported["value"], reported["unit"], lang) if converted and not is_class else "",
        candidate["institution"]["name"] or say("institution-unknown"),
        age(candidate["age_days"], lang),
    )


def age(days: int | None, lang: Language) -> str:
    """How long ago the specimen or the images were taken."""
    say = words(lang).say
    if days is None:
        return say("age-unknown")
    return say("age-today") if days <= 0 else say("age-days", n=days)


def cut(text: str) -> str:
    """A summary that is not too long."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


def _measured(value: str | None, unit: str | None, lang: Language) -> str:
    if value is None:
        return ""
    if value in _CLASSES:
        return words(lang).say(f"class-{value}")
    return f"{value} {unit_shown(unit)}".strip()
