"""Answers of an order-check as the page gets them, short enough to read."""

from typing import Any

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


def order(item: str, outcome: str, *candidates: dict[str, Any]) -> dict[str, Any]:
    return {"ref": item, "item": item, "outcome": outcome, "candidates": list(candidates)}
