"""`python -m tests.security timing [--pairs N]`: how long an answer takes does not tell what is hidden.

Each pair asks for something hidden and for something that is not there, one after the other, the
order drawn anew. What counts is the size of the effect, which a busy machine does not change: the
chance that one takes longer than the other (0.5: none). Never part of the tests.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from hie.store.migrate import migrate
from tests.places import Place
from tests.security.callers import BASE
from tests.security.noninterference import drawn
from tests.security.questions import ABSENT, Question
from tests.security.twins import CLINICIAN, SYSTEM, Known, Twin, twins

PAIRS = 400
LARGEST = 0.10  # from an even chance, either way
WARM = 40
_PLACES = (
    ("read", "/fhir/Observation/@Observation"),
    ("version", "/fhir/Observation/@Observation/_history/1"),
    ("history", "/fhir/Observation/@Observation/_history"),
    ("read of a patient", "/fhir/Patient/@Patient"),
    ("search about a patient", "/fhir/Observation?patient=@Patient"),
    ("search by id", "/fhir/Observation?_id=@Observation"),
    ("everything", "/fhir/Patient/@Patient/$everything"),
    ("panel", "/fhir/Observation/$lastn?patient=@Patient"),
    ("by number", "/fhir/Patient?identifier=urn:his|@number"),
)


def effect(hidden: Sequence[float], absent: Sequence[float]) -> float:
    """The chance that what is hidden takes longer than what is not there (Mann-Whitney U / nm)."""
    ranked = sorted([(one, 1) for one in hidden] + [(one, 0) for one in absent])
    ranks, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        middle = (at + 1 + end) / 2
        ranks += middle * sum(which for _, which in ranked[at:end])
        at = end
    n, m = len(hidden), len(absent)
    return (ranks - n * (n + 1) / 2) / (n * m)


async def measured(twin: Twin, known: Known, pairs: int) -> list[tuple[str, float, int]]:
    """Of each place the effect, and its status; both answers are equal."""
    dice = random.Random(1)  # noqa: S311 - which of a pair comes first
    hidden = {
        kind: next((key for key in known.ids.get(kind, ()) if key in twin.hidden), None)
        for kind in ("Observation", "Patient")
    }
    number = next(
        (f"{home}-{n}" for (n, home), key in known.patients.items() if key in twin.hidden), None
    )
    found = []
    for what, place in _PLACES:
        marks = {
            "@Observation": hidden["Observation"],
            "@Patient": hidden["Patient"],
            "@number": number,
        }
        if any(mark in place and value is None for mark, value in marks.items()):
            continue
        urls = {True: place, False: place}
        for mark, value in marks.items():
            urls[True] = urls[True].replace(mark, str(value))
            urls[False] = urls[False].replace(mark, "x-99" if mark == "@number" else ABSENT[:16])
        times: dict[bool, list[float]] = {True: [], False: []}
        status = 0
        for turn in range(pairs + WARM):
            order = [True, False] if dice.random() < 0.5 else [False, True]
            for which in order:
                asked = Question("GET", urls[which]).arguments(twin.headers)
                began = time.perf_counter()
                answer = await twin.has.request(**asked)
                took = time.perf_counter() - began
                status = answer.status_code
                if turn >= WARM:
                    times[which].append(took)
        found.append((what, effect(times[True], times[False]), status))
    return found


async def _run(pairs: int, folder: Path) -> int:
    worst = 0
    place = Place(None, folder / "hub")
    async with twins(drawn(1), place, folder / "twin", (SYSTEM, CLINICIAN)) as (made, known):
        for twin in made:
            for what, chance, status in await measured(twin, known, pairs):
                held = abs(chance - 0.5) <= LARGEST
                worst += not held
                sys.stdout.write(
                    f"  {twin.name:10} {what:24} {status}  {chance:.3f}{'' if held else '  TELLS'}\n"
                )
                sys.stdout.flush()
    return worst


def main(words: list[str]) -> int:
    """Say the effect of each place; 1 when one is larger than it may be."""
    parser = argparse.ArgumentParser(prog="python -m tests.security timing")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    asked = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="hie-timing-") as name:
        folder = Path(name)
        (folder / "hub").mkdir()
        migrate(None, folder / "hub")
        sys.stdout.write(f"  {asked.pairs} pairs each, asked at {BASE}; 0.5 is no effect\n")
        return 1 if asyncio.run(_run(asked.pairs, folder)) else 0
