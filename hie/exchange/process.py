"""A kept message -> decode, build, check, identify, store; or hold it with its issues.

Messages are taken in batches and finished in one unit of work: resources, identity, audit and the
message's own state are committed together, or not at all. When a batch fails as a whole, its
messages are finished one by one, so that one poisonous message never blocks another. On PostgreSQL
a process has two batches on their way: one is worked on while the database is busy with the other.
"""

import traceback

import structlog

from hie.access.actor import Actor, ActorKind, Purpose
from hie.adapter import Issue, Severity
from hie.audit.event import integrity
from hie.errors import Altered, HubError, Unavailable
from hie.exchange import finish
from hie.exchange.hub import Hub
from hie.exchange.publish_study import publish_due
from hie.store import ledger, messages
from hie.store.session import Dialect

BATCH = 50
LANES = {Dialect.POSTGRESQL: 2, Dialect.SQLITE: 1}  # SQLite has one writer
_log = structlog.get_logger(__name__)


async def drain(hub: Hub) -> int:
    """Finish kept messages until none waits, and publish what is due; how many messages."""
    total = 0
    while done := await process_waiting(hub):
        total += done
    while await publish_due(hub):
        pass
    return total


def lanes(hub: Hub) -> int:
    """How many batches one process has on their way at once."""
    return LANES[hub.db.dialect]


async def process_waiting(hub: Hub, limit: int = BATCH) -> int:
    """Take up to `limit` kept messages and finish each: stored or held. How many were taken.

    Raises Unavailable when the database is away: nothing was changed, the messages still wait.
    """
    try:
        async with hub.db.unit() as unit:
            taken = await messages.take(unit, limit)
            await finish.finish(hub, unit, taken)
            return len(taken)
    except Unavailable:
        raise
    except Exception as problem:  # noqa: BLE001 - outermost edge: recorded
        _log.warning("batch-failed", kind=type(problem).__name__, size=limit)
    return await _one_by_one(hub, limit)


async def _one_by_one(hub: Hub, limit: int) -> int:
    count = 0
    while count < limit:
        taken: list[messages.Message] = []
        try:
            async with hub.db.unit() as unit:
                taken = list(await messages.take(unit, 1))
                if not taken:
                    return count
                await finish.finish(hub, unit, taken)
        except Unavailable:
            raise
        except Exception as problem:
            _log.error(
                "message-failed",
                message=taken[0].id if taken else None,
                kind=type(problem).__name__,
                at=_where(problem),
            )
            if not taken:
                raise
            await _hold(hub, taken[0], problem)
        count += 1
    return count


def _where(problem: Exception) -> str:
    """File and line of the fault: never its text, which may quote what was sent."""
    frame = traceback.extract_tb(problem.__traceback__)[-1]
    return f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"


async def _hold(hub: Hub, message: messages.Message, problem: Exception) -> None:
    """Hold a message whose processing broke: it waits for a person, nobody else waits."""
    expected = problem.text if isinstance(problem, HubError) else "to be processed without a fault"
    issue = Issue("store", "internal-fault", Severity.HOLD, type(problem).__name__, expected)
    async with hub.db.unit() as unit:
        await messages.held(unit, message.id, "store", [issue])
        if isinstance(problem, Altered):
            await ledger.append(unit, integrity(_worker(message), problem.text))


def _worker(message: messages.Message) -> Actor:
    """Who work on a message is done for, as far as it was read."""
    return Actor(
        kind=ActorKind.CLIENT,
        client=str(message.meta.get("client", "hub")),
        subject=f"site:{message.site}",
        institution="",
        purpose=Purpose.OPERATIONS,
        scopes=frozenset(),
    )
