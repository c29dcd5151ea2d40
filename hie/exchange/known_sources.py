"""Which institutions send results here, and whose source of images does not answer just now.

The same for every patient and every reader, so that it tells nothing of what is withheld.
"""

from collections.abc import Callable
from typing import Any

from hie.store import sites, study_sources
from hie.store.instants import written
from hie.store.session import Reader


async def sources_now(reader: Reader, place: Callable[[str, str | None], str]) -> dict[str, Any]:
    """How many institutions send here, and those whose source is away, each with since when.

    `place` names an institution by its code.
    """
    owners = await sites.institutions(reader)
    silent: dict[str, int] = {}
    for row in await study_sources.away(reader):
        if row.site in owners:
            code = owners[row.site]
            silent[code] = min(silent.get(code, row.at_us), row.at_us)
    return {
        "count": len(set(owners.values())),
        "away": [
            {"institution": place(code, None), "since": written(at_us)}
            for code, at_us in silent.items()
        ],
    }
