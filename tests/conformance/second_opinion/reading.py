"""A record of a case read as facts: what it states, over what is as good as it can be."""

from decimal import Decimal
from typing import Any

from tests.conformance.second_opinion import words
from tests.conformance.second_opinion.items import (
    ITEMS,
    is_coded,
    is_imaging,
    is_quantity,
    item_of_code,
)
from tests.conformance.second_opinion.record import COLLECTED, SOURCE, Record
from tests.conformance.second_opinion.times import Time, read_time
from tests.conformance.second_opinion.units import read_unit

_LABORATORY: dict[str, Any] = {
    "mapping": "confirmed", "code": None, "status": "final", "report_status": "final",
    "collected": COLLECTED, "received": None, "reviewed": True, "value": "4.1",
    "comparator": None, "unit": "mmol/L", "words": None, "flag": None, "control": "in",
    "low": "", "high": "", "ranges": None, "name": None, "method": None, "notes": (),
    "setting": None, "category": "laboratory", "key": "o1", "identifier": "F1/K/",
    "performer": "Organization/source", "performer_code": SOURCE, "report_id": "F1",
    "birth_date": "1980-05-01", "sex": "male", "specimen": {}, "clinical": None,
    "report_notes": (), "current": True, "withheld": False, "identity": {},
}  # fmt: skip
_IMAGES: dict[str, Any] = {
    "mapping": "confirmed", "code": "CT-01", "study": True, "reported": True, "study_class": "",
    "study_status": "available", "report_status": "final", "collected": COLLECTED,
    "reviewed": True, "report_id": "F1", "key": "s1", "identity": {}, "birth_date": "1980-05-01",
    "sex": "male", "performer_code": SOURCE, "performer": "Organization/source", "current": True,
    "withheld": False, "identity_of_images": "same", "report_facts": {}, "slow": False,
    "received": None,
}  # fmt: skip
_STUDY: dict[str, Any] = {
    "body_part": "CHEST", "laterality": None, "contrast": "none", "protocol": (), "texts": True,
    "expected": 3, "received": 3, "retrievable": True, "original": True, "complete": True,
    "complete_left": None, "complete_right": None,
}  # fmt: skip
_SPECIMEN: dict[str, Any] = {
    "kind": "静脉血",
    "conditions": ("无溶血",),
    "notes": (),
    "collected": None,
    "received": None,
}


def read_record(stated: dict[str, Any], ordered: str) -> Record:
    """A record of a case; `ordered` is its item where it names none."""
    if is_imaging(stated.get("item", ordered)) or is_imaging(ordered):
        return _read_images(stated, ordered)
    said = {**_LABORATORY, **stated}
    specimen = said["specimen"]
    said["specimen"] = None if specimen is None else {**_SPECIMEN, **specimen}
    sample = said["specimen"] or {}
    item = stated.get("item", ordered)
    by_code, needs_nobody = item_of_code(said["code"])
    confirmed = said["mapping"] == "confirmed" if item else needs_nobody
    number = None if said["words"] is not None else said["value"]
    number = None if number is None else Decimal(str(number))
    item = item or by_code
    collected = read_time(said["collected"]) or read_time(sample.get("collected"))
    unit = read_unit(item, said["unit"], said["code"]) if number is not None else None
    return Record(
        said["key"], item, confirmed, said, collected, _issued(said),
        read_time(said["received"]) or read_time(sample.get("received")),
        _institution(said), **_identity(said), number=number,
        comparator=said["comparator"] or "" if number is not None else "",
        klass=words.class_of(said["words"], said["flag"]) if is_coded(item) else None,
        unit=unit, ranges=_ranges(said, stated.get("item", ordered)),
    )  # fmt: skip


def _issued(said: dict[str, Any]) -> Time | None:
    return read_time(said.get("issued", said["collected"]))


def _institution(said: dict[str, Any]) -> str | None:
    """Its code, "" if it is named without one, None if the record names none."""
    return None if said["performer"] is None else said["performer_code"] or ""


def _identity(said: dict[str, Any]) -> dict[str, Any]:
    stated = said["identity"]
    return {
        "relation": stated.get("relation", "strong"),
        "conflicts": tuple(stated.get("conflicts", ())),
        "compared": stated.get("compared", True),
    }


def _ranges(said: dict[str, Any], item: str | None) -> tuple[dict[str, Any], ...]:
    """Printed intervals; where a case says nothing, the receiver's own of a man as reported."""
    if said["ranges"] is not None:
        return tuple(said["ranges"])
    ends = {}
    unit = read_unit(item, said["unit"], None)
    own = next((one for one in _own(item) if one[0] in ("any", "male")), None)
    for n, side in ((3, "low"), (4, "high")):
        stated = said[side]
        if stated == "":
            stated = None
            if own and unit:
                stated = (Decimal(own[n]) - unit.offset) / unit.factor
        if stated is not None:
            ends[side] = Decimal(str(stated))
    return (ends,) if ends else ()


def _own(item: str | None) -> list[list[Any]]:
    return ITEMS[item]["intervals"] if is_quantity(item) and item else []


def _read_images(stated: dict[str, Any], ordered: str) -> Record:
    said = {**_IMAGES, **stated}
    said["report_status"] = said["report_status"] if said["reported"] else None
    mapped = stated.get("item", ordered)
    dicom = mapped if said["study_class"] == "" else said["study_class"]
    dicom = dicom if said["study"] else None
    reported = mapped if said["reported"] else None
    collected = read_time(said["collected"])
    facts = {**_STUDY, "tracer": "18F-FDG" if dicom == "NM" else None}
    facts |= {name: stated[name] for name in facts if name in stated}
    return Record(
        said["key"], dicom or reported, bool(dicom) or said["mapping"] == "confirmed", said,
        collected, _issued(said) if said["reported"] else None, None, _institution(said),
        **_identity(said), study=_merged(facts if said["study"] else {}, said),
    )  # fmt: skip


def _merged(study: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """What the images say, else the report; both's protocols, and the largest count stated."""
    told = said["report_facts"] if said["reported"] else {}
    found = {name: study.get(name) for name in (*_STUDY, "tracer")}
    for name, value in told.items():
        if name == "expected":
            found[name] = max(value, found[name] or 0)
        elif name == "protocol":
            found[name] = [*(found[name] or ()), *value]
        elif found.get(name) in (None, (), []):
            found[name] = value
        elif name == "texts":
            found[name] = found[name] or value
    return found
