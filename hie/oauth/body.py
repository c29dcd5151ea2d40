"""A request body that is counted as it arrives: too much or too slow ends the request.

The application may turn the error of a cut body into an answer of its own; whatever it says then
is replaced by the true reason, as long as nothing was sent yet.
"""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hie.errors import HubError, InvalidRequest, TooLarge
from hie.oauth.answers import refusal


class MeasuredBody:
    """One request's body and answer; `limit` in bytes, `seconds` for the whole body."""

    def __init__(
        self,
        path: str,
        limit: int,
        seconds: float,
        receive: Receive,
        send: Send,
        told: Callable[[Scope], Awaitable[None]] | None = None,
    ) -> None:
        self._told = told
        self._path = path
        self._limit = limit
        self._seconds = seconds
        self._receive = receive
        self._send = send
        self._taken = 0
        self._deadline: float | None = None
        self._whole = False
        self._started = False
        self._cut: HubError | None = None

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        """Run the application on this body."""
        try:
            await app(scope, self.receive, self.send)
        except Exception:
            if self._cut is None:
                raise
        if self._cut is not None and not self._started:
            await self._answer(scope)

    async def receive(self) -> Message:
        """The next part of the body; raises TooLarge, or InvalidRequest when it came too slowly."""
        if self._cut is not None:
            raise self._cut
        if self._whole:
            return await self._receive()
        loop = asyncio.get_running_loop()
        if self._deadline is None:
            self._deadline = loop.time() + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError as late:
            self._cut = InvalidRequest(f"the body within {self._seconds:g} seconds")
            raise self._cut from late
        if message["type"] != "http.request":
            return message
        self._taken += len(message.get("body", b""))
        if self._taken > self._limit:
            self._cut = TooLarge(f"a body of at most {self._limit} bytes")
            raise self._cut
        self._whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send on, unless the body was cut before the answer began."""
        if self._cut is not None and not self._started:
            return
        self._started = True
        await self._send(message)

    async def _answer(self, scope: Scope) -> None:
        if isinstance(self._cut, TooLarge):
            status, issue_type = 413, "too-long"
        else:
            status, issue_type = 408, "timeout"
        text = self._cut.text if self._cut is not None else ""
        if self._told is not None:
            await self._told(scope)
        answer = refusal(
            self._path, status, issue_type, expected=text, headers={"Connection": "close"}
        )
        await answer(scope, self._receive, self._send)
