"""FHIR REST: one interaction, one file; the list below is all there is."""

from starlette.routing import Route

from hie.api.audit_events import read_event, refuse_change, search_events
from hie.api.bundle import bundle
from hie.api.capabilities import metadata
from hie.api.history import history_of, history_of_system, history_of_type
from hie.api.operations.assess import assess
from hie.api.operations.everything import everything
from hie.api.operations.expand import expand_value_set
from hie.api.operations.lastn import lastn
from hie.api.operations.lookup import lookup, subsumes
from hie.api.operations.meta import meta, meta_add, meta_delete
from hie.api.operations.not_offered import not_offered
from hie.api.operations.translate import translate
from hie.api.operations.validate import validate
from hie.api.operations.validate_code import validate_in_set, validate_in_system
from hie.api.places import places
from hie.api.read import read, vread
from hie.api.search import search_type
from hie.api.write import create, delete, patch, update, update_matching


def _terms() -> list[Route]:
    """The operations over codes: of the type, and of one resource where R4 has them so too."""
    of_both = {
        "CodeSystem/$subsumes": subsumes,
        "CodeSystem/$validate-code": validate_in_system,
        "ValueSet/$expand": expand_value_set,
        "ValueSet/$validate-code": validate_in_set,
        "ConceptMap/$translate": translate,
    }
    routes = [Route("/fhir/CodeSystem/$lookup", lookup, methods=["GET", "POST"])]
    for address, door in of_both.items():
        of_one = address.replace("/", "/{id}/")
        routes += [Route(f"/fhir/{a}", door, methods=["GET", "POST"]) for a in (address, of_one)]
    return routes


_ROUTES = [
    Route("/fhir", bundle, methods=["POST"]),
    Route("/fhir/", bundle, methods=["POST"]),
    Route("/fhir/metadata", metadata, methods=["GET"]),
    Route("/fhir/Patient/{id}/$assess", assess, methods=["POST"]),
    Route("/fhir/Patient/{id}/$everything", everything, methods=["GET", "POST"]),
    Route("/fhir/Observation/$lastn", lastn, methods=["GET", "POST"]),
    *_terms(),
    Route("/fhir/AuditEvent", search_events, methods=["GET"]),
    Route("/fhir/AuditEvent/_search", search_events, methods=["POST"]),
    Route("/fhir/Patient/{patient}/AuditEvent", search_events, methods=["GET"]),
    Route("/fhir/Patient/{patient}/AuditEvent/_search", search_events, methods=["POST"]),
    Route("/fhir/{type}/$validate", validate, methods=["POST"]),
    Route("/fhir/{type}/{id}/$validate", validate, methods=["POST"]),
    Route("/fhir/{type}/{id}/$meta", meta, methods=["GET", "POST"]),
    Route("/fhir/{type}/{id}/$meta-add", meta_add, methods=["POST"]),
    Route("/fhir/{type}/{id}/$meta-delete", meta_delete, methods=["POST"]),
    Route("/fhir/${operation}", not_offered, methods=["GET", "POST"]),
    Route("/fhir/{type}/${operation}", not_offered, methods=["GET", "POST"]),
    Route("/fhir/{type}/{id}/${operation}", not_offered, methods=["GET", "POST"]),
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
