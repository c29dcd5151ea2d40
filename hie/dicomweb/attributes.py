"""Studies, series and instances as QIDO-RS tells them: DICOM JSON of what the hub knows (F.2).

Made from what instances said when they came and from the ImagingStudy; no file is opened.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from hie.exchange.named import Named
from hie.fhir import Resource
from hie.records import InstanceRecord, Name, PatientRecord, Staff, Time
from hie.store.instances import StoredInstance

Attributes = dict[str, dict[str, Any]]

_SEX = {"male": "M", "female": "F", "other": "O"}
_DIGITS = re.compile(r"\D")


def study_attributes(
    named: Named, resource: Resource, counts: tuple[int, int], address: str
) -> Attributes:
    """A study: PS3.18 table 10.6.3-3. `counts` are series and instances; `address` its URL."""
    study, patient = named.study, named.patient
    found: Attributes = {}
    _add(found, "00080005", "CS", ["ISO_IR 192"])
    _add_time(found, "00080020", "00080030", study.started)
    _add(found, "00080050", "SH", [study.accession.value if study.accession else None])
    _add(found, "00080056", "CS", ["ONLINE"])
    modalities = [one.get("code") for one in resource.get("modality", ())]
    _add(found, "00080061", "CS", modalities)
    _add(found, "00080090", "PN", [_staff(study.referrer)])
    _add(found, "00081030", "LO", [study.description.text if study.description else None])
    _add(found, "00081190", "UR", [address])
    _add_patient(found, patient)
    _add(found, "0020000D", "UI", [study.uid])
    _add(found, "00200010", "SH", [study.study_id.text if study.study_id else None])
    _add(found, "00201206", "IS", [counts[0]])
    _add(found, "00201208", "IS", [counts[1]])
    return found


def series_attributes(records: Sequence[InstanceRecord], address: str) -> Attributes:
    """A series from its instances: table 10.6.3-4."""
    series = records[0].series
    found: Attributes = {}
    _add(found, "00080005", "CS", ["ISO_IR 192"])
    _add(found, "00080056", "CS", ["ONLINE"])
    _add(found, "00080060", "CS", [series.modality])
    _add_time(found, "00080021", "00080031", series.started)
    _add(found, "0008103E", "LO", [series.description.text if series.description else None])
    _add(found, "00081190", "UR", [address])
    _add(found, "00180015", "CS", list(series.body_parts[:1]))
    _add(found, "00181030", "LO", [series.protocol.text if series.protocol else None])
    _add(found, "0020000D", "UI", [records[0].study.uid])
    _add(found, "0020000E", "UI", [series.uid])
    _add(found, "00200011", "IS", [series.number])
    _add(found, "00200060", "CS", [series.laterality])
    _add(found, "00201209", "IS", [len({one.instance.uid for one in records})])
    return found


def instance_attributes(record: InstanceRecord, stored: StoredInstance, address: str) -> Attributes:
    """An instance: table 10.6.3-5."""
    own = record.instance
    found: Attributes = {}
    _add(found, "00080005", "CS", ["ISO_IR 192"])
    _add(found, "00080016", "UI", [own.sop_class])
    _add(found, "00080018", "UI", [own.uid])
    _add(found, "00080056", "CS", ["ONLINE" if stored.at_hub else "UNAVAILABLE"])
    _add(found, "00080060", "CS", [record.series.modality])
    _add(found, "00081190", "UR", [address])
    _add(found, "00083002", "UI", [stored.transfer_syntax or None])
    _add(found, "0020000D", "UI", [record.study.uid])
    _add(found, "0020000E", "UI", [record.series.uid])
    _add(found, "00200013", "IS", [own.number])
    _add(found, "00280008", "IS", [own.frames])
    _add(found, "00280010", "US", [own.rows])
    _add(found, "00280011", "US", [own.columns])
    _add(found, "00280101", "US", [own.bits])
    return found


def text_of(found: Attributes, tag: str) -> str:
    """The value of a tag as text to match with; "" when there is none."""
    values = found.get(tag, {}).get("Value") or []
    parts = [
        "=".join(str(part) for part in one.values()) if isinstance(one, dict) else str(one)
        for one in values
    ]
    return "\\".join(parts)


def _add_patient(found: Attributes, patient: PatientRecord) -> None:
    _add(found, "00100010", "PN", [_names(patient.names)])
    first = patient.identifiers[0] if patient.identifiers else None
    _add(found, "00100020", "LO", [first.value if first else None])
    birth = patient.birth_date
    _add(found, "00100030", "DA", [_digits(birth.text[:10]) if birth else None])
    _add(found, "00100040", "CS", [_SEX.get(patient.sex or "")])


def _names(names: Iterable[Name]) -> dict[str, str] | None:
    """The name's groups: letters are the alphabetic one, hanzi the ideographic (PS3.5 6.2.1.2)."""
    found: dict[str, str] = {}
    for one in names:
        text = "^".join(part for part in (one.family, one.given) if part) or one.text
        found.setdefault("Alphabetic" if text.isascii() else "Ideographic", text)
    return found or None


def _staff(one: Staff | None) -> dict[str, str] | None:
    if one is None or not one.name:
        return None
    return {"Alphabetic" if one.name.isascii() else "Ideographic": one.name}


def _add_time(found: Attributes, day: str, clock: str, time: Time | None) -> None:
    text = "" if time is None else time.text
    _add(found, day, "DA", [_digits(text[:10]) if len(text) >= 10 else None])
    _add(found, clock, "TM", [_digits(text[11:19]) if "T" in text else None])


def _digits(text: str) -> str:
    return _DIGITS.sub("", text)


def _add(found: Attributes, tag: str, vr: str, values: Sequence[Any]) -> None:
    """An attribute that a query always returns: without a value it is there and empty."""
    kept = [value for value in values if value is not None and value != ""]
    found[tag] = {"vr": vr, "Value": kept} if kept else {"vr": vr}
