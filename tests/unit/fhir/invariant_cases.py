"""For each invariant of R4: a resource that meets it, and its twin that breaks it.

The twin is the same resource with other members at one place; `...` takes a member away.
"""

from typing import Any

Resource = dict[str, Any]
UCUM = "http://unitsofmeasure.org"
_MISSING: Any = ...


def changed(resource: Resource, way: str, value: Any) -> Resource:
    """A copy with one member set, or taken away; `way` is like `rest.0.resource`."""
    *steps, last = way.split(".")
    made = _copy(resource)
    place: Any = made
    for step in steps:
        place = place[int(step)] if step.isdigit() else place[step]
    if value is _MISSING:
        del place[last]
    elif isinstance(place, list):
        place[int(last)] = value
    else:
        place[last] = value
    return made


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(part) for key, part in value.items()}
    return [_copy(part) for part in value] if isinstance(value, list) else value


def _a(resource_type: str, /, **members: Any) -> Resource:
    return {"resourceType": resource_type, **members}


def _extended(choice: str, /, **members: Any) -> Resource:
    return _a("Patient", extension=[{"url": "u", f"value{choice}": members}])


CODE = {"coding": [{"system": "s", "code": "c"}]}
OBSERVATION = _a("Observation", status="final", code=CODE)
CONTAINED = _a(
    "Patient",
    contained=[_a("Organization", id="o", name="n")],
    managingOrganization={"reference": "#o"},
)
CONSENT = _a("Consent", status="active", scope=CODE, category=[CODE], policyRule=CODE)
ELEMENT: Resource = {"id": "Patient.name", "path": "Patient.name"}
WHOLE = {"definition": "d", "min": 0, "max": "1", "base": {"path": "p", "min": 0, "max": "1"}}
DEFINITION = _a(
    "StructureDefinition",
    url="u",
    name="n",
    status="draft",
    kind="resource",
    abstract=False,
    type="Patient",
    baseDefinition="b",
    derivation="constraint",
    differential={"element": [{"id": "Patient", "path": "Patient"}, ELEMENT]},
)
SNAPSHOT = {
    **DEFINITION,
    "snapshot": {"element": [{"id": "Patient", "path": "Patient", **WHOLE}, {**ELEMENT, **WHOLE}]},
}
EXTENSION = {
    **DEFINITION,
    "type": "Extension",
    "context": [{"type": "element", "expression": "e"}],
    "differential": {"element": [{"id": "Extension", "path": "Extension"}]},
}
STATEMENT = _a(
    "CapabilityStatement",
    status="draft",
    date="2026",
    kind="instance",
    implementation={"description": "d"},
    fhirVersion="4.0.1",
    format=["json"],
    rest=[{"mode": "server", "resource": [{"type": "Patient"}]}],
)
BUNDLE = _a("Bundle", type="collection", entry=[{"fullUrl": "u:1", "resource": OBSERVATION}])
COMPOSITION = _a(
    "Composition",
    status="final",
    type=CODE,
    date="2026",
    title="t",
    author=[{"display": "d"}],
    section=[{"title": "s", "entry": [{"display": "e"}]}],
)
DOCUMENT = _a(
    "Bundle",
    type="document",
    identifier={"system": "s", "value": "v"},
    timestamp="2026-06-12T08:00:00Z",
    entry=[{"resource": COMPOSITION}],
)
MAP = _a(
    "ConceptMap",
    status="draft",
    group=[
        {
            "element": [
                {"code": "a", "target": [{"code": "b", "equivalence": "wider", "comment": "c"}]}
            ],
            "unmapped": {"mode": "fixed", "code": "c"},
        }
    ],
)
SET = _a(
    "ValueSet",
    status="draft",
    compose={"include": [{"system": "s", "concept": [{"code": "c"}]}]},
    expansion={
        "timestamp": "2026",
        "contains": [{"system": "s", "code": "c", "display": "d", "abstract": True}],
    },
)
MEASURE = _a("Measure", status="draft", group=[{"stratifier": [{"description": "d"}]}])
REPORT = _a(
    "MeasureReport",
    status="complete",
    type="summary",
    measure="m",
    period={"start": "2026"},
    group=[{"stratifier": [{"stratum": [{"value": CODE}]}]}],
)
OPERATION = _a(
    "OperationDefinition",
    name="n",
    status="draft",
    kind="operation",
    code="c",
    system=True,
    type=False,
    instance=False,
    parameter=[
        {"name": "p", "use": "in", "min": 0, "max": "1", "type": "string", "searchType": "string"}
    ],
)
PARAMETER = _a(
    "SearchParameter",
    url="u",
    name="n",
    status="draft",
    description="d",
    code="c",
    base=["Patient"],
    type="reference",
    xpath="x",
    xpathUsage="normal",
    chain=["a"],
)
TASK = _a("Task", status="draft", intent="order", authoredOn="2026-06-01", lastModified="2026-06")
GROUP = _a("Group", type="person", actual=True, member=[{"entity": {"reference": "Patient/a"}}])
EVENT = _a(
    "AuditEvent",
    type={"code": "c"},
    recorded="2026-06-12T08:00:00Z",
    agent=[{"requestor": True}],
    source={"observer": {"display": "o"}},
    entity=[{"name": "n"}],
)
PATIENT = _a(
    "Patient",
    contact=[{"name": {"text": "n"}}],
    telecom=[{"system": "phone", "value": "1"}],
    photo=[{"contentType": "image/png", "data": "AAAA"}],
)
TEXT = _a(
    "Patient",
    text={"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">a&nbsp;b</div>'},
)
REPEAT = {
    "duration": 1,
    "durationMax": 2,
    "durationUnit": "h",
    "period": 1,
    "periodMax": 2,
    "periodUnit": "d",
    "count": 1,
    "countMax": 2,
    "when": ["MORN"],
    "offset": 5,
}
TIMED = _extended("Timing", repeat=REPEAT)
AGE = _extended("Age", value=1, system=UCUM, code="a")
COUNT = _extended("Count", value=2, system=UCUM, code="1")
TRIGGER = _extended(
    "TriggerDefinition",
    type="data-added",
    data=[{"type": "Patient"}],
    condition={"language": "l", "expression": "e"},
)
DATA = _extended(
    "DataRequirement", type="Patient", codeFilter=[{"path": "p"}], dateFilter=[{"path": "p"}]
)
RANGED = {
    **OBSERVATION,
    "referenceRange": [{"text": "t", "low": {"value": 1}, "high": {"value": 2}}],
}
REQUEST = _a(
    "ServiceRequest",
    status="active",
    intent="order",
    subject={"reference": "Patient/a"},
    code=CODE,
    orderDetail=[CODE],
)
CODES = _a(
    "CodeSystem",
    status="draft",
    content="complete",
    concept=[{"code": "a", "concept": [{"code": "b"}]}],
)

_R, _E = "rest.0.resource", "differential.element.1"
_T, _DIV = "extension.0.valueTiming.repeat", "text.div"
_NAMED, _TRIGGER = "extension.0.value", "extension.0.valueTriggerDefinition"
# key -> (a resource that meets it, the place of its twin's change, what stands there)
CASES: dict[str, tuple[Resource, str, Any]] = {
    "age-1": (AGE, f"{_NAMED}Age.value", 0),
    "att-1": (PATIENT, "photo.0.contentType", ...),
    "bdl-1": (_a("Bundle", type="searchset", total=1), "type", "collection"),
    "bdl-2": (BUNDLE, "entry.0.search", {"mode": "match"}),
    "bdl-3": (BUNDLE, "entry.0.request", {"method": "GET", "url": "u"}),
    "bdl-4": (BUNDLE, "entry.0.response", {"status": "200"}),
    "bdl-5": (BUNDLE, "entry.0.resource", ...),
    "bdl-7": ({**BUNDLE, "entry": [*BUNDLE["entry"], {**BUNDLE["entry"][0], "fullUrl": "u:2"}]},
              "entry.1.fullUrl", "u:1"),
    "bdl-8": (BUNDLE, "entry.0.fullUrl", "u:Observation/1/_history/2"),
    "bdl-9": (DOCUMENT, "identifier.system", ...),
    "bdl-10": (DOCUMENT, "timestamp", ...),
    "bdl-11": (DOCUMENT, "entry.0.resource", OBSERVATION),
    "bdl-12": (_a("Bundle", type="message", entry=[{"resource": _a("MessageHeader")}]),
               "entry.0.resource", OBSERVATION),
    "cmd-1": ({**MAP, "group": [changed(MAP, "group.0.element.0.target.0.equivalence", "narrower")[
        "group"][0]]}, "group.0.element.0.target.0.comment", ...),
    "cmd-2": (MAP, "group.0.unmapped.code", ...),
    "cmd-3": (changed(MAP, "group.0.unmapped", {"mode": "other-map", "url": "u"}),
              "group.0.unmapped.url", ...),
    "cmp-1": (COMPOSITION, "section.0.entry", ...),
    "cmp-2": (COMPOSITION, "section.0.emptyReason", CODE),
    "cnt-3": (COUNT, f"{_NAMED}Count.code", "2"),
    "cpb-1": (STATEMENT, "rest", ...),
    "cpb-2": (changed({**STATEMENT, "kind": "requirements", "description": "d"}, "implementation",
                      ...), "description", ...),
    "cpb-3": (changed({**STATEMENT, "messaging": [{"endpoint": [{
        "protocol": {"code": "http"}, "address": "a"}]}]}, "software", {"name": "n"}),
        "kind", "capability"),
    "cpb-7": ({**STATEMENT, "document": [{"mode": "producer", "profile": "p"},
                                         {"mode": "consumer", "profile": "p"}]},
              "document.1.mode", "producer"),
    "cpb-9": (STATEMENT, _R, [{"type": "Patient"}, {"type": "Patient"}]),
    "cpb-12": (STATEMENT, f"{_R}.0.searchParam", [{"name": "a", "type": "uri"}] * 2),
    "cpb-14": ({**STATEMENT, "description": "d"}, "implementation", ...),
    "cpb-15": (changed({**STATEMENT, "kind": "capability", "software": {"name": "n"}},
                       "implementation", ...), "implementation", {"description": "d"}),
    "cpb-16": (changed({**STATEMENT, "kind": "requirements", "description": "d"},
                       "implementation", ...), "software", {"name": "n"}),
    "cpt-2": (PATIENT, "telecom.0.system", ...),
    "csd-1": (CODES, "concept.0.concept.0.code", "a"),
    "dis-1": (_extended("Distance", value=1, system=UCUM, code="m"),
              f"{_NAMED}Distance.system", "urn:other"),
    "dom-2": (CONTAINED, "contained.0.contained", [_a("Patient")]),
    "dom-3": (CONTAINED, "managingOrganization", ...),
    "dom-4": (CONTAINED, "contained.0.meta", {"versionId": "1"}),
    "dom-5": (CONTAINED, "contained.0.meta", {"security": [{"code": "R"}]}),
    "drq-1": (DATA, f"{_NAMED}DataRequirement.codeFilter.0.searchParam", "s"),
    "drq-2": (DATA, f"{_NAMED}DataRequirement.dateFilter.0.path", ...),
    "drt-1": (_extended("Duration", value=1, system=UCUM, code="h"), f"{_NAMED}Duration.value", ...),
    "eld-1": (changed(DEFINITION, f"{_E}.slicing", {"rules": "open", "description": "d"}),
              f"{_E}.slicing.description", ...),
    "eld-2": (changed(DEFINITION, f"{_E}.min", 1), f"{_E}.max", "0"),
    "eld-3": (changed(DEFINITION, f"{_E}.max", "*"), f"{_E}.max", "many"),
    "eld-4": (changed(DEFINITION, f"{_E}.type", [{"code": "Reference", "aggregation": ["bundled"]}]),
              f"{_E}.type.0.code", "string"),
    "eld-5": (changed(DEFINITION, f"{_E}.contentReference", "#a"), f"{_E}.fixedString", "a"),
    "eld-6": (changed(DEFINITION, f"{_E}.type", [{"code": "a"}]), f"{_E}",
              {**ELEMENT, "type": [{"code": "a"}, {"code": "b"}], "fixedCode": "a"}),
    "eld-7": (changed(DEFINITION, f"{_E}.patternCode", "a"), f"{_E}.type",
              [{"code": "a"}, {"code": "b"}]),
    "eld-8": (changed(DEFINITION, f"{_E}.patternCode", "a"), f"{_E}.fixedCode", "a"),
    "eld-12": (changed(DEFINITION, f"{_E}.binding", {"strength": "example", "valueSet": "urn:a"}),
               f"{_E}.binding.valueSet", "a"),
    "eld-13": (changed(DEFINITION, f"{_E}.type", [{"code": "a"}, {"code": "b"}]),
               f"{_E}.type.1.code", "a"),
    "eld-14": (DEFINITION, f"{_E}.constraint",
               [{"key": "k", "severity": "error", "human": "h"}] * 2),
    "eld-15": (changed({**DEFINITION, "derivation": "specialization"}, f"{_E}.defaultValueCode", "a"),
               f"{_E}.meaningWhenMissing", "m"),
    "eld-16": (changed(DEFINITION, f"{_E}.sliceName", "a/b-1"), f"{_E}.sliceName", "a b"),
    "eld-17": (changed(DEFINITION, f"{_E}.type", [{"code": "canonical", "targetProfile": ["p"]}]),
               f"{_E}.type.0.code", "string"),
    "eld-18": (changed(changed(DEFINITION, f"{_E}.isModifier", True),
                       f"{_E}.isModifierReason", "r"), f"{_E}.isModifierReason", ...),
    "eld-19": (changed(DEFINITION, f"{_E}.path", "Patient.value[x]"), f"{_E}.path", "Patient.a b"),
    "eld-22": (changed(changed(DEFINITION, f"{_E}.sliceName", "a"), f"{_E}.sliceIsConstraining",
                       True), f"{_E}.sliceName", ...),
    "ele-1": (_a("Patient", name=[{"id": "n", "text": "t"}]), "name.0.text", ...),
    "exp-1": (TRIGGER, f"{_TRIGGER}.condition.expression", ...),
    "ext-1": (AGE, "extension.0.valueCode", "c"),
    "grp-1": (GROUP, "actual", False),
    "inv-1": (TASK, "lastModified", "2026-05"),
    "mea-1": (MEASURE, "group.0.stratifier.0.component", [{"criteria": {
        "language": "l", "expression": "e"}}]),
    "mrp-1": (REPORT, "type", "data-collection"),
    "mrp-2": (REPORT, "group.0.stratifier.0.stratum.0.component", [{"code": CODE, "value": CODE}]),
    "obs-3": (changed(RANGED, "referenceRange", [{"text": "t"}]), "referenceRange.0",
              {"appliesTo": [CODE]}),
    "obs-6": ({**OBSERVATION, "valueString": "v"}, "dataAbsentReason", CODE),
    "obs-7": ({**OBSERVATION, "component": [{"code": CODE, "valueString": "a"}]},
              "valueString", "v"),
    "opd-1": (OPERATION, "parameter.0", {"name": "p", "use": "in", "min": 0, "max": "1"}),
    "opd-2": (OPERATION, "parameter.0.type", "code"),
    "opd-3": (changed(changed(OPERATION, "parameter.0.searchType", ...), "parameter.0.type",
                      "Reference"), "parameter.0",
              {"name": "p", "use": "in", "min": 0, "max": "1", "type": "code",
               "targetProfile": ["t"]}),
    "org-1": (_a("Organization", name="n"), "name", ...),
    "org-2": (_a("Organization", name="n", address=[{"use": "work"}]), "address.0.use", "home"),
    "org-3": (_a("Organization", name="n", telecom=[{"use": "work"}]), "telecom.0.use", "home"),
    "pat-1": (PATIENT, "contact.0", {"gender": "male"}),
    "per-1": (_extended("Period", start="2026-06", end="2026"), f"{_NAMED}Period.end", "2026-05"),
    "ppc-1": (CONSENT, "policyRule", ...),
    **{key: ({**CONSENT, "patient": {"reference": "Patient/a"},
              "scope": {"coding": [{"system": "something", "code": code}]}}, "patient", ...)
       for key, code in (("ppc-2", "patient-privacy"), ("ppc-3", "research"), ("ppc-4", "adr"),
                         ("ppc-5", "treatment"))},
    "prr-1": (REQUEST, "code", ...),
    "qty-3": (_extended("Quantity", value=1, system=UCUM, code="g"),
              f"{_NAMED}Quantity.system", ...),
    "rat-1": (_extended("Ratio", numerator={"value": 1}, denominator={"value": 2}),
              f"{_NAMED}Ratio.denominator", ...),
    "ref-1": (CONTAINED, "generalPractitioner", [{"reference": "#nobody"}]),
    "rng-2": (_extended("Range", low={"value": 1}, high={"value": 1}), f"{_NAMED}Range.low.value", 2),
    "sdf-1": (changed(changed({**SNAPSHOT, "derivation": "specialization"},
                              "snapshot.element.1.path", "Patient.a"),
                      "snapshot.element.1.id", "Patient.a"), "snapshot.element.1.path", "Patient"),
    "sdf-2": (changed(DEFINITION, "mapping", [{"identity": "i", "name": "n"}]), "mapping.0.name", ...),
    "sdf-3": (SNAPSHOT, "snapshot.element.1.definition", ...),
    "sdf-4": (DEFINITION, "baseDefinition", ...),
    "sdf-5": (EXTENSION, "context", ...),
    "sdf-6": (DEFINITION, "differential", ...),
    "sdf-8": (SNAPSHOT, "snapshot.element.1.path", "Person.name"),
    "sdf-8a": (DEFINITION, f"{_E}.path", "Person.name"),
    "sdf-8b": (SNAPSHOT, "snapshot.element.1.base", ...),
    "sdf-9": (DEFINITION, "differential.element.0.label", "l"),
    "sdf-10": (changed(SNAPSHOT, "snapshot.element.1.binding",
                       {"strength": "example", "description": "d"}),
               "snapshot.element.1.binding.description", ...),
    "sdf-11": (SNAPSHOT, "snapshot.element.0.path", "Person"),
    "sdf-14": (DEFINITION, f"{_E}.id", ...),
    "sdf-15": (SNAPSHOT, "snapshot.element.0.type", [{"code": "Patient"}]),
    "sdf-15a": (DEFINITION, "differential.element.0.type", [{"code": "Patient"}]),
    "sdf-16": (SNAPSHOT, "snapshot.element.1.id", "Patient"),
    "sdf-17": (DEFINITION, f"{_E}.id", "Patient"),
    "sdf-18": ({**EXTENSION, "contextInvariant": ["c"]}, "type", "Element"),
    "sdf-19": (changed({**DEFINITION, "url": "http://hl7.org/fhir/StructureDefinition/a"},
                       f"{_E}.type", [{"code": "http://hl7.org/fhirpath/System.String"}]),
               f"{_E}.type.0.code", "own-type"),
    "sdf-20": (DEFINITION, "differential.element.0.slicing", {"rules": "open", "description": "d"}),
    "sdf-21": (changed({**DEFINITION, "derivation": "specialization"}, f"{_E}.defaultValueCode", "a"),
               "derivation", "constraint"),
    "sdf-22": (changed({**DEFINITION, "derivation": "specialization"}, f"{_E}.defaultValueCode", "a"),
               "url", "http://hl7.org/fhir/StructureDefinition/a"),
    "sdf-23": (DEFINITION, "differential.element.0.sliceName", "s"),
    "sev-1": (EVENT, "entity.0.query", "AAAA"),
    "spd-1": (PARAMETER, "xpathUsage", ...),
    "spd-2": (PARAMETER, "type", "uri"),
    "sqty-1": (RANGED, "referenceRange.0.low.comparator", "<"),
    "tim-1": (TIMED, f"{_T}.durationUnit", ...),
    "tim-2": (TIMED, f"{_T}.periodUnit", ...),
    "tim-4": (TIMED, f"{_T}.duration", -1),
    "tim-5": (TIMED, f"{_T}.period", -1),
    "tim-6": (TIMED, f"{_T}.period", ...),
    "tim-7": (TIMED, f"{_T}.duration", ...),
    "tim-8": (TIMED, f"{_T}.count", ...),
    "tim-9": (TIMED, f"{_T}.when", ["CM"]),
    "tim-10": (TIMED, f"{_T}.timeOfDay", ["08:00:00"]),
    "trd-1": (TRIGGER, f"{_TRIGGER}.timingDate", "2026"),
    "trd-2": (TRIGGER, f"{_TRIGGER}.data", ...),
    "trd-3": (_extended("TriggerDefinition", type="named-event", name="n"),
              f"{_TRIGGER}.name", ...),
    "txt-1": (TEXT, _DIV, "<div><script>alert(1)</script>a</div>"),
    "txt-2": (TEXT, _DIV, '<div xmlns="http://www.w3.org/1999/xhtml"> <p/> </div>'),
    "vsd-1": (SET, "compose.include.0", {"filter": [{"property": "p", "op": "=", "value": "v"}]}),
    "vsd-2": (SET, "compose.include.0", {"valueSet": ["v"], "concept": [{"code": "c"}]}),
    "vsd-3": (SET, "compose.include.0.filter", [{"property": "p", "op": "=", "value": "v"}]),
    "vsd-6": (SET, "expansion.contains.0", {"system": "s", "abstract": True}),
    "vsd-9": (SET, "expansion.contains.0", {"display": "d"}),
    "vsd-10": (SET, "expansion.contains.0.system", ...),
}  # fmt: skip
