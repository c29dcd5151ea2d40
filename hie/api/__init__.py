"""FHIR REST: one interaction, one file; the list below is all there is."""

from starlette.routing import Route

from hie.api.capabilities import metadata
from hie.api.operations.assess import assess
from hie.api.read import history_of, read, vread
from hie.api.search import search_type

FHIR_ROUTES = [
    Route("/fhir/metadata", metadata, methods=["GET"]),
    Route("/fhir/Patient/{id}/$assess", assess, methods=["POST"]),
    Route("/fhir/{type}/_search", search_type, methods=["POST"]),
    Route("/fhir/{type}/{id}/_history/{vid}", vread, methods=["GET"]),
    Route("/fhir/{type}/{id}/_history", history_of, methods=["GET"]),
    Route("/fhir/{type}/{id}", read, methods=["GET"]),
    Route("/fhir/{type}", search_type, methods=["GET"]),
]
