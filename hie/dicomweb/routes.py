"""Every address of the DICOMweb doors; what is not listed is not served (PS3.18 10.3)."""

from starlette.routing import Route

from hie.dicomweb.rendered import rendered, thumbnail
from hie.dicomweb.retrieve import bulk, frames, metadata, whole
from hie.dicomweb.search import search_instances, search_series, search_studies
from hie.dicomweb.store import store

BASES = ("/dicom-web", "/dicom-web/sites/{site}")
_SERIES = "/studies/{study}/series/{series}"
_INSTANCE = f"{_SERIES}/instances/{{instance}}"
_FRAMES = f"{_INSTANCE}/frames/{{frames}}"

DICOMWEB_ROUTES = [
    Route(f"{base}{path}", handler, methods=[method])
    for base in BASES
    for method, path, handler in (
        ("GET", "/studies", search_studies),
        ("POST", "/studies", store),
        ("GET", "/series", search_series),
        ("GET", "/instances", search_instances),
        ("GET", "/studies/{study}/series", search_series),
        ("GET", "/studies/{study}/instances", search_instances),
        ("GET", f"{_SERIES}/instances", search_instances),
        ("GET", "/studies/{study}/metadata", metadata),
        ("GET", f"{_SERIES}/metadata", metadata),
        ("GET", f"{_INSTANCE}/metadata", metadata),
        ("GET", "/studies/{study}/thumbnail", thumbnail),
        ("GET", f"{_SERIES}/thumbnail", thumbnail),
        ("GET", f"{_INSTANCE}/thumbnail", thumbnail),
        ("GET", f"{_FRAMES}/thumbnail", thumbnail),
        ("GET", f"{_INSTANCE}/rendered", rendered),
        ("GET", f"{_FRAMES}/rendered", rendered),
        ("GET", _FRAMES, frames),
        ("GET", f"{_INSTANCE}/bulkdata/{{place:path}}", bulk),
        ("GET", _INSTANCE, whole),
        ("GET", _SERIES, whole),
        ("GET", "/studies/{study}", whole),
        ("POST", "/studies/{study}", store),
    )
]

__all__ = ["BASES", "DICOMWEB_ROUTES"]
