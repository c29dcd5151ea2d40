"""Page positions sealed for one caller and one question: nobody else's, nowhere else.

A position holds what the last match is sorted by, which may be a name: so it is encrypted, and the
same position is always the same text (AES-SIV, RFC 5297).
"""

import base64
import binascii
import hashlib
import json
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from hie.access.actor import Actor
from hie.errors import Fault, InvalidRequest
from hie.exchange.hub import Hub
from hie.store.search.search import read_position


class PageSeal:
    """Seals and opens positions of one question; `asked` is JSON and names all of it."""

    def __init__(self, hub: Hub, actor: Actor, asked: list[Any]) -> None:
        self._key = hub.page_key
        self._asked = [actor.client, actor.subject, *asked]

    def sealed(self, position: list[Any]) -> str:
        """The text of a page link."""
        return _text(self._cipher().encrypt(json.dumps(position).encode(), [self._bound()]))

    def opened(self, token: str | None) -> list[Any] | None:
        """The position in a page link; None without one. Raises InvalidRequest."""
        if token is None:
            return None
        try:
            data = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            body = self._cipher().decrypt(data, [self._bound()])
        except (binascii.Error, ValueError, InvalidTag) as problem:
            raise _refused() from problem
        if _text(data) != token:  # another text for the same bytes
            raise _refused()
        return read_position(body)

    def _bound(self) -> bytes:
        return json.dumps(self._asked).encode()

    def _cipher(self) -> AESSIV:
        return _cipher(self._key)


@lru_cache(maxsize=4)
def _cipher(key: bytes) -> AESSIV:
    return AESSIV(hashlib.sha512(b"hie page\0" + key).digest())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _refused() -> InvalidRequest:
    fault = Fault("page", "invalid-value", "the next link of this search and caller")
    return InvalidRequest("page", (fault,))
