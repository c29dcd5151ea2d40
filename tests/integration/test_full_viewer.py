"""The full viewer: served from a package that was unpacked, to clinicians, by a policy of its own."""

from pathlib import Path
from typing import Any

import pytest

from hie.app import opened, web_app
from hie.errors import HubMisconfigured
from hie.oauth.hardening import CONTENT_SECURITY_POLICY
from tests.integration.test_doors import _client, _settings
from tests.integration.test_pages import _person, _signed_in
from tests.integration.test_road import _connected, connected

pytestmark = pytest.mark.anyio


def _package(folder: Path) -> Path:
    """A package as npm unpacks it, made up: an entry, a chunk, a style, a page and a worker."""
    dist = folder / "package" / "dist"
    dist.mkdir(parents=True)
    (dist / "app.bundle.0af1.js").write_text('__webpack_require__.p = "/";\nstart();')
    (dist / "7.bundle.9c.js").write_text("chunk();")
    (dist / "app.bundle.css").write_text("@font-face{src:url(/a1.woff2)}")
    (dist / "a1.woff2").write_bytes(b"wOF2")
    (dist / "index.html").write_text("<script>inline()</script>")
    (dist / "sw.js").write_text("importScripts('https://elsewhere.example/x.js')")
    (folder / "package" / "package.json").write_text("{}")
    return folder / "package"


async def test_it_is_served_as_published_below_its_own_address_and_nowhere_else(
    place: Any, tmp_path: Path
) -> None:
    package = _package(tmp_path / "npm")
    settings = _settings(place).model_copy(update={"ohif_dir": package, "rate_limits": True})
    async with opened(settings) as hub:
        region = await _connected(hub, tmp_path)
        for role in ("clinician", "manager"):
            await _person(hub, region, role)
        async with _client(hub) as client:
            assert (await client.get("/ohif/app.bundle.css")).status_code == 401
            await _signed_in(client, "clinician")
            page = await client.get("/ohif/viewer?StudyInstanceUIDs=1.2.3")
            assert '<script defer src="/ohif/app.bundle.0af1.js">' in page.text
            assert "inline()" not in page.text
            policy = page.headers["content-security-policy"]
            assert "'unsafe-eval'" not in policy
            assert "http" not in policy
            entry = await client.get("/ohif/app.bundle.0af1.js")
            assert entry.text == '__webpack_require__.p = "/ohif/";\nstart();'
            assert "url(/ohif/a1.woff2)" in (await client.get("/ohif/app.bundle.css")).text
            assert (await client.get("/ohif/a1.woff2")).content == b"wOF2"
            for _ in range(40):  # its parts are many, and come with the rate of pictures
                assert (await client.get("/ohif/7.bundle.9c.js")).text == "chunk();"
            told = (await client.get("/ohif/app-config.js")).text
            assert '"wadoRoot": "/dicom-web"' in told
            left_out = (
                "sw.js",
                "index.html",
                "none.js",
                "..%2fpackage.json",
                "%2e%2e/package.json",
                "x/%2e%2e/sw.js",  # the same file by a roundabout way
                ".%2fsw.js",
                "%2fsw.js",
            )
            for path in left_out:
                assert (await client.get(f"/ohif/{path}")).status_code == 404, path
            other = await client.get("/patients")
            assert other.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        async with _client(hub) as client:
            await _signed_in(client, "manager")
            assert (await client.get("/ohif/viewer")).status_code == 403


async def test_where_none_is_installed_there_is_no_such_page_and_a_wrong_folder_stops_the_hub(
    place: Any, tmp_path: Path
) -> None:
    async with connected(place, tmp_path) as (hub, region):
        await _person(hub, region, "clinician")
        async with _client(hub) as client:
            await _signed_in(client, "clinician")
            assert (await client.get("/ohif/viewer")).status_code == 404
    (tmp_path / "empty").mkdir()
    wrong = _settings(place).model_copy(update={"ohif_dir": tmp_path / "empty"})
    async with opened(wrong) as hub:
        with pytest.raises(HubMisconfigured, match="@ohif/app"):
            web_app(hub)
