"""A unit of work that the database broke off is begun again, and not for ever."""

from pathlib import Path
from typing import Any

import pytest

from hie.access.policy import Restriction
from hie.app import opened
from hie.errors import Conflict, Contended, Fault, UnprocessableRequest
from hie.exchange.commands import operator
from hie.exchange.create_resources import taken
from hie.exchange.writing import Writing, in_one_unit
from hie.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("error", "conditional", "times"),
    [
        (Contended("x"), False, 8),
        (taken("Patient"), True, 2),
        (taken("Patient"), False, 1),
        (Conflict("x"), True, 1),
        (UnprocessableRequest("x", (Fault("x", "taken", ""),)), True, 1),
    ],
)
async def test_what_another_was_in_the_way_of_is_tried_again(
    error: Exception, conditional: bool, times: int, tmp_path: Path
) -> None:
    done: list[Any] = []

    async def step(writing: Writing) -> str:
        writing.conditional = conditional
        done.append(writing)
        if len(done) < succeeds:
            await writing.unit.execute("INSERT INTO hub (name, value) VALUES ('x', 'y')")
            raise error
        return "done"

    async with opened(Settings(data_dir=tmp_path, rate_limits=False)) as hub:
        succeeds = 100
        with pytest.raises(type(error)):
            await in_one_unit(hub, operator(), Restriction(), step)
        assert len(done) == times
        done.clear()
        succeeds = times
        assert await in_one_unit(hub, operator(), Restriction(), step) == "done"
        async with hub.db.reading() as reader:
            assert await reader.fetchval("SELECT count(*) FROM hub WHERE name = 'x'") == 0
