"""The outermost edge: a fault nobody foresaw is recorded and told as 500, never as a traceback.

What is recorded is the kind of fault, its file and line and the request's id: never its text, which
may quote what was sent.
"""

import traceback

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hie.errors import HubError
from hie.oauth.answers import refusal
from hie.oauth.caller import request_id_of
from hie.oauth.open_doors import door_of

FAILED = "the hub failed at this request; the fault is recorded"
_log = structlog.get_logger(__name__)


class Outermost:
    """ASGI middleware: `Outermost(app)`, inside `Hardening`, outside everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application; answer for it when it fails before it answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except (HubError, ClientDisconnect, OSError):
            raise  # a body that was cut off, a caller that went away: known to the server
        except Exception as fault:  # noqa: BLE001 - outermost edge: recorded
            record_fault(scope, fault)
            if not started:
                await refusal(scope["path"], 500, "exception", expected=FAILED)(
                    scope, receive, send
                )


def record_fault(scope: Scope, fault: BaseException) -> None:
    """One line in the log for a fault of the hub."""
    frames = traceback.extract_tb(fault.__traceback__)
    last = frames[-1] if frames else None
    _log.error(
        "request-failed",
        kind=type(fault).__name__,
        at=f"{last.filename.rsplit('/', 1)[-1]}:{last.lineno}" if last else None,
        door=door_of(scope["path"]),
        request=request_id_of(scope),
    )
