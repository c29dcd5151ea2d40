"""One hub for a module of tests, on SQLite or on PostgreSQL."""

from collections.abc import Iterator

import pytest

from tests.conftest import DATABASES, _place
from tests.integration.clients.support import Connected, connected


@pytest.fixture(scope="module", params=DATABASES)
def hub(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Connected]:
    """A hub that answers on a port."""
    with (
        _place(request, "postgres", tmp_path_factory.mktemp("hub")) as place,
        connected(place) as found,
    ):
        yield found
