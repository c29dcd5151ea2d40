"""Why there was nothing to be seen under an id: for the log, never for the caller.

One statement, the same whatever there is, so that the time it takes tells nothing.
"""

from dataclasses import replace
from typing import Any

from hie.access.reason import Reason
from hie.access.restriction import VERY_RESTRICTED, Restriction
from hie.store.session import Reader
from hie.store.visible import visible

_EVERY = Restriction()


async def why_hidden(
    reader: Reader, kind: str, key: str, restriction: Restriction
) -> tuple[Reason, str]:
    """The reason (absent, rel, label, consent) and the home, "" where nothing is there.

    Only the current version counts: of what is deleted nothing is told.
    """
    willing = replace(restriction, asks=None)
    cleared = replace(willing, clearance=VERY_RESTRICTED, own_clearance=VERY_RESTRICTED)
    parts: list[str] = []
    args: list[Any] = []
    for sight in (_EVERY, cleared, willing):
        seen = visible(reader, kind, sight, len(args) + 2)
        parts.append(f"(SELECT v.home FROM {seen.sql} AS v WHERE v.id = $1)")  # noqa: S608
        args += seen.args
    row = await reader.fetchrow(f"SELECT {', '.join(parts)}", key, *args)
    home, reached, unlabelled = row or (None, None, None)
    if home is None:
        return Reason.ABSENT, ""
    if reached is None:
        return Reason.REL, home
    return (Reason.LABEL if unlabelled is None else Reason.CONSENT), home
