"""The doors of tokens on either database, with a second process on the same data."""

from collections.abc import AsyncIterator

import pytest

from hie.store.database import Database
from tests.places import Place


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    """On the database of the case."""
    db = await Database.open(place.url, place.data_dir)
    yield db
    await db.close()
