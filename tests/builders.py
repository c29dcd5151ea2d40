"""Values for tests, saying only what the test is about. People and institutions are invented.

Resources have the shape the hub builds itself; what differs from it is given by name.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hie.records import (
    Coded,
    Identifier,
    ImagingReportRecord,
    LabReportRecord,
    Name,
    PatientRecord,
    Quantity,
    Result,
    Time,
    Val,
)
from hie.store.ids import new_id

CANONICAL = "https://hie.example/fhir"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
FLAGS = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
INSTITUTION = "91110000MA01234567"  # invented
RESIDENT_ID = "urn:oid:2.16.156.10011.1.3"

Resource = dict[str, Any]


@dataclass(frozen=True)
class Test:
    """One laboratory test as an invented laboratory names it; limits as printed."""

    __test__ = False
    item: str | None
    loinc: str | None
    code: str
    name: str
    unit: str
    ucum: str
    low: str
    high: str
    decimals: int = 1


TESTS = (
    Test("K", "2823-3", "K", "钾", "mmol/L", "mmol/L", "3.5", "5.3", 2),
    Test("NA", "2951-2", "Na", "钠", "mmol/L", "mmol/L", "137", "147", 0),
    Test("CL", "2075-0", "Cl", "氯", "mmol/L", "mmol/L", "99", "110", 0),
    Test("CA", "2000-8", "Ca", "总钙", "mmol/L", "mmol/L", "2.11", "2.52", 2),
    Test("ALT", "1742-6", "ALT", "丙氨酸氨基转移酶", "U/L", "U/L", "9", "50", 0),
    Test("AST", "1920-8", "AST", "天门冬氨酸氨基转移酶", "U/L", "U/L", "15", "40", 0),
    Test("GGT", "2324-2", "GGT", "γ-谷氨酰转移酶", "U/L", "U/L", "10", "60", 0),
    Test("TP", "2885-2", "TP", "总蛋白", "g/L", "g/L", "65", "85"),
    Test("ALB", "1751-7", "ALB", "白蛋白", "g/L", "g/L", "40", "55"),
    Test("CRE", "14682-9", "CREA", "肌酐", "μmol/L", "umol/L", "57", "97"),
    Test("UREA", "22664-7", "UREA", "尿素", "mmol/L", "mmol/L", "3.1", "8.0", 2),
    Test("UA", "14933-6", "UA", "尿酸", "μmol/L", "umol/L", "208", "428", 0),
    Test("GLU", "14749-6", "GLU", "葡萄糖", "mmol/L", "mmol/L", "3.9", "6.1", 2),
    Test("TC", "14647-2", "TC", "总胆固醇", "mmol/L", "mmol/L", "0", "5.2", 2),
    Test("TG", "14927-8", "TG", "甘油三酯", "mmol/L", "mmol/L", "0", "1.7", 2),
    Test("WBC", "6690-2", "WBC", "白细胞计数", "10^9/L", "10*9/L", "3.5", "9.5", 2),
    Test("RBC", "789-8", "RBC", "红细胞计数", "10^12/L", "10*12/L", "4.3", "5.8", 2),
    Test("HGB", "718-7", "HGB", "血红蛋白", "g/L", "g/L", "130", "175", 0),
    Test("PLT", "777-3", "PLT", "血小板计数", "10^9/L", "10*9/L", "125", "350", 0),
    Test("HCT", "4544-3", "HCT", "红细胞压积", "%", "%", "40", "50"),
    Test(None, None, "MCV", "平均红细胞体积", "fL", "fL", "82", "100"),
    Test(None, None, "NEUT#", "中性粒细胞绝对值", "10^9/L", "10*9/L", "1.8", "6.3", 2),
    Test(None, None, "LYMPH%", "淋巴细胞百分比", "%", "%", "20", "50"),
    Test(None, None, "TBIL", "总胆红素", "μmol/L", "umol/L", "0", "26.0"),
    Test(None, None, "DBIL", "直接胆红素", "μmol/L", "umol/L", "0", "8.0"),
    Test(None, None, "CRP", "C-反应蛋白", "mg/L", "mg/L", "0", "6", 2),
    Test("LDH", "14804-9", "LDH", "乳酸脱氢酶", "U/L", "U/L", "120", "250", 0),
    Test("CK", "2157-6", "CK", "肌酸激酶", "U/L", "U/L", "50", "310", 0),
    Test("P", "14879-1", "P", "无机磷", "mmol/L", "mmol/L", "0.85", "1.51", 2),
    Test("HBA1C", "4548-4", "HbA1c", "糖化血红蛋白", "%", "%", "4.0", "6.0"),
)
_NAMES = ("张伟", "王芳", "李娜", "刘洋", "陈静", "杨磊", "赵敏", "黄强", "周婷", "吴昊")


def a_time(text: str = "2026-06-12T08:10:00+08:00") -> Time:
    """A time of a record, to the second unless it has fewer figures."""
    precision = {4: "year", 7: "month", 10: "day"}.get(len(text), "second")
    return Time(text, precision, "OBR[1]-7")  # type: ignore[arg-type]


def a_patient_record(**other: Any) -> PatientRecord:
    """Who a message speaks of."""
    given: dict[str, Any] = {
        "identifiers": (Identifier("P000123", "patient", None, "PID-3"),),
        "names": (Name("测试甲", "PID-5"),),
        "sex": "female",
        "birth_date": Time("1949-12-31", "day", "PID-7"),
    }
    return PatientRecord(**{**given, **other})


def a_result(value: Any = "4.10", code: str = "K", **other: Any) -> Result:
    """One OBX; a text is a number, None no value, anything else the value itself."""
    given: dict[str, Any] = {
        "code": Coded(code, "钾", "99LAB", "OBX[1]-3"),
        "path": "OBX[1]",
        "status": "final",
        "value": Quantity(value) if isinstance(value, str) else value,
        "unit": Val("mmol/L", "OBX[1]-6"),
        "status_code": Val("F", "OBX[1]-11"),
    }
    return Result(**{**given, **other})


def a_lab_record(*results: Result, filler: str | None = "F1", **other: Any) -> LabReportRecord:
    """One OBR with its results."""
    given: dict[str, Any] = {
        "patient": a_patient_record(),
        "path": "OBR[1]",
        "code": Coded("SH", "生化全套", "99LAB", "OBR[1]-4"),
        "status": "final",
        "placer": Identifier("A1", "placer", None, "OBR[1]-2"),
        "filler": Identifier(filler, "filler", None, "OBR[1]-3") if filler else None,
        "results": results or (a_result(),),
        "collected": a_time(),
        "issued": a_time("2026-06-12T10:20:00+08:00"),
    }
    return LabReportRecord(**{**given, **other})


def an_imaging_record(filler: str | None = "R1", **other: Any) -> ImagingReportRecord:
    """One OBR of an imaging department, with its texts."""
    given: dict[str, Any] = {
        "patient": a_patient_record(),
        "path": "OBR[1]",
        "code": Coded("CT01", "胸部CT平扫", "99RIS", "OBR[1]-4"),
        "status": "final",
        "placer": None,
        "filler": Identifier(filler, "filler", None, "OBR[1]-3") if filler else None,
        "performed": a_time(),
        "issued": a_time("2026-06-12T11:00:00+08:00"),
        "class_hint": "CT",
        "class_stated": True,
        "findings": Val("双肺纹理清晰。", "OBX[1]"),
        "conclusion": Val("未见异常。", "OBX[2]"),
        "category": "CT",
    }
    return ImagingReportRecord(**{**given, **other})


def a_patient(key: str | None = None, site: str = "lis-1", **other: Any) -> Resource:
    """A site's Patient."""
    return {
        "resourceType": "Patient",
        "id": key or new_id(),
        "identifier": [
            {
                "type": {
                    "coding": [
                        {"system": f"{CANONICAL}/CodeSystem/identifier-type", "code": "patient"}
                    ]
                },
                "system": f"{CANONICAL}/sid/site/{site}/patient",
                "value": "P000123",
            }
        ],
        "name": [{"text": "测试甲"}],
        "gender": "female",
        "birthDate": "1949-12-31",
        "managingOrganization": {"reference": "Organization/org1"},
        **other,
    }


