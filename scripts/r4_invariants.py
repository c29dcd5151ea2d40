"""Invariants of R4 that look at one element's own members, as rules of JSON schema.

Definition -> key -> rule. What compares, counts, or looks elsewhere in the tree is checked by
`hie.fhir.invariants` and its neighbours; `docs/profiles.md` lists which is where.
"""

from typing import Any

Schema = dict[str, Any]

_UCUM = "http://unitsofmeasure.org"
_NOT_HOME: Schema = {"items": {"properties": {"use": {"not": {"const": "home"}}}}}


def any_of(*names: str) -> Schema:
    """At least one of these members is there."""
    return {"anyOf": [{"required": [name]} for name in names]}


def none_of(*names: str) -> Schema:
    """None of these members is there."""
    return {"not": any_of(*names)}


def _one_of(*names: str) -> Schema:
    """Exactly one of the first and the second group."""
    return {"oneOf": [{"required": [name]} for name in names]}


def _if(name: str, value: Any, then: Schema) -> Schema:
    """The rule where the member has one of these values (or, for `Ellipsis`, is there)."""
    if value is ...:
        return {"if": {"required": [name]}, "then": then}
    values = value if isinstance(value, list) else [value]
    return {
        "if": {"required": [name], "properties": {name: {"enum": values}}},
        "then": then,
    }


def _only_if(names: list[str], then: Schema) -> Schema:
    """Where one of these members is there, the rule."""
    return {"if": any_of(*names), "then": then}


def _is(name: str, *values: Any) -> Schema:
    return {"required": [name], "properties": {name: {"enum": list(values)}}}


def _each(name: str, rule: Schema) -> Schema:
    return {"properties": {name: {"items": rule}}}


def _in_ucum(dependencies: dict[str, list[str]], **properties: Schema) -> Schema:
    return {
        "properties": {"system": {"const": _UCUM}, **properties},
        "dependencies": dependencies,
    }


def _scope(code: str) -> Schema:
    """ppc-2 to ppc-5 as they are written: the system is the word "something"."""
    named = {
        "required": ["system", "code"],
        "properties": {"system": {"const": "something"}, "code": {"const": code}},
    }
    coded = {"required": ["coding"], "properties": {"coding": {"contains": named}}}
    return {
        "if": {"required": ["scope"], "properties": {"scope": coded}},
        "then": {"required": ["patient"]},
    }


def _xor(one: list[str], other: str) -> Schema:
    """Either one of the first, or the other, never both or neither."""
    return {"oneOf": [any_of(*one), {"required": [other]}]}


_NO_EVENT: Schema = {"not": {"contains": {"enum": ["C", "CM", "CD", "CV"]}}}
_REQUESTED = ("batch", "transaction", "history")
_ANSWERED = ("batch-response", "transaction-response", "history")


def _exists_when(member: str, kinds: tuple[str, ...]) -> Schema:
    """bdl-3 and bdl-4: every entry has it in bundles of these types, none in others."""
    return {
        "if": _is("type", *kinds),
        "then": _each("entry", {"required": [member]}),
        "else": _each("entry", none_of(member)),
    }


def _first(kind: str) -> Schema:
    resource = {"required": ["resourceType"], "properties": {"resourceType": {"const": kind}}}
    entry = {"required": ["resource"], "properties": {"resource": resource}}
    return {"required": ["entry"], "properties": {"entry": {"items": [entry]}}}


