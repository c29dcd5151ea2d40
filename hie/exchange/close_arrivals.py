"""Instance messages are over: their states, and one audit event for each study that took one."""

from collections.abc import Mapping, Sequence

from hie.access.actor import Actor, ActorKind, Purpose
from hie.adapter import Severity, Site
from hie.audit.event import Action, Event, EventType, Subject
from hie.exchange.instance_arrivals import Arrival
from hie.fhir.elements import bounds
from hie.store import ledger, messages
from hie.store.messages import Settlement, State
from hie.store.session import Unit


async def close(
    unit: Unit, arrivals: Sequence[Arrival], persons: Mapping[str, str], now_us: int
) -> None:
    """The messages' own states, and one audit event for each study that took something."""
    await messages.settle(unit, [_settlement(one) for one in arrivals], now_us)
    by_study: dict[tuple[str, str], list[Arrival]] = {}
    for one in arrivals:
        if one.home is not None and one.study is not None:
            by_study.setdefault((one.home, one.study), []).append(one)
    events = []
    for (home, study), group in sorted(by_study.items()):
        first = group[0]
        detail = f"message {first.message.id}"
        if len(group) > 1:
            detail += f" and {len(group) - 1} more"
        subject = Subject(home, persons.get(home), (f"ImagingStudy/{study}",))
        actor = worker_of(first.site, str(first.message.meta.get("client", "hub")))
        events.append(
            Event(EventType.PROCESS, Action.CREATE, actor, subjects=(subject,), detail=detail)
        )
    await ledger.append_all(unit, events)


def _settlement(one: Arrival) -> Settlement:
    held = one.is_held
    stage = next((i.stage for i in one.issues if i.severity is Severity.HOLD), "decode")
    sent = bounds(one.decoded.sent) if one.decoded.sent else None
    return Settlement(
        id=one.message.id,
        state=State.HELD if held else State.STORED,
        stage=stage if held else "stored",
        kind=one.decoded.kind,
        sent_us=None if sent is None else sent[0],
        issues=one.issues,
        records=one.produced,
    )


def worker_of(site: Site, client: str) -> Actor:
    """Who work on a site's messages is done for."""
    return Actor(
        kind=ActorKind.CLIENT,
        client=client,
        subject=f"site:{site.id}",
        institution=site.institution,
        purpose=Purpose.TREATMENT,
        scopes=frozenset(),
    )
