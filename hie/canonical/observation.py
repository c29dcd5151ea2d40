"""A result becomes an Observation, and its code goes on the site's mapping list.

HL7 v2-to-FHIR, OBX to Observation. Thousands a second pass here, so plain dicts are written and
little is called.
"""

from typing import Any

from hie.adapter import Issue, Severity
from hie.canonical.context import BuildContext, Built, CodeSeen
from hie.canonical.keys import Key, ReportKeys, keeps_value
from hie.canonical.parties import institution_reference, people
from hie.canonical.value import coded_concept, number, plain, set_value
from hie.fhir import CATEGORY, INTERPRETATION, ITEM, LOINC, Resource, extension
from hie.records import LabReportRecord, ReferenceRange, Result
from hie.terminology.concept_map import Mapped, MapState

MAPPING, CONTROL, STATUS_SENT = (
    extension("mapping"),
    extension("control"),
    extension("status-as-sent"),
)
UNMAPPED = "unmapped-code"
INSTANT = frozenset({"hour", "minute", "second"})
_OPEN = frozenset({"registered", "preliminary", "unknown"})
_LABORATORY = [{"coding": [{"system": CATEGORY, "code": "laboratory"}]}]


def build_observation(
    report: LabReportRecord,
    result: Result,
    key: Key,
    keys: ReportKeys,
    home: dict[str, str],
    context: BuildContext,
    made: Built,
) -> Resource:
    """The result as an Observation; what is found on the way goes into `made`."""
    site = context.site
    found = mapped(result, context)
    if keeps_value(result):
        stands = context.existing.get(key)
        if stands is not None:
            _see(result, found, made, context)
            return _made_final(stands, report)
        made.issues.append(
            Issue("build", "value-not-sent-before", Severity.WARN, result.path, "a value (OBX-5)")
        )
    item = context.items.get(found.item) if found is not None else None
    observation: Resource = {"resourceType": "Observation"}
    extensions: list[dict[str, Any]] = []
    if result.control is not None:
        extensions.append({"url": CONTROL, "valueCode": result.control})
    if result.status_code is not None and result.status_code.text:
        extensions.append({"url": STATUS_SENT, "valueString": result.status_code.text})
    if extensions:
        observation["extension"] = extensions
    observation["identifier"] = [{"system": key.system, "value": key.value}]
    if result.identifier is not None:
        observation["identifier"].append({"system": key.system, "value": result.identifier.text})
    observation["basedOn"] = [{"reference": f"ServiceRequest/{context.ids[keys.order]}"}]
    observation["status"] = result.status or "unknown"
    observation["category"] = _LABORATORY
    observation["code"] = _code(result, found, context)
    observation["subject"] = home
    when = result.effective or report.collected
    if when is not None:
        observation["effectiveDateTime"] = when.text
    if report.issued is not None and report.issued.precision in INSTANT:
        observation["issued"] = report.issued.text
    observation["performer"] = _performers(report, result, keys, context)
    flags = [
        {
            **({"coding": [{"system": INTERPRETATION, "code": one.code}]} if one.code else {}),
            **({"text": one.text} if one.text else {}),
        }
        for one in result.interpretations
        if one.code or one.text
    ]
    if flags:
        observation["interpretation"] = flags
    set_value(observation, result, item, found.loinc if found else None, site.id)
    if result.components:
        observation["component"] = [
            {"code": observation["code"], **dict([plain(part, None, site.id)])}
            for part in result.components
        ]
    _rest(observation, result, keys, context)
    _see(result, found, made, context)
    return observation


def _made_final(stands: Resource, report: LabReportRecord) -> Resource:
    """OBX-11 U: what was preliminary is final without being sent again; later words stay."""
    final = {name: part for name, part in stands.items() if name not in {"id", "meta"}}
    if final.get("status") not in _OPEN:
        return final
    final["status"] = "final"
    if report.issued is not None and report.issued.precision in INSTANT:
        final["issued"] = report.issued.text
    sent = [one for one in final.get("extension", ()) if one.get("url") != STATUS_SENT]
    final["extension"] = [*sent, {"url": STATUS_SENT, "valueString": "U"}]
    return final


def mapped(result: Result, context: BuildContext) -> Mapped | None:
    """The item a result's code means; None: no map says one."""
    code = result.code
    for value, system in ((code.code, code.system), (code.alt_code, code.alt_system)):
        if value and system in {"LN", "LOINC", LOINC} and value in context.loinc:
            item, confirmed = context.loinc[value]
            return Mapped(item, value, confirmed)
    entry = context.maps.get((code.system or "", code.code or ""))
    if (
        entry is None
        or entry.item is None
        or entry.state not in {MapState.APPROVED, MapState.PROPOSED}
    ):
        return None
    return Mapped(entry.item, entry.loinc, entry.state is MapState.APPROVED)


