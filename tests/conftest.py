"""What every test shares: the event loop's kind, and databases to test on."""

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the hub does."""
    return "asyncio"
