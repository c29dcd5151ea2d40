"""What a caller may not see changes no answer: a short run of the program.

`python -m tests.security noninterference` asks twenty thousand questions.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from hie.access.restriction import Restriction
from hie.store import visible as room
from tests.places import Place
from tests.security.noninterference import Report, drawn, examine
from tests.security.twins import CLINICIAN, SYSTEM

QUESTIONS = 12  # of each asker, times its share


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as found:
        yield found


@pytest.fixture
def twins_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where copies lie: not within the hub that is copied."""
    return tmp_path_factory.mktemp("twins")


@pytest.mark.parametrize("number", [3, 4])
def test_no_answer_depends_on_what_is_hidden(
    place: Place, twins_folder: Path, runner: asyncio.Runner, number: int
) -> None:
    report = Report()
    examine(runner, drawn(number), place, twins_folder, report, QUESTIONS, number)
    assert report.leaks == []
    assert report.asked > 40
    assert report.hidden > 0
    assert report.found > 0


def _everything(found: Restriction) -> Restriction:
    return Restriction(types=found.types)


@pytest.mark.parametrize("asker", [SYSTEM, CLINICIAN])
def test_the_oracle_sees_a_hub_that_restricts_nothing(
    place: Place,
    twins_folder: Path,
    runner: asyncio.Runner,
    monkeypatch: pytest.MonkeyPatch,
    asker: str,
) -> None:
    """The twin of the proof: a leak is found within a few questions, and said."""
    from tests.security import twins

    sound = room._fragment
    real = twins._rows

    async def rows(db: object, actor: object) -> twins.Rows:
        monkeypatch.setattr(room, "_fragment", sound)
        found = await real(db, actor)  # type: ignore[arg-type]
        monkeypatch.setattr(room, "_fragment", leaking)
        return found

    def leaking(reader, table, kind, restriction, first, where):  # type: ignore[no-untyped-def]
        return sound(reader, table, kind, _everything(restriction), first, where)

    monkeypatch.setattr(twins, "_rows", rows)
    report = Report()
    examine(runner, drawn(3), place, twins_folder, report, 40, 3, (asker,))
    assert report.leaks
    assert asker in report.leaks[0]
