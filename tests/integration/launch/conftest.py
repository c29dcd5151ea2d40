"""Sign-ins that take no time: what is tested here is not how slow a password is."""

import pytest
from argon2 import PasswordHasher

from hie.oauth import passwords


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 with the least parameters."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64))
    passwords._nobody.cache_clear()
