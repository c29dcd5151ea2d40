"""A question for indicators in a caller's words, and who may ask it of whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.policy import permit_institution
from hie.errors import Fault, UnprocessableRequest
from hie.fhir.elements import SHANGHAI, microseconds
from hie.recognition.indicator_tally import REPEAT_DAYS, Dimension
from hie.recognition.indicators import Period
from hie.recognition.moment import find_moment
from hie.recognition.small_cells import THRESHOLD
from hie.store.indicator_rows import Span

DAY_US = 86_400_000_000
_LONGEST = 3_660  # days of a period
_MOST_DAYS = 365  # of the window of repeats
_YEARS = (2000, 2199)  # of a day that may be asked about
_KEYS = frozenset({"from", "to", "institution", "by", "days", "as_known_at", "for_others"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question for indicators in which nothing is wrong.

    `known_us` is the instant they are as of; `dated`: the caller named it.
    """

    period: Period
    institution: str | None
    by: Dimension | None
    days: int
    known_us: int
    dated: bool
    threshold: int | None

    @property
    def span(self) -> Span:
        """The checks that belong to it."""
        first, after = (midnight(day) for day in (self.period.first, self.period.last))
        return Span(first, after + DAY_US, self.known_us, self.institution)


def read_wanted(actor: Actor, said: Mapping[str, Any], now_us: int) -> Wanted:
    """The question in a caller's words: days as YYYY-MM-DD, all of Asia/Shanghai.

    Raises UnprocessableRequest naming each fault; NotPermitted for another institution than the
    caller's, whatever else is wrong. The operator, and a client for public health (PUBHLTH), may
    ask for any or for all together; whoever it is not the own institution of gets no small counts,
    the operator only on request.
    """
    own = actor.institution
    everybody = actor.kind is ActorKind.OPERATOR or actor.purpose is Purpose.PUBLIC_HEALTH
    institution = said.get("institution") or (None if everybody else own)
    if institution is not None and not everybody:
        permit_institution(actor, str(institution))
    faults = [
        Fault(key, "unknown-key", ", ".join(sorted(_KEYS))) for key in sorted(said.keys() - _KEYS)
    ]
    first, last = (_day(said, key, faults) for key in ("from", "to"))
    if first and last and not 1 <= Period(first, last).days <= _LONGEST:
        faults.append(Fault("to", "invalid-value", f"a day after `from`, {_LONGEST} days at most"))
    by = said.get("by")
    if by is not None and by not in set(Dimension):
        faults.append(Fault("by", "invalid-value", ", ".join(Dimension)))
    days = str(said.get("days") or REPEAT_DAYS)
    if not (days.isascii() and days.isdigit() and 1 <= int(days[:9]) <= _MOST_DAYS):
        faults.append(Fault("days", "invalid-value", f"1 to {_MOST_DAYS}"))
    known = said.get("as_known_at")
    known_us = now_us if known is None else _instant(known, faults)
    others = _truth(said, "for_others", faults) or (
        actor.kind is not ActorKind.OPERATOR and institution != own
    )
    if faults or first is None or last is None:
        raise UnprocessableRequest("indicators", tuple(faults))
    return Wanted(
        period=Period(first, last),
        institution=None if institution is None else str(institution),
        by=None if by is None else Dimension(by),
        days=int(days),
        known_us=min(known_us, now_us),
        dated=known is not None,
        threshold=THRESHOLD if others else None,
    )


def midnight(day: date) -> int:
    """The first microsecond of a day."""
    return microseconds(datetime.combine(day, datetime.min.time(), SHANGHAI))


def _day(said: Mapping[str, Any], key: str, faults: list[Fault]) -> date | None:
    text = said.get(key)
    try:
        if isinstance(text, str) and len(text) == 10:
            day = date.fromisoformat(text)
            if _YEARS[0] <= day.year <= _YEARS[1]:
                return day
    except ValueError:
        pass
    faults.append(Fault(key, "required" if text is None else "invalid-value", "YYYY-MM-DD"))
    return None


def _instant(text: Any, faults: list[Fault]) -> int:
    found = find_moment(text)
    if found is None or not found.exact:
        faults.append(
            Fault("as_known_at", "invalid-value", "an instant with its offset (RFC 3339)")
        )
        return 0
    return found.at_us


def _truth(said: Mapping[str, Any], key: str, faults: list[Fault]) -> bool:
    """True or false, as a value or as text of a query."""
    found = said.get(key, False)
    if found not in (True, False, "true", "false"):
        faults.append(Fault(key, "invalid-value", "true or false"))
    return found in (True, "true")
