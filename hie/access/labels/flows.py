"""Along which references a label flows: what holds something is as sensitive as what it holds.

A report takes the label of its results, and its order, specimen, images and files take the report's
(high-water mark). A panel says its own topics of its results too, and nothing else of theirs.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from hie.fhir import Resource
from hie.fhir.elements import referenced
from hie.fhir.pointers import pointers

Ref = tuple[str, str]

# From what is pointed at to whoever points; "" names the resource itself.
_TAKES: Mapping[str, frozenset[str]] = {
    "DiagnosticReport": frozenset({"result", "imagingStudy", "media", "encounter"}),
    "Observation": frozenset({"hasMember", "derivedFrom", "encounter"}),
    "DocumentReference": frozenset({"relatesTo", "context"}),
    "Provenance": frozenset({"target", "entity"}),
    "Task": frozenset({"focus", "basedOn", "input", "output", "reasonReference"}),
    "Communication": frozenset({"about", "basedOn", "payload", "reasonReference"}),
    "DetectedIssue": frozenset({"implicated", "evidence"}),
    "GuidanceResponse": frozenset({"result", "reasonReference", "evaluationMessage"}),
    "ServiceRequest": frozenset({"reasonReference", "supportingInfo", "encounter"}),
    "ImagingStudy": frozenset({"reasonReference", "encounter"}),
    "Binary": frozenset({"securityContext"}),
}
# From whoever points to what is pointed at.
_GIVES = frozenset({"ServiceRequest", "Specimen", "ImagingStudy", "Binary", "Media"})
_GIVERS = frozenset(
    {"DiagnosticReport", "Observation", "ImagingStudy", "DocumentReference", "Specimen"}
)
_ANSWERS = frozenset({"Observation", "DiagnosticReport", "ImagingStudy"})
_FILES = ("presentedForm", "content")


def taken_from(tree: Resource) -> list[Ref]:
    """The resources whose label this one takes."""
    elements = _TAKES.get(tree["resourceType"], _NONE)
    found = [ref for name in elements if name in tree for ref in _refs(tree[name])]
    return [*found, *_files(tree)]


def given_to(tree: Resource) -> list[Ref]:
    """The resources that take this one's label."""
    if tree["resourceType"] not in _GIVERS:
        return []
    found = [ref for ref in _refs(tree) if ref[0] in _GIVES]
    return [*found, *_files(tree)]


def orders_of(tree: Resource) -> list[str]:
    """The ids of the orders that were answered by this: who asked, and for what panel, counts."""
    if tree["resourceType"] not in _ANSWERS or not tree.get("basedOn"):
        return []
    return [ref[1] for ref in _refs(tree["basedOn"]) if ref[0] == "ServiceRequest"]


def results_of(tree: Resource) -> list[Ref]:
    """The results a report lists, which are of its panel; none for what is no report."""
    return list(_refs(tree["result"])) if tree.get("result") else []


def _refs(value: Any) -> Iterator[Ref]:
    for one in pointers(value):
        found = referenced(one)
        if found is not None:
            yield found


def _files(tree: Resource) -> Iterator[Ref]:
    """The Binaries that attachments lead to."""
    for name in _FILES:
        for one in tree.get(name, ()) if isinstance(tree.get(name), list) else ():
            attachment = one.get("attachment", one) if isinstance(one, dict) else {}
            parts = str(attachment.get("url", "")).split("/")
            place = len(parts) - 2
            if place >= 0 and parts[place] == "Binary":
                yield "Binary", parts[place + 1]


_NONE: frozenset[str] = frozenset()
