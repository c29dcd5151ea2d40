"""Answers of an order-check as the page gets them, short enough to read."""

from decimal import Decimal
from typing import Any

from hie.exchange.result_history import PastResult
from hie.recognition.moment import find_moment

ITEMS = {
    key: {"zh": zh, "en": en, "abbr": key, "loinc": "2823-3", "category": category}
    for key, zh, en, category in (
        ("K", "钾", "Potassium", "chemistry"),
        ("HGB", "血红蛋白", "Haemoglobin", "haematology"),
        ("HBSAG", "乙肝表面抗原", "HBsAg", "immunology"),
    )
}


def finding(rule: str, fired: bool = False, unknown: bool = False) -> dict[str, Any]:
    return {
        "rule": rule,
        "fired": fired,
        "unknown": unknown,
        "basis": "OPN24",
        "data": {},
        "text": {"zh": f"{rule} 的话", "en": f"words of {rule}"},
    }


def candidate(outcome: str = "recognise", **change: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "assessment": "a",
        "resource": "Observation/x/_history/1",
        "outcome": outcome,
        "value": "4.1",
        "unit": "mmol/L",
        "reported": {"value": "4.1", "unit": "mmol/L", "low": "3.5", "high": "5.3"},
        "institution": {"code": "A", "name": "甲医院"},
        "mark": None,
        "effective": "2026-06-12T08:10:00+08:00",
        "age_days": 3,
        "limit_days": 7,
        "findings": [],
    }
    return whole | change


def past(value: str = "4.1", taken: str = "2026-06-12T08:10:00+08:00", **change: Any) -> PastResult:
    """A result of an item's history."""
    moment = find_moment(taken)
    whole: dict[str, Any] = {
        "resource": "Observation/x/_history/1",
        "report": "r1",
        "status": "final",
        "taken": taken,
        "at_us": moment.at_us if moment is not None else None,
        "value": value,
        "unit": "mmol/L",
        "number": Decimal(value) if value.replace(".", "").isdigit() else None,
        "comparator": "",
        "reported": value,
        "reported_unit": "mmol/L",
        "interval": (Decimal("3.5"), Decimal("5.3")),
        "printed": "3.5-5.3",
        "flag": "",
        "code": "A",
        "institution": "甲医院",
        "method": "",
    }
    return PastResult(**whole | change)


def order(item: str, outcome: str, *candidates: dict[str, Any]) -> dict[str, Any]:
    return {"ref": item, "item": item, "outcome": outcome, "candidates": list(candidates)}


CLASSES = {"CT": {"zh": "CT", "en": "Computed tomography"}}
STUDY, SERIES = "1.2.3", "1.2.3.4"


def examination(**change: Any) -> dict[str, Any]:
    """A chest CT of two images as `prior_studies.told` gives it."""
    whole: dict[str, Any] = {
        "key": "s1",
        "study": "s1",
        "images": f"/dicom-web/sites/bj-pacs/studies/{STUDY}",
        "status": "available",
        "class": "CT",
        "parts": ["CHEST"],
        "laterality": None,
        "contrast": "none",
        "protocols": [],
        "expected": 2,
        "received": 2,
        "retrievable": True,
        "description": "胸部平扫",
        "taken": "2026-06-10T09:41:00+08:00",
        "institution": "甲医院",
        "series": [series(SERIES)],
        "report": report(),
        "candidate": candidate(value=None, unit=None, resource="ImagingStudy/s1/_history/1"),
    }
    return whole | change


def series(uid: str = SERIES, text: str = "轴位 5.0", **change: Any) -> dict[str, Any]:
    return {
        "uid": uid,
        "number": 1,
        "modality": "CT",
        "description": text,
        "count": 2,
        "instances": [f"{uid}.1", f"{uid}.2"],
    } | change


def report(words: str = "双肺纹理清晰。", **change: Any) -> dict[str, Any]:
    return {
        "id": "r1",
        "status": "final",
        "issued": "2026-06-10T11:00:00+08:00",
        "findings": words,
        "conclusion": words,
        "reviewers": [words],
    } | change
