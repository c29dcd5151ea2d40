r"""A result used, as HL7 v2.5.1 ORU^R01 for the receiver's own system (R-903).

One message holds one order with its result: who produced it stands in OBX-15 and OBX-23, and an NTE
below the OBR says that it was recognised, by which check, assessment and decision. Numbers, units
and intervals are as reported; times have their offset. A withdrawn result goes out as OBX-11 `D`
without a value, so that a system which took it in takes it out. Chapters 2, 3, 4 and 7.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hie.canonical import obx
from hie.canonical.er7 import (
    UTF_8,
    components,
    escaped,
    header,
    lines,
    message,
    repeated,
    segment,
    stamp,
)
from hie.canonical.recognised import FINDINGS, Party, Recognised
from hie.canonical.record_words import Language
from hie.canonical.remarks import remarks
from hie.canonical.study_said import accession, body_parts, forms_text, study_uid
from hie.fhir import SECTION, Resource, identifier_kind
from hie.fhir.elements import code_in, find_extension, instant

_HUB: Final = "HIE"
_ENCOUNTERS: Final = {"outpatient": "O", "inpatient": "I", "emergency": "E", "intensive-care": "I"}
_SEXES: Final = {"male": "M", "female": "F", "other": "O"}
# Table 0203, and codes of WS/T 364.3 CV02.01.101 for documents it has no code of.
_NUMBERS: Final[Mapping[str, str]] = {
    "resident-id": "NI", "passport": "PPN", "residence-permit": "PRC", "insurance": "NII",
    "driving-licence": "DL", "officer-card": "MI", "hk-macao-permit": "06", "taiwan-permit": "07",
    "household-book": "02", "patient": "PI", "outpatient-no": "OP", "inpatient-no": "IP",
}  # fmt: skip
_OIDS: Final = {"resident-id": "&2.16.156.10011.1.3&ISO"}
# Table 0123; what was withdrawn is a correction with an OBX that takes the result out.
_REPORT: Final = {"final": "F", "amended": "C", "corrected": "C", "preliminary": "P",
                  "partial": "A", "cancelled": "X"}  # fmt: skip
_SECTIONS: Final = {"CT": "CT", "MRI": "NMR", "NM": "NMS", "US": "RUS", "XRAY": "RX", "MG": "RAD"}


def write_oru(record: Recognised, lang: Language = "zh", charset: str = UTF_8) -> bytes:
    """The message, in a charset of `er7.CHARSETS`; the same record gives the same bytes."""
    return message(_segments(record, lang, charset), charset)


def control_id(record: Recognised) -> str:
    """MSH-10: the decision, and the version that changed the result since."""
    change = record.change
    number = record.decision.id
    return f"{number}-{change.version or 'w'}" if change is not None else number


def _segments(record: Recognised, lang: Language, charset: str) -> Iterator[str]:
    yield _msh(record, charset)
    yield _pid(record)
    kind = _ENCOUNTERS.get(record.decision.encounter or "")
    if kind:
        ward = components(record.decision.department)
        yield segment("PV1", {1: "1", 2: kind, 3: ward})
    yield _orc(record)
    yield _obr(record)
    for number, remark in enumerate(remarks(record, lang), start=1):
        yield segment("NTE", {1: str(number), 2: "O", 3: escaped(remark), 4: "RE"})
    yield from _imaging(record) if record.item.is_imaging else _laboratory(record)


def _msh(record: Recognised, charset: str) -> str:
    change = record.change
    at_us = record.decision.at_us
    if change is not None and change.at_us is not None:
        at_us = max(at_us, change.at_us)
    return header(
        {
            3: _HUB,
            4: _HUB,
            6: escaped(record.decision.institution.code),
            7: _at(at_us),
            9: "ORU^R01^ORU_R01",
            10: control_id(record),
            11: "P",
            12: "2.5.1",
            17: "CHN",
            18: charset,
        }
    )


def _pid(record: Recognised) -> str:
    patient = record.patient or {}
    numbers = dict.fromkeys(
        (*(_number(kind, value) for kind, value in record.asked), *_numbers_of(patient))
    )
    names = [_name(one) for one in patient.get("name", ())]
    if not any(names) and record.asked_name:
        names = [components(record.asked_name)]
    return segment(
        "PID",
        {
            1: "1",
            3: repeated(numbers),
            5: repeated(names),
            7: stamp(patient.get("birthDate")),
            8: _SEXES.get(patient.get("gender", ""), "U" if "gender" in patient else ""),
        },
    )


def _numbers_of(patient: Resource) -> Iterator[str]:
    for one in patient.get("identifier", ()):
        system, value = one.get("system", ""), one.get("value", "")
        kind = identifier_kind(system)
        if kind is not None:
            yield _number(kind, value)
        elif value:
            last = system.rsplit("/", 2)[-2:]
            yield f"{escaped(value)}^^^{escaped('-'.join(last))}^PI"


def _number(kind: str, value: str) -> str:
    return f"{escaped(value)}^^^{_OIDS.get(kind, '')}^{escaped(_NUMBERS.get(kind, kind))}"


def _name(one: Mapping[str, Any]) -> str:
    """XPN: family and given name where they were told apart, else the whole in the first place."""
    family, given = one.get("family"), " ".join(filter(None, one.get("given", ())))
    return components(family, given) if family and given else components(one.get("text") or family)


def _orc(record: Recognised) -> str:
    decision = record.decision
    return segment(
        "ORC",
        {
            1: "RE",
            2: _placer(record),
            3: _filler(record),
            5: "CM",
            9: _at(decision.at_us),
            12: _clinician(record),
            21: _organization(decision.institution),
        },
    )


def _obr(record: Recognised) -> str:
    used, report = record.used, record.report or {}
    facts = report or used
    concept = facts.get("code") if record.item.is_imaging else used.get("code")
    letter = "C" if record.is_withdrawn else _REPORT.get(_status(record), "F")
    fields = {
        1: "1",
        2: _placer(record),
        3: _filler(record),
        4: obx.code(concept) if concept else components(record.item.key, record.item.zh, "99HIE"),
        7: stamp(_taken(record)),
        16: _clinician(record),
        22: stamp(used.get("issued") or report.get("issued")),
        25: letter,
        24: code_in(next(iter(report.get("category", ())), None), SECTION) or "",
        32: repeated(_people(facts)),
    }
    if record.item.is_imaging:
        fields[18] = escaped(accession(used, report))
        fields[24] = _SECTIONS.get(record.item.key, "RAD")
    return segment("OBR", fields)


def _laboratory(record: Recognised) -> Iterator[str]:
    used = record.used
    kind, text = obx.value(used)
    yield segment(
        "OBX",
        {
            1: "1",
            2: kind,
            3: obx.code(used.get("code", {})),
            5: text,
            6: obx.unit(used),
            7: obx.interval(used),
            8: obx.flags(used),
            11: obx.STATUS.get(used.get("status", ""), "F"),
            **_origin(record),
            17: obx.concept(used["method"]) if "method" in used else "",
            21: components(record.verdict.resource, _HUB),
        },
    )
    for number, note in enumerate(used.get("note", ()), start=1):
        yield segment("NTE", {1: str(number), 2: "L", 3: lines(note.get("text", ""))})
    for specimen in record.others:
        if specimen["resourceType"] == "Specimen":
            yield _spm(specimen)


def _imaging(record: Recognised) -> Iterator[str]:
    used, report = record.used, record.report or {}
    told = report or used
    findings = find_extension(told, FINDINGS) or {}
    text = findings.get("valueString") or findings.get("valueMarkdown") or forms_text(told)
    letter = "D" if record.is_withdrawn else obx.STATUS.get(_status(record), "F")
    count = used.get("numberOfInstances")
    said = (
        ("FT", "59776-5^检查所见^LN", lines(text or "")),
        ("FT", "19005-8^检查结论^LN", lines(told.get("conclusion", ""))),
        ("ST", "110180^Study Instance UID^DCM", escaped(study_uid(used))),
        ("ST", "121022^Accession Number^DCM", escaped(accession(used, report))),
        ("ST", "BODY-PART^检查部位^99HIE", escaped(",".join(body_parts(used, report)))),
        ("NM", "IMAGES^图像数^99HIE", "" if count is None else str(count)),
    )
    shown = [one for one in said if one[2]]
    if record.is_withdrawn:
        shown = [("ST", "19005-8^检查结论^LN", ""), *(one for one in shown if one[0] == "ST")]
    for number, (kind, code, content) in enumerate(shown, start=1):
        fields = {1: str(number), 2: kind, 3: code, 5: content, 11: letter, **_origin(record)}
        yield segment("OBX", fields)


def _spm(specimen: Resource) -> str:
    kind, collection = specimen.get("type"), specimen.get("collection", {})
    number = next((one["value"] for one in specimen.get("identifier", ()) if "value" in one), "")
    return segment(
        "SPM",
        {
            1: "1",
            2: components(number),
            4: obx.concept(kind) if kind else "",
            14: escaped("; ".join(one.get("text", "") for one in specimen.get("note", ()))),
            17: stamp(collection.get("collectedDateTime")),
            18: stamp(specimen.get("receivedTime")),
            24: repeated(obx.concept(one) for one in specimen.get("condition", ())),
        },
    )


def _origin(record: Recognised) -> dict[int, str]:
    """When the specimen or image was taken, and who produced the result."""
    source = record.source
    return {
        14: stamp(_taken(record)),
        15: components(source.code, source.name, "USCC"),
        23: _organization(source),
    }


def _taken(record: Recognised) -> str | None:
    used, report = record.used, record.report or {}
    found = used.get("effectiveDateTime") or used.get("started") or report.get("effectiveDateTime")
    return None if found is None else str(found)


def _status(record: Recognised) -> str:
    """The status of what speaks: the result, of images their report."""
    told = (record.report or record.used) if record.item.is_imaging else record.used
    return str(told.get("status", ""))


def _people(report: Resource) -> Iterator[str]:
    """XCN of those who reviewed the report: their names, no numbers of another institution."""
    for one in report.get("resultsInterpreter", ()):
        if one.get("display"):
            yield components("", one["display"])


def _clinician(record: Recognised) -> str:
    decision = record.decision
    return components(decision.practitioner, decision.practitioner_name)


def _placer(record: Recognised) -> str:
    """EI: the receiver's own name of the order line, and the check in which it was asked."""
    return components(record.decision.ref, record.verdict.check)


def _filler(record: Recognised) -> str:
    return components(record.decision.id, _HUB)


def _organization(party: Party) -> str:
    """XON: name, and the unified social credit code as organization identifier (XON.10)."""
    return components(party.name, *([""] * 8), party.code)


def _at(at_us: int) -> str:
    return stamp(instant(at_us).isoformat(timespec="seconds"))