def an_observation(
    key: str | None = None,
    home: str = "home1",
    *,
    test: Test = TESTS[0],
    value: str = "4.10",
    effective: str = "2026-06-12T08:10:00+08:00",
    issued: str = "2026-06-12T10:20:00+08:00",
    site: str = "lis-1",
    filler: str = "F2026061200001",
    mapping: str = "confirmed",
    refs: Mapping[str, str] | None = None,
    **other: Any,
) -> Resource:
    """One numeric result; `refs` are the ids it points to."""
    to = {"ServiceRequest": "sr1", "Organization": "org1", "Specimen": "sp1", **(refs or {})}
    coding: list[Resource] = []
    if test.item is not None:
        said = {"url": f"{CANONICAL}/StructureDefinition/mapping", "valueCode": mapping}
        coding.append(
            {"extension": [said], "system": f"{CANONICAL}/CodeSystem/item", "code": test.item}
        )
    if test.loinc is not None:
        coding.append({"system": LOINC, "code": test.loinc})
    local = f"{CANONICAL}/CodeSystem/site/{site}/local"
    coding.append({"system": local, "code": test.code, "display": test.name, "userSelected": True})
    quantity: Resource = {"value": Decimal(value), "unit": test.unit}
    if test.item is not None:
        quantity |= {"system": UCUM, "code": test.ucum}
    low, high = Decimal(test.low), Decimal(test.high)
    flag = "L" if Decimal(value) < low else "H" if Decimal(value) > high else "N"
    return {
        "resourceType": "Observation",
        "id": key or new_id(),
        "identifier": [
            {
                "system": f"{CANONICAL}/sid/site/{site}/result",
                "value": f"{filler}/{test.code}/",
            }
        ],
        "basedOn": [{"reference": f"ServiceRequest/{to['ServiceRequest']}"}],
        "status": "final",
        "category": [{"coding": [{"system": CATEGORIES, "code": "laboratory"}]}],
        "code": {"coding": coding, "text": test.name},
        "subject": {"reference": f"Patient/{home}"},
        "effectiveDateTime": effective,
        "issued": issued,
        "performer": [{"reference": f"Organization/{to['Organization']}"}],
        "valueQuantity": quantity,
        "interpretation": [{"coding": [{"system": FLAGS, "code": flag}]}],
        "specimen": {"reference": f"Specimen/{to['Specimen']}"},
        "referenceRange": [
            {
                "low": {"value": low, "unit": test.unit},
                "high": {"value": high, "unit": test.unit},
                "text": f"{test.low}-{test.high}",
            }
        ],
        **other,
    }


