"""Blocks of 8 kB a query touches, exactly: the server's own counters before and after it ran.

What counts is what the driver really sent, with the plan the server really used, prepared and
asked for the sixth time too; tables of the catalogue do not count.
"""

from collections.abc import Sequence

from hie.store.session import Reader
from tests.bench.growth.queries import Ask, Probe

_FLUSH = "SELECT pg_stat_force_next_flush()"
_TOUCHED = (
    "SELECT sum(heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit, 0)"
    " + coalesce(idx_blks_read, 0) + coalesce(toast_blks_hit, 0) + coalesce(toast_blks_read, 0)"
    " + coalesce(tidx_blks_hit, 0) + coalesce(tidx_blks_read, 0))"
    " FROM pg_statio_user_tables"
)


async def touched(reader: Reader, ask: Ask, probes: Sequence[Probe]) -> float:
    """Blocks for one query, the mean over the probes."""
    before = await _counted(reader)
    for probe in probes:
        await ask(reader, probe)
    return (await _counted(reader) - before) / len(probes)


async def _counted(reader: Reader) -> int:
    await reader.fetchval(_FLUSH)
    return int(await reader.fetchval(_TOUCHED))
