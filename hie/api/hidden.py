"""A look at what may not be seen: the caller is told what is told of nothing, the log why.

To be noted before the refusal is raised; `oauth.refusals` keeps it instead of "absent". The same
statements are asked whatever there is.
"""

from collections.abc import Iterable
from dataclasses import replace

from starlette.requests import Request

from hie.access.policy import Restriction
from hie.access.reason import Reason
from hie.audit.event import Action, Event, EventType, Outcome
from hie.exchange.patients_asked import patients_named
from hie.oauth.door import actor_in
from hie.oauth.refusals import Hidden
from hie.store.consent_decisions import decided, denied
from hie.store.hidden import why_hidden
from hie.store.search.query import Query
from hie.store.session import Reader

_NOBODY = "-"  # no home: a question that nothing is found by


async def note_hidden(
    request: Request, reader: Reader, kind: str, keys: Iterable[str], restriction: Restriction
) -> None:
    """Note why nothing was to be seen under these ids; the same work whether anything is there."""
    reasons: dict[Reason, list[str]] = {}
    for reason, home in await why_hidden(reader, kind, keys, restriction):
        reasons.setdefault(reason, []).append(home)
    actor = actor_in(request)
    homes = reasons.get(Reason.CONSENT, [_NOBODY])
    refused = Event(
        EventType.REFUSED, Action.EXECUTE, actor, Outcome.MINOR, reason=Reason.CONSENT.value
    )
    decisions = await decided(reader, [denied(refused, homes)])
    for reason in (Reason.CONSENT, Reason.LABEL, Reason.REL):
        if reason in reasons:
            request.scope.setdefault("state", {})["hidden"] = Hidden(reason, tuple(decisions))
            return


async def note_not_treated(
    request: Request, reader: Reader, query: Query, restriction: Restriction
) -> None:
    """Note why a search is refused for a patient it names, by an id or by a chain."""
    named = await patients_named(reader, query)
    sight = replace(restriction, types=None, filters=())
    await note_hidden(request, reader, "Patient", named, sight)
