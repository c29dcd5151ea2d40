"""The full viewer, where one is installed: OHIF, served from its npm package as it was published.

The package is no part of the hub; a setting names the folder that was unpacked (docs/pages.md). It
was built to lie at the root of a server: what it calls `/` is made `/ohif/` while it is served, and
its page and configuration are the hub's. Pictures come from `/dicom-web`, as everywhere.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from posixpath import normpath
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from hie.errors import HubMisconfigured, ResourceNotFound
from hie.exchange.hub import Hub
from hie.web.assets import address_of
from hie.web.pages.guard import for_clinicians

PREFIX: Final = "/ohif/"
MODE: Final = "viewer"  # OHIF's own name of the basic way to look at studies
_ROOTED: Final = b'__webpack_require__.p = "/";'
_ENTRY: Final = re.compile(r"app\.bundle\.[0-9a-f]+\.js")
# Its service worker asks another origin for its code, and keeps pictures on the disk.
_LEFT_OUT: Final = frozenset({"sw.js", "init-service-worker.js", "index.html"})
# OHIF compiles its decoders, runs them in workers, and styles elements itself. Nothing of it comes
# from, or goes to, another place; the policy of every other page stays as it is.
_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def address_for(hub: Hub, *studies: str) -> str | None:
    """Where these studies (StudyInstanceUID) open in it; None: it is not installed."""
    if hub.settings.ohif_dir is None or not all(studies):
        return None
    return f"{PREFIX}{MODE}?StudyInstanceUIDs={','.join(studies)}"


def check_folder(folder: Path) -> Path:
    """The folder with OHIF's built files; raises HubMisconfigured when they are not there."""
    for one in (folder, folder / "dist"):
        if (one / "app.bundle.css").is_file() and _entry(one):
            return one
    raise HubMisconfigured(f"ohif_dir {str(folder)!r}: expected the unpacked package @ohif/app")


@for_clinicians
async def show(request: Request) -> Response:
    """GET /ohif/{path}: the page, its configuration, or a file of the package."""
    hub: Hub = request.app.state.hub
    if hub.settings.ohif_dir is None:
        raise ResourceNotFound("no full viewer is installed")
    folder = check_folder(hub.settings.ohif_dir)
    path = normpath(request.path_params["path"])  # as the file system will read it
    if path == MODE:
        return _dressed(Response(_page(folder), media_type="text/html"))
    if path == "app-config.js":
        return _dressed(Response(_configuration(hub), media_type="text/javascript"))
    if path in _LEFT_OUT:
        raise ResourceNotFound("not served")
    answer = await _files(folder).get_response(path, request.scope)
    file = folder / path
    if answer.status_code == 200 and file.suffix in {".js", ".css"}:
        body = await asyncio.to_thread(_moved, file, file.stat().st_mtime_ns)
        media = "text/javascript" if file.suffix == ".js" else "text/css"
        answer = Response(body, media_type=media)
    answer.headers["Cache-Control"] = "private, max-age=3600"
    return _dressed(answer)


@lru_cache(maxsize=1)
def _files(folder: Path) -> StaticFiles:
    return StaticFiles(directory=folder)


@lru_cache(maxsize=64)
def _moved(file: Path, _changed: int) -> bytes:
    """A file whose addresses begin at the prefix."""
    content = file.read_bytes()
    if file.suffix == ".css":
        return content.replace(b"url(/", f"url({PREFIX}".encode())
    return content.replace(_ROOTED, _ROOTED.replace(b'"/"', f'"{PREFIX}"'.encode()))


def _entry(folder: Path) -> str:
    """The script OHIF begins with; "" when there is none."""
    found = sorted(one.name for one in folder.glob("app.bundle.*.js"))
    return next((name for name in found if _ENTRY.fullmatch(name)), "")


def _page(folder: Path) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><title>OHIF</title>'
        f'<link rel="icon" href="{address_of("icon.svg")}">'
        f'<script src="{PREFIX}app-config.js"></script>'
        f'<script defer src="{PREFIX}{_entry(folder)}"></script>'
        f'<link rel="stylesheet" href="{PREFIX}app.bundle.css"></head>'
        '<body><div id="react-portal"></div><div id="root"></div></body></html>'
    )


def _configuration(hub: Hub) -> str:
    """What OHIF reads first: where it lies, and that pictures come from this hub alone."""
    source: Mapping[str, Any] = {
        "friendlyName": "DICOMweb",
        "name": "hub",
        "wadoUriRoot": "/dicom-web",
        "qidoRoot": "/dicom-web",
        "wadoRoot": "/dicom-web",
        "qidoSupportsIncludeField": False,
        "supportsFuzzyMatching": False,
        "supportsWildcard": False,
        "imageRendering": "wadors",
        "thumbnailRendering": "wadors",
        "enableStudyLazyLoad": True,
        "bulkDataURI": {"enabled": True},
    }
    said = {
        "routerBasename": PREFIX.rstrip("/"),
        "showStudyList": False,
        "extensions": [],
        "modes": [],
        "maxNumberOfWebWorkers": 2,
        "maxNumRequests": {"interaction": 6, "thumbnail": 4, "prefetch": 6},
        "showWarningMessageForCrossOrigin": False,
        "showCPUFallbackMessage": False,
        "investigationalUseDialog": {"option": "always"},
        "defaultDataSourceName": "hub",
        "dataSources": [
            {
                "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
                "sourceName": "hub",
                "configuration": source,
            }
        ],
    }
    return (
        f'window.PUBLIC_URL = "{PREFIX}";\n'
        "function browserImportFunction(name) { return import(name); }\n"
        f"window.config = {json.dumps(said)};\n"
    )


def _dressed(answer: Response) -> Response:
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer


FULL_VIEWER_ROUTES = [Route(f"{PREFIX}{{path:path}}", show, methods=["GET"])]
