"""Why there was nothing to be seen under some ids: for the log, never for the caller.

One statement over all of them, the same whatever there is, so that the time it takes tells nothing.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hie.access.reason import Reason
from hie.access.restriction import VERY_RESTRICTED, Restriction
from hie.store.session import Dialect, Reader
from hie.store.visible import visible

_EVERY = Restriction()
_ASKED = {
    Dialect.POSTGRESQL: "unnest($1::text[]) AS asked(id)",
    Dialect.SQLITE: "(SELECT value AS id FROM json_each($1)) AS asked",
}


async def why_hidden(
    reader: Reader, kind: str, keys: Iterable[str], restriction: Restriction
) -> list[tuple[Reason, str]]:
    """The reason (absent, rel, label, consent) and the home of each, "" where nothing is hidden.

    Only the current version counts: of what is deleted nothing is told. What is there to be seen
    is not hidden: what was not found of it, such as a version, is absent.
    """
    willing = replace(restriction, asks=None)
    cleared = replace(willing, clearance=VERY_RESTRICTED, own_clearance=VERY_RESTRICTED)
    parts: list[str] = []
    args: list[Any] = []
    for sight in (_EVERY, cleared, willing, restriction):
        seen = visible(reader, kind, sight, len(args) + 2)
        parts.append(f"(SELECT v.home FROM {seen.sql} AS v WHERE v.id = asked.id)")  # noqa: S608
        args += seen.args
    rows = await reader.fetch(
        f"SELECT {', '.join(parts)} FROM {_ASKED[reader.db.dialect]}",  # noqa: S608
        reader.db.array(dict.fromkeys(keys)),
        *args,
    )
    return [_reason(*row) for row in rows]


def _reason(
    home: str | None, reached: str | None, unlabelled: str | None, seen: str | None
) -> tuple[Reason, str]:
    """By whose home each sight finds it: all there is, without labels, without consent, all."""
    if home is None or seen is not None:
        return Reason.ABSENT, ""
    if reached is None:
        return Reason.REL, home
    return (Reason.LABEL if unlabelled is None else Reason.CONSENT), home