def _code(result: Result, found: Mapped | None, context: BuildContext) -> dict[str, Any]:
    site = context.site
    codings: list[dict[str, Any]] = []
    if found is not None:
        state = "confirmed" if found.confirmed else "unconfirmed"
        codings.append(
            {
                "extension": [{"url": MAPPING, "valueCode": state}],
                "system": ITEM,
                "code": found.item,
            }
        )
        if found.loinc and result.code.code != found.loinc and result.code.alt_code != found.loinc:
            codings.append({"system": LOINC, "code": found.loinc})
    sent = coded_concept(result.code, site.id)
    for place, one in enumerate(sent.get("coding", ())):
        if place == 0:
            one["userSelected"] = True
            if found is None and _is_no_item(result, context):
                one = {"extension": [{"url": MAPPING, "valueCode": "no-item"}], **one}
        codings.append(one)
    concept: dict[str, Any] = {}
    if codings:
        concept["coding"] = codings
    text = result.code.display or sent.get("text")
    concept["text"] = text or "?"
    return concept


def _is_no_item(result: Result, context: BuildContext) -> bool:
    """Whether a person said that the code is known, and no item of the catalogue."""
    entry = context.maps.get((result.code.system or "", result.code.code or ""))
    return entry is not None and entry.state is MapState.APPROVED and entry.item is None


def _performers(
    report: LabReportRecord, result: Result, keys: ReportKeys, context: BuildContext
) -> list[dict[str, Any]]:
    performer = result.performer
    if performer is None or not (performer.code or performer.name):
        performer = report.performer
    first = institution_reference(performer, keys, context)
    return [first, *people(result.staff, keys, context)] if result.staff else [first]


def _rest(observation: Resource, result: Result, keys: ReportKeys, context: BuildContext) -> None:
    if result.notes:
        observation["note"] = [{"text": one.text} for one in result.notes if one.text.strip()]
        if not observation["note"]:
            del observation["note"]
    if result.method is not None:
        method = coded_concept(result.method, context.site.id)
        if method:
            observation["method"] = method
    if result.specimen is not None and result.specimen < len(keys.specimens):
        key = keys.specimens[result.specimen]
        observation["specimen"] = {"reference": f"Specimen/{context.ids[key]}"}
    elif len(keys.specimens) == 1:
        observation["specimen"] = {"reference": f"Specimen/{context.ids[keys.specimens[0]]}"}
    if result.device is not None and keys.device is not None:
        observation["device"] = {"reference": f"Device/{context.ids[keys.device]}"}
    ranges = [_range(one) for one in result.ranges if one.text.strip() or one.low or one.high]
    if ranges:
        observation["referenceRange"] = ranges


def _range(one: ReferenceRange) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for end, text in (("low", one.low), ("high", one.high)):
        decimal = number(text) if text is not None else None
        if decimal is not None:
            found[end] = {"value": decimal}
    if one.sex:
        found["appliesTo"] = [{"text": one.sex}]
    if one.pregnant:
        found.setdefault("appliesTo", []).append({"text": "pregnant"})
    if one.age_low is not None or one.age_high is not None:
        age: dict[str, Any] = {}
        for end, years in (("low", one.age_low), ("high", one.age_high)):
            if years is not None:
                age[end] = {"value": years, "unit": "a"}
        found["age"] = age
    found["text"] = one.text or f"{one.low or ''}-{one.high or ''}"
    return found


def _see(result: Result, found: Mapped | None, made: Built, context: BuildContext) -> None:
    """Put a local code on the mapping list; without any map the message waits for a person."""
    code, system = result.code.code or "", result.code.system or ""
    if system in {"LN", "LOINC", LOINC} and found is not None:
        return
    name = result.code.display or result.code.text or ""
    unit = result.unit.text if result.unit else None
    method = (result.method.text or result.method.display) if result.method else None
    kind = type(result.value).__name__.lower() if result.value is not None else "none"
    made.codes.append(CodeSeen(system, code or name, name, unit, None, method, kind, None))
    entry = context.maps.get((system, code))
    decided = entry is not None and (
        entry.state is MapState.REJECTED or _is_no_item(result, context)
    )
    if found is None and not decided:
        made.issues.append(
            Issue(
                "build",
                UNMAPPED,
                Severity.HOLD,
                f"{result.path}-3",
                "an approved map",
                code or name,
            )
        )
