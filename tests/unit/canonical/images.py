"""Instances of a study as records, each test saying only what it is about. Invented people."""

from decimal import Decimal
from typing import Any

import msgspec

from hie.records import (
    Identifier,
    InstancePart,
    InstanceRecord,
    Name,
    PatientRecord,
    SeriesPart,
    StudyPart,
    Time,
    Val,
)

SOP = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "NM": "1.2.840.10008.5.1.4.1.1.20",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
    "MG": "1.2.840.10008.5.1.4.1.1.1.2",
    "SC": "1.2.840.10008.5.1.4.1.1.7",
    "KO": "1.2.840.10008.5.1.4.1.1.88.59",
    "SR": "1.2.840.10008.5.1.4.1.1.88.22",
    "PRIVATE": "1.3.12.2.1107.5.9.1",
}
AXIAL = tuple(map(Decimal, "1 0 0 0 1 0".split()))
PATIENT = PatientRecord(
    (Identifier("P1", "patient", None, "(0010,0020)"),),
    (Name("王小东", "(0010,0010)"),),
    "male",
    Time("1980-01-01", "day", "(0010,0030)"),
)


def val(text: str) -> Val:
    return Val(text, "(0008,1030)")


def image(
    modality: str | None = "CT",
    number: int | None = 1,
    *,
    series: str = "1",
    uid: str | None = None,
    sop: str | None = None,
    patient: PatientRecord = PATIENT,
    **facts: Any,
) -> InstanceRecord:
    """One instance; `facts` are fields of study, series (`series_...`) or instance."""
    study = StudyPart(uid="1.2.3", started=Time("2026-06-12T08:00:00+08:00", "second", "x"))
    part = SeriesPart(uid=f"1.2.3.{series}", number=int(series), modality=modality)
    own = InstancePart(
        uid=uid or f"1.2.3.{series}.{number}",
        sop_class=SOP.get(sop or modality or "", sop or SOP["SC"]),
        number=number,
        rows=512,
        columns=512,
        frames=1,
    )
    whole: dict[str, dict[str, Any]] = {"study": {}, "series": {}, "instance": {}}
    for name, value in facts.items():
        level, _, field = name.partition("_")
        if level in ("study", "series") and field:
            whole[level][field] = value
        else:
            whole["instance"][name] = value
    replace = msgspec.structs.replace
    return InstanceRecord(
        patient,
        "(0008,0018)",
        replace(study, **whole["study"]),
        replace(part, **whole["series"]),
        replace(own, **whole["instance"]),
    )


def slice_(number: int, depth: float | None = None, **facts: Any) -> InstanceRecord:
    """An original axial CT slice at `depth` mm (5 mm apart by its number)."""
    z = Decimal(str(5 * number if depth is None else depth))
    stated: dict[str, Any] = {
        "image_type": ("ORIGINAL", "PRIMARY", "AXIAL"),
        "position": (Decimal(0), Decimal(0), z),
        "orientation": AXIAL,
        **facts,
    }
    return image("CT", number, **stated)


def mammogram(view: str | None, side: str | None, number: int) -> InstanceRecord:
    return image("MG", number, view=view, laterality=side)
