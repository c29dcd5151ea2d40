"""Query strings as the hub writes them: links that lead on, and what was asked.

Quoting goes through a text byte by byte; callers ask about the same codes again and again.
"""

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote_plus

_LONGEST = 4_096  # characters of a text that is remembered


def query_string(pairs: Iterable[tuple[str, str]]) -> str:
    """The pairs as application/x-www-form-urlencoded, in their order."""
    return "&".join([f"{_quoted(name)}={_quoted(value)}" for name, value in pairs])


def _quoted(text: str) -> str:
    if text.isascii() and text.isalnum():
        return text
    return _remembered(text) if len(text) <= _LONGEST else quote_plus(text)


@lru_cache(maxsize=512)
def _remembered(text: str) -> str:
    return quote_plus(text)
