"""Warm times of each query, sizes in turn within every round: what slows one slows the others."""

import time
from collections.abc import Mapping, Sequence
from statistics import median, quantiles
from typing import NamedTuple

from hie.store.session import Reader
from tests.bench.growth.queries import QUERIES, Probe

ROUNDS = 7


class Times(NamedTuple):
    """Microseconds of one query in one size: the medians of the rounds."""

    p50: float
    p99: float


async def timed(
    readers: Mapping[int, Reader], probes: Mapping[int, Sequence[Probe]]
) -> dict[str, dict[int, Times]]:
    """By query and size; the first round warms up and does not count."""
    spans: dict[tuple[str, int], list[Times]] = {}
    for number in range(ROUNDS + 1):
        for name, ask in QUERIES.items():
            found: dict[int, list[float]] = {size: [] for size in readers}
            for place in range(len(next(iter(probes.values())))):
                for size, reader in readers.items():
                    began = time.perf_counter_ns()
                    await ask(reader, probes[size][place])
                    found[size].append((time.perf_counter_ns() - began) / 1000)
            for size, each in found.items():
                if number:
                    spans.setdefault((name, size), []).append(
                        Times(median(each), quantiles(each, n=100)[-1])
                    )
    return {
        name: {
            size: Times(*(median(part) for part in zip(*spans[name, size], strict=True)))
            for size in readers
        }
        for name in QUERIES
    }
