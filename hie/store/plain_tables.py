"""The tables of resource types that have no typed columns of their own: one each, all alike.

What is searched in them is looked at row by row (`store.search`), within one patient's or within a
small type.
"""

from typing import Any

from sqlmodel import Index
from sqlmodel.main import SQLModelMetaclass

from hie.store.columns import ResourceColumns

TABLES = {
    "Person": "person",
    "Location": "location",
    "Encounter": "encounter",
    "Consent": "consent",
    "ConceptMap": "concept_map",
    "CodeSystem": "code_system",
    "ValueSet": "value_set",
    "Binary": "binary_resource",
    "Task": "task",
    "Communication": "communication",
    "GuidanceResponse": "guidance_response",
    "DetectedIssue": "detected_issue",
    "Measure": "measure",
    "MeasureReport": "measure_report",
    "Group": "group_resource",
    "Subscription": "subscription",
    "CapabilityStatement": "capability_statement",
    "OperationDefinition": "operation_definition",
    "SearchParameter": "search_parameter",
    "StructureDefinition": "structure_definition",
    "Bundle": "bundle",
}
# Those that speak of no person.
HOMELESS = frozenset(
    {
        "Location", "ConceptMap", "CodeSystem", "ValueSet", "Measure", "Subscription",
        "CapabilityStatement", "OperationDefinition", "SearchParameter", "StructureDefinition",
    }
)  # fmt: skip


def _declared(kind: str, table: str) -> Any:
    """The class of one table, registered with the schema like one that is written out."""
    members = {
        "__tablename__": table,
        "__table_args__": (
            Index(f"{table}_id", "id"),
            Index(f"{table}_updated", "updated_us"),
        ),
        "__module__": __name__,
        "__doc__": f"Current versions of {kind}.",
    }
    return SQLModelMetaclass(kind, (ResourceColumns,), members, table=True)


DECLARED = tuple(_declared(kind, table) for kind, table in TABLES.items())
