"""What a door of flat JSON reads, by what is said of the body."""

import pytest
from starlette.requests import Request

from hie.errors import UnsupportedMedia
from hie.oauth.flat_body import flat_body

pytestmark = pytest.mark.anyio


def _request(*stated: str) -> Request:
    headers = [(b"content-type", one.encode()) for one in stated]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


@pytest.mark.parametrize(
    "stated",
    [
        (),
        ("application/json",),
        ("application/json; charset=utf-8",),
        ('Application/JSON ; charset="UTF-8"',),
        ("application/problem+json",),
        ("application/fhir+json",),
    ],
)
async def test_json_is_read_and_what_says_nothing(stated: tuple[str, ...]) -> None:
    assert await flat_body(_request(*stated)) == b"{}"


@pytest.mark.parametrize(
    "stated",
    [
        ("",),
        ("text/plain",),
        ("text/json+json",),
        ("application/x-www-form-urlencoded",),
        ("multipart/form-data; boundary=x",),
        ("application/json; charset=utf-16",),
        ("application/json; charset=gb18030",),
        ("application/json, text/plain",),
        ("application/json", "text/plain"),
        ("json",),
        ("*/*",),
    ],
)
async def test_anything_else_is_not(stated: tuple[str, ...]) -> None:
    with pytest.raises(UnsupportedMedia):
        await flat_body(_request(*stated))
