"""What is refused before any door looks at it, and what every answer carries."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hie.oauth.hardening import BodyLimit, Hardening

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024


async def echo(request: Request) -> Response:
    body = await request.body()
    return JSONResponse({"size": len(body), "id": request.state.request_id})


async def careless(request: Request) -> Response:
    """An application that takes any failure of the body for its own."""
    try:
        await request.body()
    except Exception:  # noqa: BLE001 - that is the point
        return Response("bad body", 500)
    return Response("ok")


async def broken(request: Request) -> Response:
    raise RuntimeError("a bug")


def an_app(**options: Any) -> Hardening:
    methods = ["GET", "POST"]
    app = Starlette(
        routes=[
            Route("/careless", careless, methods=methods),
            Route("/broken", broken),
            Route("/cached", lambda request: Response("x", headers={"Cache-Control": "max-age=9"})),
            Route("/{path:path}", echo, methods=methods),
        ]
    )
    values: dict[str, Any] = {
        "default_limit": MIB,
        "body_limits": [BodyLimit("/intake", 2 * MIB)],
        **options,
    }
    return Hardening(app, **values)


async def ask(method: str, path: str, app: Any = None, **options: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app or an_app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as http:
        return await http.request(method, path, **options)


Headers = list[tuple[bytes, bytes]]


async def raw(path: bytes, query: bytes = b"", headers: Headers | None = None) -> int:
    """A request as no polite client would send it; the status of the answer."""
    return int((await first_message(path, query, headers))["status"])


async def first_message(
    path: bytes, query: bytes = b"", headers: Headers | None = None
) -> dict[str, Any]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "headers": headers or [],
        "client": ("10.0.0.1", 1),
        "server": ("hub", 80),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }
    await an_app()(scope, receive, send)
    found: dict[str, Any] = sent[0]
    return found


async def chunks(total: int, size: int = 65536) -> AsyncIterator[bytes]:
    for _ in range(total // size):
        yield b"x" * size
    yield b"x" * (total % size)


async def test_a_body_up_to_the_limit_is_taken() -> None:
    assert (await ask("POST", "/v1/a", content=b"x" * MIB)).json()["size"] == MIB
    assert (await ask("POST", "/intake/a", content=b"x" * 2 * MIB)).json()["size"] == 2 * MIB


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("/v1/a", MIB + 1),
        ("/intake/a", 2 * MIB + 1),
        ("/intakes", MIB + 1),
        ("/careless", MIB + 1),
        ("/v1/a", 60 * MIB),
    ],
)
async def test_a_body_over_the_limit_is_refused_declared_or_not(path: str, size: int) -> None:
    declared = await ask("POST", path, content=b"x" * size)
    assert declared.status_code == 413
    counted = await ask("POST", path, content=chunks(size))
    assert counted.status_code == 413
    assert counted.json()["status"] == 413


async def test_under_fhir_the_refusal_is_an_operation_outcome() -> None:
    answer = await ask("POST", "/fhir/Patient", content=b"x" * (MIB + 1))
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.json()["issue"][0]["code"] == "too-long"


@pytest.mark.parametrize("length", ["-1", "1.5", "x", "1,2", " 1", "9" * 30])
async def test_a_content_length_that_is_none_is_refused(length: str) -> None:
    headers = [(b"content-length", length.encode())]
    assert await raw(b"/a", headers=headers) in {400, 413}


async def test_two_content_lengths_are_refused() -> None:
    headers = [(b"content-length", b"1"), (b"content-length", b"2")]
    assert await raw(b"/a", headers=headers) == 400


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "GZIP", "gzip, identity", "zstd", "x"])
async def test_a_compressed_body_is_not_read(coding: str) -> None:
    answer = await ask("POST", "/v1/a", content=b"x", headers={"Content-Encoding": coding})
    assert answer.status_code == 415


async def test_identity_is_no_compression() -> None:
    answer = await ask("POST", "/v1/a", content=b"x", headers={"Content-Encoding": "identity"})
    assert answer.status_code == 200


async def test_a_slow_body_is_cut() -> None:
    async def drip() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    for path in ("/v1/a", "/careless"):
        answer = await ask("POST", path, an_app(body_seconds=0.05), content=drip())
        assert answer.status_code == 408


async def test_the_address_has_a_limit() -> None:
    assert await raw(b"/" + b"a" * 8190) == 200
    assert await raw(b"/" + b"a" * 8192) == 414
    assert await raw(b"/a", b"q=" + b"a" * 9000) == 414


async def test_the_headers_have_a_limit() -> None:
    assert await raw(b"/a", headers=[(b"x-a", b"a" * 16000)]) == 200
    assert await raw(b"/a", headers=[(b"x-a", b"a" * 16384)]) == 431
    assert await raw(b"/a", headers=[(b"x-a", b"a" * 100)] * 200) == 431


async def test_the_number_of_parameters_has_a_limit() -> None:
    assert await raw(b"/a", b"&".join([b"a=1"] * 100)) == 200
    assert await raw(b"/a", b"&".join([b"a=1"] * 101)) == 400
    assert await raw(b"/a", b"&" * 500) == 400


@pytest.mark.parametrize(
    ("path", "query", "headers"),
    [
        (b"/a%00b", b"", []),
        (b"/a", b"q=a%00b", []),
        (b"/a", b"q=\x00", []),
        (b"/a", b"", [(b"x-a", b"a\x00b")]),
        (b"/a%0d%0aSet-Cookie:x", b"", []),
        (b"/a%1b[31m", b"", []),
        (b"/a%7f", b"", []),
        (b"/a%c2%85", b"", []),
        (b"/a", b"q=%0d%0aX-Y:%20z", []),
        (b"/a", b"q=a%1Bb", []),
        (b"/a", b"%08=a", []),
        (b"/a", b"q=%ff", []),
        (b"/a", b"q=%ed%a0%80", []),
        (b"/a", b"q=%c0%af", []),
        (b"/a", "q=张".encode(), []),
        (b"/a", b"", [(b"x-a", b"a\rb")]),
        (b"/a", b"", [(b"user-agent", b"\x1b[2J")]),
    ],
)
async def test_control_characters_and_what_is_no_text_are_refused_wherever_they_are(
    path: bytes, query: bytes, headers: Any
) -> None:
    assert await raw(path, query, headers) == 400


@pytest.mark.parametrize(
    ("path", "query", "headers"),
    [
        (b"/a%20b", b"", []),
        (b"/%e5%bc%a0", b"", []),
        (b"/a", b"q=%E5%BC%A0+x%26%25", []),
        (b"/a", b"q=%", []),
        (b"/a", b"", [(b"x-a", b"a\tb"), (b"x-b", "张".encode())]),
    ],
)
async def test_other_characters_are_taken(path: bytes, query: bytes, headers: Any) -> None:
    assert await raw(path, query, headers) == 200


@pytest.mark.parametrize("path", ["/a", "/broken", "/cached", "/careless?" + "&" * 200])
async def test_every_answer_carries_the_security_headers(path: str) -> None:
    answer = await ask("GET", path, an_app(https=True))
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert len(answer.headers.get_list("content-security-policy")) == 1
    assert "server" not in answer.headers


async def test_nothing_is_cached_unless_the_route_says_so() -> None:
    assert (await ask("GET", "/a")).headers["cache-control"] == "no-store"
    assert (await ask("GET", "/cached")).headers["cache-control"] == "max-age=9"


async def test_over_plain_http_tls_is_not_demanded() -> None:
    assert "strict-transport-security" not in (await ask("GET", "/a")).headers


@pytest.mark.parametrize("given", ["a", "req-1:2.3_4", "0" * 128])
async def test_a_request_keeps_its_id(given: str) -> None:
    answer = await ask("GET", "/a", headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"] == answer.json()["id"] == given


@pytest.mark.parametrize(
    "given", ["", "0" * 129, "a b", "a\tb", "<script>", "\x1b[31m", "\u202e", "a\r\nX: y"]
)
async def test_an_id_that_could_spoil_a_log_is_replaced(given: str) -> None:
    message = await first_message(b"/a", headers=[(b"x-request-id", given.encode("utf-8"))])
    chosen = dict(message["headers"])[b"x-request-id"].decode()
    assert len(chosen) == 32
    assert chosen.isalnum()


async def test_ids_are_made_anew_for_each_request() -> None:
    first, second = await ask("GET", "/a"), await ask("GET", "/a")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
