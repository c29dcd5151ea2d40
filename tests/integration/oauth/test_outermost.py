"""A fault nobody foresaw: 500 in the door's own form, one line in the log, and never its text."""

import httpx
import pytest
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from hie.oauth.hardening import Hardening
from hie.oauth.outermost import FAILED, Outermost

pytestmark = pytest.mark.anyio
SECRET = "张三 11010519491231002X"


async def _broken(scope: Scope, receive: Receive, send: Send) -> None:
    raise ArithmeticError(SECRET)


async def _broken_while_answering(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ArithmeticError(SECRET)


@pytest.mark.parametrize(
    ("path", "media"),
    [
        ("/v1/order-check", "application/problem+json"),
        ("/fhir/Patient", "application/fhir+json; charset=utf-8"),
    ],
)
async def test_it_is_told_as_500_and_recorded_without_its_text(
    path: str, media: str, capfd: pytest.CaptureFixture[str]
) -> None:
    app = Hardening(Outermost(_broken), default_limit=1000)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        with capture_logs() as logged:
            answer = await client.get(path, headers={"X-Request-Id": "r1"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == media
    assert FAILED in answer.text
    assert "Traceback" not in answer.text
    assert SECRET not in answer.text
    written = capfd.readouterr()
    assert SECRET not in written.out + written.err
    assert SECRET not in repr(logged)
    (line,) = [one for one in logged if one["event"] == "request-failed"]
    assert (line["kind"], line["request"]) == ("ArithmeticError", "r1")
    assert line["at"].startswith("test_outermost.py:")


async def test_an_answer_that_began_is_not_answered_twice() -> None:
    app = Hardening(Outermost(_broken_while_answering), default_limit=1000)
    sent: list[str] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(str(message["type"]))

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http", "method": "GET", "path": "/v1/x", "query_string": b"", "headers": [],
    }  # fmt: skip
    await app(scope, receive, send)
    assert sent == ["http.response.start"]