_WHOLE = ["definition", "min", "max"]
INVARIANTS: dict[str, dict[str, Schema]] = {
    "Age": {"age-1": _in_ucum({"value": ["code"]}, value={"exclusiveMinimum": 0})},
    "Attachment": {"att-1": {"dependencies": {"data": ["contentType"]}}},
    "AuditEvent_Entity": {"sev-1": {"not": {"required": ["name", "query"]}}},
    "Bundle": {
        "bdl-1": _if("total", ..., _is("type", "searchset", "history")),
        "bdl-2": {
            "if": {"properties": {"entry": {"contains": {"required": ["search"]}}},
                   "required": ["entry"]},
            "then": _is("type", "searchset"),
        },
        "bdl-3": _exists_when("request", _REQUESTED),
        "bdl-4": _exists_when("response", _ANSWERED),
        "bdl-9": _if("type", "document", {
            "required": ["identifier"],
            "properties": {"identifier": {"required": ["system", "value"]}},
        }),
        "bdl-10": _if("type", "document", {"required": ["timestamp"]}),
        "bdl-11": _if("type", "document", _first("Composition")),
        "bdl-12": _if("type", "message", _first("MessageHeader")),
    },
    "Bundle_Entry": {"bdl-5": any_of("resource", "request", "response")},
    "CapabilityStatement": {
        "cpb-1": any_of("rest", "messaging", "document"),
        "cpb-2": any_of("description", "software", "implementation"),
        "cpb-3": {
            "if": {
                "required": ["messaging"],
                "properties": {"messaging": {"contains": {"required": ["endpoint"]}}},
            },
            "then": _is("kind", "instance"),
        },
        "cpb-14": _if("kind", "instance", {"required": ["implementation"]}),
        "cpb-15": _if(
            "kind", "capability", {"required": ["software"], **none_of("implementation")}
        ),
        "cpb-16": _if("kind", "requirements", none_of("implementation", "software")),
    },
    "Composition_Section": {
        "cmp-1": any_of("text", "entry", "section"),
        "cmp-2": {"not": {"required": ["emptyReason", "entry"]}},
    },
    "ConceptMap_Target": {
        "cmd-1": _if("equivalence", ["narrower", "inexact"], {"required": ["comment"]}),
    },
    "ConceptMap_Unmapped": {
        "cmd-2": _if("mode", "fixed", any_of("code", "_code")),
        "cmd-3": _if("mode", "other-map", any_of("url", "_url")),
    },
    "Consent": {
        "ppc-1": any_of("policy", "policyRule"),
        "ppc-2": _scope("patient-privacy"),
        "ppc-3": _scope("research"),
        "ppc-4": _scope("adr"),
        "ppc-5": _scope("treatment"),
    },
    "ContactPoint": {"cpt-2": {"dependencies": {"value": ["system"]}}},
    "Count": {
        "cnt-3": _in_ucum({"value": ["code"]}, code={"const": "1"}, value={"type": "integer"})
    },
    "DataRequirement_CodeFilter": {"drq-1": _one_of("path", "searchParam")},
    "DataRequirement_DateFilter": {"drq-2": _one_of("path", "searchParam")},
    "Distance": {"dis-1": _in_ucum({"value": ["code"]})},
    "Duration": {"drt-1": _in_ucum({"code": ["system", "value"]})},
    "ElementDefinition": {
        "eld-18": _if("isModifier", True, any_of("isModifierReason", "_isModifierReason")),
        "eld-22": {"dependencies": {"sliceIsConstraining": ["sliceName"]}},
    },
    "ElementDefinition_Binding": {
        "eld-12": {"properties": {"valueSet": {"pattern": "^(http:|https|urn:)"}}},
    },
    "ElementDefinition_Slicing": {"eld-1": any_of("discriminator", "description")},
    "ElementDefinition_Type": {
        "eld-4": _if("aggregation", ..., _is("code", "Reference", "canonical")),
        "eld-17": _if("targetProfile", ..., _is("code", "Reference", "canonical")),
    },
    "Expression": {"exp-1": any_of("expression", "reference")},
    "Group": {"grp-1": _if("member", ..., _is("actual", True))},
    "Measure_Stratifier": {"mea-1": _xor(["code", "description", "criteria"], "component")},
    "MeasureReport": {"mrp-1": _if("type", "data-collection", none_of("group"))},
    "MeasureReport_Stratum": {"mrp-2": _one_of("value", "component")},
    "OperationDefinition_Parameter": {
        "opd-1": any_of("type", "part"),
        "opd-2": _if("searchType", ..., _is("type", "string")),
        "opd-3": _if("targetProfile", ..., _is("type", "Reference", "canonical")),
    },
    "Organization": {
        "org-1": any_of("identifier", "name"),
        "org-2": {"properties": {"address": _NOT_HOME}},
        "org-3": {"properties": {"telecom": _NOT_HOME}},
    },
    "Observation_ReferenceRange": {"obs-3": any_of("low", "high", "text")},
    "Patient_Contact": {"pat-1": any_of("name", "telecom", "address", "organization")},
    "Ratio": {
        "rat-1": {
            "dependencies": {"numerator": ["denominator"], "denominator": ["numerator"]},
            **any_of("numerator", "extension"),
        }
    },
    "SearchParameter": {
        "spd-1": {"if": {"required": ["xpath"]}, "then": any_of("xpathUsage", "_xpathUsage")},
        "spd-2": _if("chain", ..., _is("type", "reference")),
    },
    "ServiceRequest": {"prr-1": {"dependencies": {"orderDetail": ["code"]}}},
    "StructureDefinition": {
        "sdf-4": {"anyOf": [_is("abstract", True), *any_of("baseDefinition")["anyOf"]]},
        "sdf-5": {
            "if": {
                "properties": {
                    "type": {"const": "Extension"},
                    "derivation": {"not": {"const": "specialization"}},
                },
                "required": ["derivation"],
            },
            "then": {"required": ["context"]},
        },
        "sdf-6": any_of("snapshot", "differential"),
        "sdf-18": _if("contextInvariant", ..., _is("type", "Extension")),
    },
    "StructureDefinition_Mapping": {"sdf-2": any_of("name", "uri")},
    "StructureDefinition_Snapshot": {
        "sdf-3": _each("element", {"required": _WHOLE}),
        "sdf-8b": _each("element", {"required": ["base"]}),
        "sdf-10": _each(
            "element", {"properties": {"binding": any_of("valueSet", "description")}}
        ),
    },
    "Timing_Repeat": {
        "tim-1": {"dependencies": {"duration": ["durationUnit"]}},
        "tim-2": {"dependencies": {"period": ["periodUnit"]}},
        "tim-4": {"properties": {"duration": {"minimum": 0}}},
        "tim-5": {"properties": {"period": {"minimum": 0}}},
        "tim-6": {"dependencies": {"periodMax": ["period"]}},
        "tim-7": {"dependencies": {"durationMax": ["duration"]}},
        "tim-8": {"dependencies": {"countMax": ["count"]}},
        "tim-9": {
            "dependencies": {"offset": {"required": ["when"], "properties": {"when": _NO_EVENT}}}
        },
        "tim-10": {"dependencies": {"timeOfDay": none_of("when")}},
    },
    "TriggerDefinition": {
        "trd-1": {"if": {"required": ["data"]}, "then": none_of(
            "timingTiming", "timingReference", "timingDate", "timingDateTime")},
        "trd-2": {"dependencies": {"condition": ["data"]}},
        "trd-3": {"allOf": [
            _if("type", "named-event", any_of("name", "_name")),
            _if("type", "periodic", any_of(
                "timingTiming", "timingReference", "timingDate", "timingDateTime",
                "_timingDate", "_timingDateTime")),
            _if("type", ["data-changed", "data-added", "data-modified", "data-removed",
                         "data-accessed", "data-access-ended"], {"required": ["data"]}),
        ]},
    },
    "ValueSet_Include": {
        "vsd-1": any_of("valueSet", "system"),
        "vsd-2": _only_if(["concept", "filter"], any_of("system", "_system")),
        "vsd-3": {"not": {"required": ["concept", "filter"]}},
    },
    "ValueSet_Contains": {
        "vsd-6": any_of("code", "display", "_code", "_display"),
        "vsd-9": {"anyOf": [*any_of("code", "_code")["anyOf"], _is("abstract", True)]},
        "vsd-10": {"dependencies": {"code": any_of("system", "_system")}},
    },
}  # fmt: skip
# What a contained resource may not have.
CONTAINED: dict[str, Schema] = {
    "dom-2": none_of("contained"),
    "dom-4": {"properties": {"meta": none_of("versionId", "lastUpdated")}},
    "dom-5": {"properties": {"meta": none_of("security")}},
}
QUANTITIES = frozenset({"Quantity", "Age", "Count", "Distance", "Duration"})
CODED_QUANTITY: Schema = {"dependencies": {"code": ["system"]}}  # qty-3, of all of these
SIMPLE: Schema = none_of("comparator")  # sqty-1, by the element that uses it
