"""Does a resource satisfy FHIR R4? Structure by a compiled schema, then invariants, references.

The schema is `schemas/fhir/r4.schema.json`, made by scripts/make_r4_schema.py. A refusal is put
into words only when it happens. `hie.fhir.structure` is the second opinion used by tests.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import jsonschema_rs

from hie.errors import Fault
from hie.fhir import Resource
from hie.fhir.elements import referenced
from hie.fhir.primitives import FORMATS
from hie.fhir.wire import parse
from hie.schemas import schema

Check = Callable[[Resource], Iterator[Fault]]


@cache
def _published() -> Mapping[str, Any]:
    return parse(schema("fhir", "r4.schema.json").read_bytes())


@cache
def _validator(kind: str) -> jsonschema_rs.Draft7Validator:
    """The compiled schema of one type; compiling one takes 25 ms and happens once a process."""
    picked = {**_published(), "$ref": f"#/definitions/{kind}"}
    return jsonschema_rs.Draft7Validator(picked, formats=dict(FORMATS), validate_formats=True)


@cache
def types() -> frozenset[str]:
    """The resource types that can be checked."""
    refs = _published()["definitions"]["ResourceList"]["oneOf"]
    return frozenset(ref["$ref"].rsplit("/", 1)[1] for ref in refs)


def check(resource: Resource) -> list[Fault]:
    """Everything wrong with a resource: place, code, what was expected; [] if nothing."""
    kind = resource.get("resourceType")
    if kind not in types():
        return [Fault("resourceType", "unknown-type", "an R4 resource type served here")]
    validator = _validator(kind)
    if not validator.is_valid(resource):
        return [
            Fault(_path(kind, error.instance_path), "structure", _expected(error))
            for error in validator.iter_errors(resource)
        ]
    return [fault for rule in INVARIANTS.get(kind, ()) for fault in rule(resource)]


def _path(kind: str, steps: list[str | int]) -> str:
    text = kind
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text


def _expected(error: jsonschema_rs.ValidationError) -> str:
    """What the schema wants, without the value that was met (messages quote it)."""
    wanted = "/".join(str(part) for part in error.schema_path if not isinstance(part, int))
    return f"R4 structure: {wanted.rsplit('/', 1)[-1] or 'definition'}"


def _obs_6(resource: Resource) -> Iterator[Fault]:
    if "dataAbsentReason" in resource and any(key.startswith("value") for key in resource):
        yield Fault("Observation.dataAbsentReason", "obs-6", "no value beside a reason for none")
    for place, part in enumerate(resource.get("component", ())):
        if "dataAbsentReason" in part and any(key.startswith("value") for key in part):
            path = f"Observation.component[{place}].dataAbsentReason"
            yield Fault(path, "obs-6", "no value beside a reason for none")


def _obs_3(resource: Resource) -> Iterator[Fault]:
    for place, interval in enumerate(resource.get("referenceRange", ())):
        if not interval.keys() & {"low", "high", "text"}:
            yield Fault(f"Observation.referenceRange[{place}]", "obs-3", "low, high or text")


def _qty_3(resource: Resource) -> Iterator[Fault]:
    """A coded unit names its system (qty-3), in values and in intervals."""
    quantities = [("Observation.valueQuantity", resource.get("valueQuantity"))]
    for place, interval in enumerate(resource.get("referenceRange", ())):
        quantities += [
            (f"Observation.referenceRange[{place}].{end}", interval.get(end))
            for end in ("low", "high")
        ]
    for path, quantity in quantities:
        if quantity and "code" in quantity and "system" not in quantity:
            yield Fault(path, "qty-3", "a system beside the code of the unit")


def _numbers(resource: Resource) -> Iterator[Fault]:
    value = resource.get("valueQuantity", {}).get("value")
    if isinstance(value, Decimal) and not value.is_finite():
        yield Fault("Observation.valueQuantity.value", "structure", "a finite number")


def _targets(**allowed: tuple[str, ...]) -> Check:
    """References of these elements point at these types only (the R4 definition of each)."""

    def rule(resource: Resource) -> Iterator[Fault]:
        kind = resource["resourceType"]
        for element, kinds in allowed.items():
            found = resource.get(element)
            for one in found if isinstance(found, list) else [found] if found else []:
                target = referenced(one)
                if target is not None and target[0] not in kinds:
                    yield Fault(f"{kind}.{element}", "reference-target", " or ".join(kinds))

    return rule


_STAFF = ("Practitioner", "PractitionerRole", "Organization")

INVARIANTS: Mapping[str, tuple[Check, ...]] = {
    "Observation": (
        _obs_6,
        _obs_3,
        _qty_3,
        _numbers,
        _targets(
            subject=("Patient", "Group", "Device", "Location"),
            performer=(*_STAFF, "CareTeam", "Patient", "RelatedPerson"),
            specimen=("Specimen",),
            device=("Device", "DeviceMetric"),
            basedOn=("CarePlan", "MedicationRequest", "NutritionOrder", "ServiceRequest"),
        ),
    ),
    "DiagnosticReport": (
        _targets(
            subject=("Patient", "Group", "Device", "Location"),
            performer=(*_STAFF, "CareTeam"),
            resultsInterpreter=(*_STAFF, "CareTeam"),
            specimen=("Specimen",),
            result=("Observation",),
        ),
    ),
    "Specimen": (_targets(subject=("Patient", "Group", "Device", "Substance", "Location")),),
    "ServiceRequest": (
        _targets(
            subject=("Patient", "Group", "Location", "Device"),
            requester=(*_STAFF, "Patient", "RelatedPerson", "Device"),
        ),
    ),
    "Patient": (_targets(managingOrganization=("Organization",)),),
}
