"""What patients' Consents decided about an access, for the log (IHE BALP, AuthZconsent).

An event of its own beside the access, committed with it: only where a Consent spoke, and naming
those that did. Where none does the region's policy holds, and there is nothing to name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from hie.access.actor import ActorKind, Purpose
from hie.access.asking import asking
from hie.access.reason import Reason
from hie.audit.event import Action, Event, EventType, Outcome, Subject
from hie.consent.rule import DENY, Rule, is_of_everything
from hie.consent.words import GLASS, purpose_bit
from hie.store.consents import rules_by_home
from hie.store.session import Reader

_LOOKS = frozenset(
    {
        EventType.READ, EventType.VREAD, EventType.HISTORY, EventType.SEARCH,
        EventType.ORDER_CHECK, EventType.ASSESS, EventType.PAGE, EventType.TOKEN_ISSUED,
    }
)  # fmt: skip


def may_be_decided(events: Iterable[Event]) -> bool:
    """Whether any of these is about somebody who may have rules: whether `decided` will look."""
    return any(_homes(event) for event in events)


async def decided(reader: Reader, events: Sequence[Event]) -> list[Event]:
    """The decisions that go with these events, in their order."""
    concerned = [(event, _homes(event)) for event in events]
    homes = sorted({home for _, mine in concerned for home in mine})
    if not homes:
        return []
    rules = await rules_by_home(reader, homes)
    if not rules:
        return []
    return [one for event, mine in concerned for one in _of_event(event, mine, rules)]


def denied(event: Event, homes: Iterable[str]) -> Event:
    """A refusal that consent caused, as `decided` looks at it: itself it names no patient."""
    return replace(event, subjects=tuple(Subject(home) for home in homes))


def _homes(event: Event) -> list[str]:
    if event.actor.kind not in (ActorKind.CLIENT, ActorKind.USER):
        return []
    if event.type not in _LOOKS and event.type is not EventType.REFUSED:
        return []
    return [one.home for one in event.subjects if one.home and one.is_ruled]


def _of_event(event: Event, homes: Sequence[str], rules: dict[str, list[Rule]]) -> list[Event]:
    found: dict[bool, list[Subject]] = {}
    for home in homes:
        consents, permitted = _decision(event, home, rules.get(home, []))
        if consents:
            found.setdefault(permitted, []).append(Subject(home, None, consents))
    return [
        Event(
            EventType.CONSENT_DECISION,
            Action.EXECUTE,
            event.actor,
            Outcome.SUCCESS if permitted else Outcome.MINOR,
            tuple(subjects),
            reason=None if permitted else Reason.CONSENT.value,
            detail=event.type.value,
        )
        for permitted, subjects in sorted(found.items())
    ]


def _decision(event: Event, home: str, rules: Sequence[Rule]) -> tuple[tuple[str, ...], bool]:
    """The Consents that spoke about this patient; whether they permitted anything."""
    asks = asking(event.actor)
    if asks is None:
        return (), True
    glass = home in event.actor.glass or event.actor.purpose is Purpose.BREAK_GLASS
    bit = GLASS if glass else purpose_bit(asks.purpose)
    consents: dict[str, None] = {}
    permitted = None
    for rule in rules:
        if (
            rule.institution in (None, asks.institution)
            and (rule.party is None or rule.party in asks.parties)
            and rule.purposes & bit
            and rule.from_us <= asks.at_us < rule.until_us
        ):
            consents[f"Consent/{rule.consent}"] = None
            permitted = permitted or rule.decision != DENY
            if rule.source is None and is_of_everything(rule):
                break
    else:
        permitted = True  # the rest is the policy's
    is_refusal = event.type is EventType.REFUSED
    return tuple(consents), bool(permitted) and not is_refusal
