"""Feeds, causes and codes as the page of messages shows them: numbers, fields and words alone."""

import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from hie.canonical.laboratory import UNMAPPED
from hie.exchange.feed_desk import Desk, Feed, Health
from hie.exchange.held_causes import Circumstances, Group
from hie.exchange.hub import Hub
from hie.exchange.map_desk import Waiting
from hie.store.feeds import HOUR_US
from hie.store.instants import written
from hie.web import held_words
from hie.web.feed_chart import hourly
from hie.web.language import Language, say
from hie.web.pages.comparison import minute
from hie.web.sheet import legible

_NAMED = 20  # messages of a cause that are listed
_DAY_US = 24 * HOUR_US
_FORMATS = {"hl7v2": "HL7 v2", "dicom": "DICOM"}
_WAYS = {"mllp": "MLLP", "http": "HTTP", "dicom": "DICOM"}
_DOTS = {
    Health.OFF: "z",
    Health.NEW: "z",
    Health.SILENT: "e",
    Health.BEHIND: "w",
    Health.HOLDING: "w",
}


def cards(
    found: Desk, unmapped: int, expires_us: int | None, now_us: int, lang: Language
) -> list[tuple[str, str]]:
    """The five numbers; without a certificate, four."""
    shown = [
        (say("messages-stored-today", lang), grouped(found.stored_today)),
        (say("messages-lag", lang), span(found.lag_us, lang)),
        (say("messages-held", lang), grouped(found.held)),
        (say("messages-unmapped", lang), grouped(unmapped)),
    ]
    if expires_us is not None:
        days = (expires_us - now_us) // _DAY_US
        shown.append((say("messages-certificate", lang), say("messages-days", lang, n=days)))
    return shown


def feed(one: Feed, unmapped: int, lang: Language) -> dict[str, Any]:
    """A row of the feeds."""
    most = max(one.hours)
    label = say("messages-chart", lang, n=sum(one.hours), most=most)
    return {
        "site": one.site,
        "door": door(one.adapter, one.channels),
        "health": str(one.health),
        "dot": _DOTS.get(one.health, ""),
        "chart": hourly(one.hours, label, is_ill=one.health is Health.SILENT),
        "hours": [grouped(n) for n in one.hours],
        "last": minute(written(one.standing.last_us)) if one.standing.last_us else "",
        "today": grouped(one.stored_today),
        "lag": span(one.lag_us, lang),
        "unmapped": unmapped,
        "held": one.standing.held,
        "url": f"/messages?{urlencode({'site': one.site})}#held",
    }


def door(adapter: str, channels: Sequence[str]) -> str:
    """How a system speaks to the hub: the format, and the ways it came by of late."""
    words = [_FORMATS.get(adapter, adapter), *(_WAYS.get(one, one) for one in channels)]
    return " ".join(dict.fromkeys(words))


def share(part: float) -> str:
    """A part of all in percent, never rounded up: all but one of many is not 100 %."""
    return f"{math.floor(part * 1000) / 10:.1f}%"


def cause(hub: Hub, one: Group, adapters: Mapping[str, str], lang: Language) -> dict[str, Any]:
    """A row of the causes."""
    adapter = hub.adapters.get(adapters.get(one.cause.site, ""))
    asked = {"site": one.cause.site, "code": one.cause.code, "field": one.cause.field}
    return {
        "site": one.cause.site,
        "code": one.cause.code,
        "field": legible(one.cause.field),
        "stage": one.stage,
        "title": held_words.title(one.cause.code, one.stage, adapter, lang),
        "n": len(one.messages),
        "since": minute(written(one.first_us)),
        "url": f"/messages?{urlencode(asked)}#cause",
    }


def detail(
    hub: Hub, one: Group, around: Circumstances, adapters: Mapping[str, str], lang: Language
) -> dict[str, Any]:
    """The chosen cause: where it stopped, what was expected, why it is likely, what to do."""
    words = held_words.words_of(one.cause.code, one.stage)
    return {
        **cause(hub, one, adapters, lang),
        "path": legible(one.path),
        "expected": legible(one.expected),
        "last": minute(written(one.last_us)),
        "steps": held_words.steps(one.stage, is_stored=one.cause.code == UNMAPPED),
        "why": say(f"hold-why-{words.key}", lang),
        "around": [] if one.cause.code == UNMAPPED else _around(around, one, lang),
        "remedy": str(words.remedy),
        "profile": words.profile,
        "messages": one.messages[:_NAMED],
        "more": max(len(one.messages) - _NAMED, 0),
    }


def _around(around: Circumstances, one: Group, lang: Language) -> list[str]:
    """What the traffic of the site says about a cause."""
    told = []
    if around.stored_since:
        told.append(say("messages-some", lang, n=around.stored_since))
    elif around.stored_before:
        told.append(say("messages-none-since", lang, n=around.stored_before))
    else:
        told.append(say("messages-never", lang))
    if one.first_us - _DAY_US <= around.profile_us <= one.first_us:
        at = minute(written(around.profile_us))
        told.append(say("messages-profile-changed", lang, at=at))
    return told


def code(hub: Hub, one: Waiting, lang: Language) -> dict[str, Any]:
    """A row of the codes."""
    known = hub.catalogue.items.get(one.item) if one.item else None
    loinc = (*known.loinc_confirmed, *known.loinc_unconfirmed)[:1] if known is not None else ()
    return {
        "site": one.site,
        "system": one.system,
        "code": one.code,
        "shown": legible(one.code),
        "name": legible(one.name),
        "unit": legible(one.unit),
        "count": grouped(one.count),
        "held": one.held,
        "version": one.version,
        "item": one.item,
        "item_name": item(hub, one.item, lang) if one.item else "",
        "loinc": "".join(loinc),
        "unit_fits": one.unit_fits,
    }


def item(hub: Hub, key: str, lang: Language) -> str:
    """An item of the catalogue by name."""
    known = hub.catalogue.items[key]
    return known.zh if lang == "zh" else known.en


def grouped(number: int) -> str:
    """Thousands with a thin space."""
    return f"{number:,}".replace(",", "\u2009")


def span(time_us: int | None, lang: Language) -> str:
    """A time that something takes, as people say it; a dash where it is not known."""
    if time_us is None:
        return "–"
    seconds = time_us / 1_000_000
    if seconds < 60:
        return say("messages-seconds", lang, n=f"{seconds:.1f}")
    minutes = int(seconds // 60)
    if minutes < 60:
        return say("messages-minutes", lang, n=minutes)
    return say("messages-hours", lang, n=minutes // 60, minutes=minutes % 60)
