"""Doors that demand two operators, on both databases."""

from collections.abc import AsyncIterator

import pytest

from hie.oauth.dual_control import keep_demand
from hie.store.database import Database
from tests.integration.oauth.conftest import OPERATOR, Hub, Making, register
from tests.places import Place


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    """On SQLite, then on PostgreSQL."""
    db = await Database.open(place.url, place.data_dir)
    yield db
    await db.close()


@pytest.fixture
async def hub(making: Making) -> AsyncIterator[Hub]:
    """Doors with one client, registered before two operators were demanded."""
    before = making()
    await register(before)
    made = making(dual_control=True, clock=before.clock)
    await keep_demand(made.entrance, OPERATOR)
    yield made
    await made.ledger.close()
    await before.ledger.close()
