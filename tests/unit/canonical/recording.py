"""Records of used results for tests, made the way the hub makes them: from a message, decoded."""

from typing import Any

from adapters.hl7v2 import adapter
from hie.adapter import Site
from hie.canonical.recognised import Decided, Item, Party, Recognised, Verdict, patient_of_record
from hie.records import ImagingReportRecord, LabReportRecord
from tests.unit.canonical.making import SITE, Ids, made, of_type

SOURCE = Party("91110000802100433B", "示例第一医院")
RECEIVER = Party("121301024000001027", "示例接收医院")
HEAD = (
    "MSH|^~\\&|LIS|LAB|HIE|HUB|20260612120000+0800||ORU^R01^ORU_R01|M1|P|2.5.1||||||UNICODE UTF-8\r"
    "PID|1||P000123^^^LAB^MR~11010519491231002X^^^^NI||测试甲||19491231|F\r"
)
OBR = (
    "OBR|1|A1|F1|SH^生化全套^99LAB|||20260612081000+0800|||||||20260612083000+0800||||||||"
    "20260612102000+0800||CH|F|||||||31&李审核\r"
)
SPM = "SPM|1|S1||SER^血清|||||||||||||20260612081000+0800|20260612083000+0800\r"


def decoded(text: str | bytes, site: Site = SITE) -> LabReportRecord | ImagingReportRecord:
    """The one record of a message that is read without a fault."""
    content = text if isinstance(text, bytes) else text.encode()
    found = adapter.decode(content, site)
    grave = [one for one in found.issues if one.severity in ("hold", "error")]
    assert not grave, grave
    (record,) = found.records
    assert isinstance(record, LabReportRecord | ImagingReportRecord)
    return record


def a_record(text: str | bytes, **other: Any) -> Recognised:
    """The record of the first result (or study report) of a message."""
    ids = Ids()
    found = made(decoded(text), ids=ids)
    for key, one in found.resources.items():
        one["id"] = ids[key]
        one["meta"] = {"versionId": "1", "source": "urn:hie:message:m1"}
    report = next(iter(of_type(found, "DiagnosticReport")))
    results = of_type(found, "Observation")
    used = results[0] if results else report
    along = ("Specimen", "Organization", "Practitioner", "PractitionerRole", "Device",
             "ServiceRequest")  # fmt: skip
    is_imaging = not results
    given: dict[str, Any] = {
        "decision": Decided(
            id="D123456789012345",
            ref="1",
            at_us=1_781_489_100_000_000,
            practitioner="d-17",
            institution=RECEIVER,
            practitioner_name="赵接诊",
            department="心内科",
            encounter="outpatient",
        ),
        "verdict": Verdict(
            assessment="A123456789012345",
            check="C123456789012345",
            on="2026-06-15T10:00:00+08:00",
            policy="2026.2",
            outcome="recognise",
            resource=f"{used['resourceType']}/{used['id']}/_history/1",
            mark="京津冀HR",
            age_days=3,
            limit_days=7,
            value="4.10",
            unit="mmol/L",
            findings=(
                {
                    "rule": "R-104",
                    "fired": True,
                    "unknown": False,
                    "text": {"zh": "互认标识在此适用", "en": "The mark holds here"},
                },
            ),
        ),
        "item": Item("CT", "CT", "CT", is_imaging=True)
        if is_imaging
        else Item("K", "血清钾", "Potassium", is_imaging=False),
        "source": SOURCE,
        "used": used,
        "report": None if is_imaging else report,
        "patient": patient_of_record(next(iter(of_type(found, "Patient")))),
        "others": tuple(one for kind in along for one in of_type(found, kind)),
        "asked": (("resident-id", "11010519491231002X"),),
        "asked_name": "测试甲",
        "address": "http://localhost:8000",
    }
    return Recognised(**{**given, **other})