def a_report(
    key: str | None = None,
    home: str = "home1",
    *,
    results: tuple[str, ...] = (),
    effective: str = "2026-06-12T08:10:00+08:00",
    site: str = "lis-1",
    filler: str = "F2026061200001",
    **other: Any,
) -> Resource:
    """One laboratory report over results by id."""
    local = f"{CANONICAL}/CodeSystem/site/{site}/local"
    return {
        "resourceType": "DiagnosticReport",
        "id": key or new_id(),
        "identifier": [{"system": f"{CANONICAL}/sid/site/{site}/filler", "value": filler}],
        "status": "final",
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "LAB"}]}
        ],
        "code": {
            "coding": [{"system": local, "code": "SH", "display": "生化全套"}],
            "text": "生化全套",
        },
        "subject": {"reference": f"Patient/{home}"},
        "effectiveDateTime": effective,
        "issued": "2026-06-12T10:20:00+08:00",
        "performer": [{"reference": "Organization/org1"}],
        "resultsInterpreter": [{"reference": "Practitioner/pr1"}],
        "result": [{"reference": f"Observation/{one}"} for one in results],
        **other,
    }


def an_organization(key: str | None = None, code: str = INSTITUTION) -> Resource:
    """An institution."""
    return {
        "resourceType": "Organization",
        "id": key or new_id(),
        "identifier": [{"system": f"{CANONICAL}/sid/institution", "value": code}],
        "name": "测试市第一医院",
    }


@dataclass
class Region:
    """A seeded source of whole reports with varied ids, values, staff and texts."""

    seed: int = 1
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)  # noqa: S311 - data to test with

    def id(self) -> str:
        """An id like the hub's, but the same for the same seed."""
        return "".join(self.dice.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefgh", k=16))

    def observations(self, home: str | None = None, count: int = 30) -> list[Resource]:
        """The results of one report."""
        dice = self.dice
        patient = home or self.id()
        site = f"lis-{dice.randint(1, 40)}"
        filler = (
            f"{dice.choice('FSLX')}2026{dice.randint(100000, 999999)}{dice.randint(0, 9999):04}"
        )
        day = f"20{dice.randint(20, 26)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
        taken = f"{day}T{dice.randint(6, 11):02}:{dice.randint(0, 59):02}:00+08:00"
        hour, minute, second = dice.randint(12, 20), dice.randint(0, 59), dice.randint(0, 59)
        issued = f"{day}T{hour:02}:{minute:02}:{second:02}+08:00"
        refs = {kind: self.id() for kind in ("ServiceRequest", "Organization", "Specimen")}
        made = []
        for test in dice.sample(TESTS, k=min(count, len(TESTS))):
            low, high = float(test.low), float(test.high)
            value = f"{dice.uniform(low * 0.7, high * 1.3):.{test.decimals}f}"
            one = an_observation(
                self.id(),
                patient,
                test=test,
                value=value,
                effective=taken,
                issued=issued,
                site=site,
                filler=filler,
                refs=refs,
                meta={"source": f"urn:hie:message:{self.id()}"},
            )
            if dice.random() < 0.3:
                one["performer"].append({"reference": f"Practitioner/{self.id()}"})
            if dice.random() < 0.2:
                one["device"] = {"reference": f"Device/{self.id()}"}
            if dice.random() < 0.1:
                one["method"] = {
                    "text": dice.choice(("速率法", "酶法", "化学发光法", "散射比浊法"))
                }
            if dice.random() < 0.05:
                one["note"] = [{"text": dice.choice(("标本轻度溶血", "已复查", "建议结合临床"))}]
            made.append(one)
        return made

    def name(self) -> str:
        """An invented name."""
        return self.dice.choice(_NAMES)
