"""Page positions signed for one caller and one question: nobody else's, nowhere else."""

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

from hie.access.actor import Actor
from hie.errors import Fault, InvalidRequest
from hie.exchange.hub import Hub
from hie.store.search.search import read_position


class PageSeal:
    """Signs and opens positions of one question; `asked` is JSON and names all of it."""

    def __init__(self, hub: Hub, actor: Actor, asked: list[Any]) -> None:
        self._key = hub.page_key
        self._bound = json.dumps([actor.client, actor.subject, *asked]).encode()

    def sealed(self, position: list[Any]) -> str:
        """The text of a page link."""
        body = json.dumps(position).encode()
        return base64.urlsafe_b64encode(self._sign(body) + body).decode().rstrip("=")

    def opened(self, token: str | None) -> list[Any] | None:
        """The position in a page link; None without one. Raises InvalidRequest."""
        if token is None:
            return None
        try:
            data = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            data = b""
        signature, body = data[:16], data[16:]
        if not hmac.compare_digest(signature, self._sign(body)):
            fault = Fault("page", "invalid-value", "the next link of this search and caller")
            raise InvalidRequest("page", (fault,))
        return read_position(body)

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._key, self._bound + b"\0" + body, hashlib.sha256)[:16]
