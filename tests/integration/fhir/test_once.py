"""Sixteen clients do the same at the same moment, over processes, while hubs are killed.

`python -m tests.once` does the same a thousand times.
"""

import pytest

from tests.once.run import proven
from tests.places import Place

pytestmark = pytest.mark.anyio
ROUNDS, BETWEEN = 20, 10  # a hub is killed in every tenth


async def test_each_thing_is_made_once_and_what_was_told_is_so(durable_place: Place) -> None:
    report = await proven(durable_place, ROUNDS, between=BETWEEN)
    assert report.kills == ROUNDS // BETWEEN
    assert report.resources == 9 * ROUNDS + 1
    assert report.told > 30 * ROUNDS
