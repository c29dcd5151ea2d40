"""Paths out of the places where files lie: nothing outside is served, by any spelling."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from tests.places import Place
from tests.security.callers import BASE, Filled, filled

pytestmark = pytest.mark.anyio
INSIDE = ("root:x:", "def web_app", "PRIVATE KEY", "[project]")
UPS = [
    "../../../../../../../../etc/passwd",
    "..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "..%5c..%5c..%5c..%5cetc%5cpasswd",
    "....//....//....//....//etc/passwd",
    "..;/..;/..;/etc/passwd",
    "%252e%252e%252f%252e%252e%252fetc%252fpasswd",
    "/etc/passwd",
    "//etc/passwd",
    "%2fetc%2fpasswd",
    "file:///etc/passwd",
    "..%c0%af..%c0%afetc/passwd",
    "../assets.py",
    "../../app/web.py",
    "..%2fassets.py",
    "viewer/../../assets.py",
    "viewer/%2e%2e/%2e%2e/assets.py",
    "hub.css/../../assets.py",
    "hub.css%00.html",
    ".",
    "..",
    "",
    "viewer",
    "~root/.profile",
    "C:%5cWindows%5cwin.ini",
]
# Addresses whose last piece names something that is read from somewhere.
PLACES = [
    "/static/@",
    "/fhir/Binary/@",
    "/fhir/Patient/@",
    "/fhir/Patient/x/_history/@",
    "/decisions/@/record",
    "/decisions/@decision/record.@",
    "/v1/decisions/@/record",
    "/v1/decisions/@decision/notice.@",
    "/v1/assessments/@/explanation",
    "/dicom-web/studies/@",
    "/dicom-web/studies/1.2/series/1.3/instances/1.4/bulkdata/@",
    "/dicom-web/studies/1.2/series/1.3/instances/1.4/frames/@",
    "/intake/@",
    "/@",
]


@pytest.fixture
async def found(place: Place, tmp_path: Path) -> AsyncIterator[Filled]:
    async with filled(place, tmp_path) as made:
        yield made


async def raw(found: Filled, caller: str, path: str) -> httpx.Response:
    """The path as it is written: a client library would tidy it first."""
    one = found.caller(caller)

    async def as_written(scope: Scope, receive: Receive, send: Send) -> None:
        scope |= {"path": unquote(path), "raw_path": path.encode(), "query_string": b""}
        await found.app(scope, receive, send)

    transport = httpx.ASGITransport(app=as_written)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
        http.headers, http.cookies = one.http.headers, one.http.cookies
        return await http.get("/")


async def test_no_spelling_of_a_path_leads_out(found: Filled) -> None:
    for place in PLACES:
        system = place.startswith(("/fhir", "/v1", "/dicom-web", "/intake"))
        caller = ("hie/decide" if "/v1/d" in place else "system/*.cruds") if system else "clinician"
        for up in UPS:
            path = place.replace("@decision", found.known["decision"]).replace("@", up)
            answer = await raw(found, caller, path)
            told = (path, answer.status_code, answer.text[:200])
            assert answer.status_code < 500, told
            for word in INSIDE:
                assert word not in answer.text, told
            if place == "/static/@":
                assert answer.status_code in {400, 401, 404, 405}, told


async def test_the_file_that_lies_there_is_served(found: Filled) -> None:
    """The twin: the same place, without leaving it."""
    for name in ("hub.css", "icon.svg"):
        answer = await raw(found, "stranger", f"/static/{name}")
        assert answer.status_code == 200
        assert answer.content
    record = f"/v1/decisions/{found.known['decision']}/notice.html"
    assert (await raw(found, "hie/decide", record)).status_code == 200


async def test_a_link_that_leads_out_of_the_static_folder_is_not_followed(
    found: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hie.web import assets

    secret = tmp_path / "secret.txt"
    secret.write_text("root:x:0:0", "utf-8")
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "plain.txt").write_text("plain", "utf-8")
    (folder / "link.txt").symlink_to(secret)
    monkeypatch.setattr(assets, "STATIC", folder)
    served = assets.Assets()
    transport = httpx.ASGITransport(app=served)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
        assert (await http.get("/plain.txt")).text == "plain"
        with pytest.raises(Exception, match="404"):
            await http.get("/link.txt")
