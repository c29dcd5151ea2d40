"""Every refusal is recorded; noise from outside is counted instead of filling the disk.

The first five of one network, reason and minute are events of their own; of the rest an exact
count is kept and written as one event when the minute is over, and likewise of the
mistakes of one client, and of who has its token and not what it is bound to. What a known caller
was not permitted, or asked for in vain, is always an event of its own.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from starlette.types import Scope

from hie import metrics
from hie.access.actor import Actor, ActorKind, Purpose
from hie.access.reason import ALERTS, Reason
from hie.audit.event import Action, Event, EventType, Outcome, integrity
from hie.errors import AccessRefused, Altered, HubError, RequestRefused, TooMany, Unavailable
from hie.oauth.caller import network_of, raw_request, request_id_of
from hie.oauth.mistakes import MISTAKES, reason_of_mistake
from hie.oauth.open_doors import door_of
from hie.store.ledger import Ledger

SINGLE = 5
_COUNTED = frozenset({Reason.RATE, Reason.QUOTA, Reason.BACK_OFF}) | MISTAKES
_OF_SENDERS = frozenset({Reason.CNF, Reason.DPOP, Reason.NONCE})  # who has a token of a client
_PAST = frozenset({Reason.ABSENT, Reason.REL})  # past what was opened, with the glass broken
MOST_KEPT = 4096
_MINUTE = 60
_REASONS = {reason.value: reason for reason in Reason}


def stranger(network: str | None, request: str | None, named: str = "") -> Actor:
    """Whoever was not recognised; `named` is a client id that is known, but was not proved."""
    return Actor(
        kind=ActorKind.STRANGER,
        client=named,
        subject="",
        institution="",
        purpose=Purpose.OPERATIONS,
        scopes=frozenset(),
        network=network,
        request=request,
    )


@dataclass(frozen=True, slots=True)
class Hidden:
    """Why there was nothing to be seen: `decisions` are what Consents decided, for the log."""

    reason: Reason
    decisions: tuple[Event, ...] = ()


@dataclass(slots=True)
class _Noise:
    minute: int
    seen: int
    last: Event


class Refusals:
    """Records refusals in the audit log; `flush` writes the counts that are waiting."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._noise: dict[tuple[str | None, Reason], _Noise] = {}
        self._swept = 0

    async def record(
        self, actor: Actor, reason: Reason, *, query: bytes | None = None, detail: str | None = None
    ) -> None:
        """Record one refusal, durably, before its answer leaves. Raises Unavailable."""
        event = Event(
            type=EventType.REFUSED,
            action=Action.EXECUTE,
            actor=actor,
            outcome=Outcome.SERIOUS if reason in ALERTS else Outcome.MINOR,
            query=query,
            reason=reason.value,
            detail=detail,
        )
        metrics.REFUSALS.labels(reason.value).inc()
        unknown = actor.kind is ActorKind.STRANGER
        whose = actor.network if unknown else f"client {actor.client}"
        if not unknown and reason in _OF_SENDERS:
            whose = f"{whose} {actor.network}"
        noisy = unknown or reason in _COUNTED | _OF_SENDERS
        if noisy and await self._is_noise(whose, reason, event):
            return
        await self._ledger.record(event)

    async def record_error(self, scope: Scope, error: HubError) -> Reason | None:
        """Record why a request was refused, and say so; None when it is the hub that failed.

        That something in the database was altered is recorded too, each time.

        For the door, and for whoever words the refusals of the application. The actor is the one
        the door found, else a stranger.
        """
        if isinstance(error, AccessRefused | TooMany):
            named = (_REASONS[fault.code] for fault in error.faults if fault.code in _REASONS)
            reason = next(named, Reason.POLICY)
        elif isinstance(error, RequestRefused):
            reason = reason_of_mistake(error)
        elif isinstance(error, Altered):
            query = raw_request(scope)
            await self._ledger.record(integrity(_actor(scope), error.text, query=query))
            return None
        else:
            return None
        actor = _actor(scope)
        if actor.glass and reason in _PAST:
            reason = Reason.BREAK_GLASS
        hidden = scope.get("state", {}).get("hidden")
        decisions: tuple[Event, ...] = ()
        if isinstance(hidden, Hidden) and reason in _PAST:
            reason, decisions = hidden.reason, hidden.decisions
        detail = f"{scope['method'][:16]} {door_of(scope['path'])}"
        await asyncio.gather(
            self.record(actor, reason, query=raw_request(scope), detail=detail),
            *(self._ledger.record(one) for one in decisions),
        )
        return reason

    async def flush(self) -> None:
        """Write every count that is waiting: at the end of the hub, and once a minute."""
        counts = [self._noise.pop(key) for key in list(self._noise)]
        events = [_counted(noise) for noise in counts if noise.seen > SINGLE]
        await asyncio.gather(*(self._ledger.record(event) for event in events))

    async def record_head(self, scope: Scope) -> None:
        """Count a request that no door takes; nobody knows yet who sent it."""
        actor = stranger(network_of(scope), request_id_of(scope))
        detail = f"{scope['method'][:16]} {door_of(scope['path'])}"
        with contextlib.suppress(Unavailable):
            await self.record(actor, Reason.SIZE, detail=detail)

    async def record_connection(self, network: str | None) -> None:
        """Count a connection that was ended before it had said what it wanted."""
        with contextlib.suppress(Unavailable):
            await self.record(stranger(network, None), Reason.SIZE, detail="no request")

    async def _is_noise(self, network: str | None, reason: Reason, event: Event) -> bool:
        """Count the event; whether the count is all that is kept of it."""
        minute = int(self._clock()) // _MINUTE
        if minute != self._swept:
            self._swept = minute
            await self.flush()
        key = (network, reason)
        if key not in self._noise and len(self._noise) >= MOST_KEPT:
            key = ("many", reason)
        noise = self._noise.setdefault(key, _Noise(minute, 0, event))
        noise.seen += 1
        noise.last = event
        return noise.seen > SINGLE


def _counted(noise: _Noise) -> Event:
    """One event for the refusals of a minute that were not events of their own."""
    return replace(noise.last, query=None, detail=f"count={noise.seen - SINGLE}")


def _actor(scope: Scope) -> Actor:
    """Who the door found, else a stranger."""
    actor = scope.get("state", {}).get("actor")
    if isinstance(actor, Actor):
        return actor
    return stranger(network_of(scope), request_id_of(scope))
