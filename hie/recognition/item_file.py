"""One file of the catalogue, already of the right shape, into the values in force on one day.

A dated value is `{day: {value, basis, certainty, source}}`: of the days not after the one asked
about the latest counts; its `value: null` ends what held before.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from hie.errors import RulebookInvalid
from hie.recognition.item import (
    AllowableError,
    Alternative,
    Evidence,
    ImagingClass,
    Item,
    Limits,
    MethodGroup,
    Price,
    ReferenceInterval,
)

DATED = (
    "validity_days",
    "turnaround_days",
    "decimals",
    "review_fraction",
    "plausible",
    "guideline_cutoff",
    "defects",
    "marked_defects",
    "max_cv_percent",
    "bias_percent",
    "cvi_percent",
    "cvg_percent",
    "rcv_percent",
    "tea",
    "critical_low",
    "critical_high",
    "reference_intervals",
    "price",
    "review",
)


def _resolve(data: Mapping[str, Any], day: date) -> tuple[dict[str, Any], dict[str, Evidence]]:
    """The value in force of each dated field, and its evidence."""
    values: dict[str, Any] = {}
    evidence = {}
    for field in DATED:
        begun = [text for text in data.get(field, ()) if date.fromisoformat(text) <= day]
        if not begun:
            continue
        since = max(begun)
        entry = data[field][since]
        if entry["value"] is not None:
            values[field] = entry["value"]
            evidence[field] = Evidence(
                date.fromisoformat(since),
                entry["basis"],
                entry["certainty"],
                entry.get("source", ""),
            )
    return values, evidence


def read_item(data: Mapping[str, Any], day: date, name: str) -> Item:
    """A laboratory item's file as it stands on one day. Raises RulebookInvalid."""
    values, evidence = _resolve(data, day)
    loinc = data.get("loinc", {})
    if "unit" in data and "decimals" not in values:
        raise RulebookInvalid(f"{name}: decimals: expected a value on {day}")
    return Item(
        key=data["key"],
        zh=data["zh"],
        en=data["en"],
        abbr=data.get("abbr", data["key"]),
        category=data["category"],
        value_type=data["value_type"],
        specimen=data.get("specimen"),
        loinc_display=loinc.get("display", ""),
        loinc_confirmed=tuple(loinc.get("confirmed", ())),
        loinc_unconfirmed=tuple(loinc.get("unconfirmed", ())),
        time_aspects=MappingProxyType(loinc.get("time_aspects", {})),
        unit=data.get("unit", ""),
        alternatives=tuple(_alternative(entry) for entry in data.get("alternatives", ())),
        unit_spellings=MappingProxyType(
            {unit: tuple(texts) for unit, texts in data.get("unit_spellings", {}).items()}
        ),
        methods=tuple(
            MethodGroup(group["key"], tuple(group["words"]), tuple(group.get("loinc", ())))
            for group in data.get("methods", ())
        ),
        order_method=data.get("order_method"),
        methods_interchange=data.get("methods_interchange", True),
        needs_fasting=data.get("needs_fasting", False),
        aliases=tuple(data["aliases"]),
        turnaround_days=_whole(values.get("turnaround_days")),
        decimals=_whole(values.get("decimals")),
        validity_days=_whole(values.get("validity_days")),
        review_fraction=_number(values.get("review_fraction")),
        plausible=_limits(values.get("plausible")),
        guideline_cutoff=_limits(values.get("guideline_cutoff")),
        defects=tuple(values.get("defects", ())),
        marked_defects=tuple(values.get("marked_defects", ())),
        max_cv_percent=_number(values.get("max_cv_percent")),
        bias_percent=_number(values.get("bias_percent")),
        cvi_percent=_number(values.get("cvi_percent")),
        cvg_percent=_number(values.get("cvg_percent")),
        rcv_percent=_number(values.get("rcv_percent")),
        tea=_tea(values.get("tea")),
        critical_low=_number(values.get("critical_low")),
        critical_high=_number(values.get("critical_high")),
        reference_intervals=tuple(
            ReferenceInterval(
                _number(entry.get("low")),
                _number(entry.get("high")),
                int(entry["age_low"]),
                _whole(entry.get("age_high")),
                entry.get("sex"),
            )
            for entry in values.get("reference_intervals", ())
        ),
        price=_price(values, evidence),
        sources=tuple(data["sources"]),
        evidence=MappingProxyType(evidence),
    )


def read_class(data: Mapping[str, Any], day: date, name: str) -> ImagingClass:
    """An imaging class's file as it stands on one day; `name` is the file's."""
    values, evidence = _resolve(data, day)
    return ImagingClass(
        key=data["key"],
        zh=data["zh"],
        en=data["en"],
        modalities=tuple(data["modalities"]),
        ionising=data["dose"] == "ionising",
        asks_contrast=data["contrast"] == "asked",
        review=values.get("review"),
        turnaround_days=int(values["turnaround_days"]),
        validity_days=_whole(values.get("validity_days")),
        price=_price(values, evidence),
        sources=tuple(data["sources"]),
        evidence=MappingProxyType(evidence),
    )


def _alternative(entry: Mapping[str, Any]) -> Alternative:
    return Alternative(
        entry["unit"],
        Decimal(entry["factor"]),
        Decimal(entry.get("offset", 0)),
        entry.get("ucum", entry["unit"]),
        entry.get("plain", ""),
        tuple(entry.get("plain_under", ())),
    )


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _limits(value: Any) -> Limits | None:
    return None if value is None else Limits(_number(value.get("low")), _number(value.get("high")))


def _tea(value: Any) -> AllowableError | None:
    if value is None:
        return None
    return AllowableError(_number(value.get("percent")), value.get("rule", ""))


def _price(values: Mapping[str, Any], evidence: Mapping[str, Evidence]) -> Price | None:
    if "price" not in values:
        return None
    entry = values["price"]
    return Price(Decimal(entry["amount"]), entry["code"], evidence["price"].basis)
