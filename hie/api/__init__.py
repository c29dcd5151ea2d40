"""FHIR REST: one interaction, one file; the list below is all there is."""

from starlette.routing import Route

from hie.api.audit_events import read_event, refuse_change, search_events
from hie.api.bundle import bundle
from hie.api.capabilities import metadata
from hie.api.history import history_of, history_of_system, history_of_type
from hie.api.operations.about import meta, validate
from hie.api.operations.assess import assess
from hie.api.operations.codes import expand, lookup, translate
from hie.api.operations.everything import everything
from hie.api.operations.lastn import lastn
from hie.api.places import places
from hie.api.read import read, vread
from hie.api.search import search_type
from hie.api.write import create, delete, patch, update, update_matching

_ROUTES = [
    Route("/fhir", bundle, methods=["POST"]),
    Route("/fhir/", bundle, methods=["POST"]),
    Route("/fhir/metadata", metadata, methods=["GET"]),
    Route("/fhir/Patient/{id}/$assess", assess, methods=["POST"]),
    Route("/fhir/Patient/{id}/$everything", everything, methods=["GET"]),
    Route("/fhir/Observation/$lastn", lastn, methods=["GET"]),
    Route("/fhir/CodeSystem/$lookup", lookup, methods=["GET", "POST"]),
    Route("/fhir/ValueSet/$expand", expand, methods=["GET", "POST"]),
    Route("/fhir/ConceptMap/$translate", translate, methods=["GET", "POST"]),
    Route("/fhir/AuditEvent", search_events, methods=["GET"]),
    Route("/fhir/AuditEvent/_search", search_events, methods=["POST"]),
    Route("/fhir/{type}/$validate", validate, methods=["POST"]),
    Route("/fhir/{type}/{id}/$meta", meta, methods=["GET"]),
    Route("/fhir/{type}/_search", search_type, methods=["POST"]),
    Route("/fhir/{type}/{id}/_history/{vid}", vread, methods=["GET"]),
    Route("/fhir/{type}/{id}/_history", history_of, methods=["GET"]),
    Route("/fhir/_history", history_of_system, methods=["GET"]),
    Route("/fhir/{type}/_history", history_of_type, methods=["GET"]),
    Route("/fhir/AuditEvent/{id}", read_event, methods=["GET"]),
    *(
        Route(path, refuse_change, methods=["POST", "PUT", "PATCH", "DELETE"])
        for path in ("/fhir/AuditEvent", "/fhir/AuditEvent/{id}")
    ),
    Route("/fhir/{type}/{id}", read, methods=["GET"]),
    Route("/fhir/{type}/{id}", update, methods=["PUT"]),
    Route("/fhir/{type}/{id}", patch, methods=["PATCH"]),
    Route("/fhir/{type}/{id}", delete, methods=["DELETE"]),
    Route("/fhir/Patient/{patient}/{type}", search_type, methods=["GET"]),
    Route("/fhir/Patient/{patient}/{type}/_search", search_type, methods=["POST"]),
    Route("/fhir/{type}", search_type, methods=["GET"]),
    Route("/fhir/{type}", create, methods=["POST"]),
    Route("/fhir/{type}", update_matching, methods=["PUT"]),
    Route("/fhir/{type}", patch, methods=["PATCH"]),
    Route("/fhir/{type}", delete, methods=["DELETE"]),
]
FHIR_ROUTES = places(_ROUTES)
