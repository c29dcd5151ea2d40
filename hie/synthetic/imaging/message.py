"""The report of a study as its department's report system sends it: HL7 v2 ORU^R01.

Findings (检查所见) and conclusion (检查结论) are text results; the accession number and the study's
identifier stand where IHE's radiology profile puts them, as far as the system knows them.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from hie.synthetic.imaging.study import Study
from hie.synthetic.segments import escaped, header, marker, name_parts, segment, stamp

_SEXES: Final = {"male": "M", "female": "F"}
# HL7 table 0074: the section that did the examination.
_SECTIONS: Final = {
    "CT": "CT", "MRI": "NMR", "US": "RUS", "NM": "NMS", "XRAY": "RAD", "MG": "RAD",
}  # fmt: skip
_GB18030: Final = {"GB18030", "GBK"}


@dataclass(frozen=True, slots=True)
class ImagingReport:
    """What was read in a study; `study` may never have been sent."""

    study: Study
    findings: str
    conclusion: str
    issued: datetime
    status: str = "F"
    reader: str = ""
    knows_study: bool = True  # whether the report names the study's identifier
    protected: bool = False  # the patient asked that nothing be shown elsewhere

    def changed(self, **facts: object) -> "ImagingReport":
        """The same report with other facts."""
        return replace(self, **facts)  # type: ignore[arg-type]


def written(report: ImagingReport, control_id: str) -> bytes:
    """The bytes the report system sends."""
    department = report.study.department
    text = _text(report, control_id)
    return text.encode("gb18030" if department.charset in _GB18030 else "utf-8")


def _text(report: ImagingReport, control_id: str) -> str:
    study, department = report.study, report.study.department
    who = study.identity
    chinese = department.charset in _GB18030
    kind = study.key.split("/")[0]
    numbers = [f"{who.number}^^^&{department.issuer}&ISO^PI"]
    if who.resident_id:
        numbers.append(f"{who.resident_id}^^^&2.16.156.10011.1.3&ISO^NNCHN")
    lines = [
        header(
            {
                3: "SYNRIS",
                4: department.aet,
                5: "HIE",
                6: "HUB",
                7: stamp(report.issued + timedelta(minutes=1), True),
                9: "ORU^R01^ORU_R01",
                10: control_id,
                11: "P",
                12: "2.5.1",
                18: "GB18030" if chinese else "UNICODE UTF-8",
            }
        ),
        segment(
            "PID",
            {
                1: "1",
                3: "~".join(numbers),
                5: f"{name_parts(who.name)}^^^^^L",
                7: who.born,
                8: _SEXES[who.sex],
            },
        ),
    ]
    if report.protected:
        lines.append(segment("PD1", {12: "Y"}))
    lines += [
        segment("PV1", {1: "1", 2: "O"}),
        segment("ORC", {1: "RE", 2: study.order, 3: study.accession, 5: "CM"}),
        segment(
            "OBR",
            {
                1: "1",
                2: study.order,
                3: study.accession,
                4: f"{kind}^{escaped(study.description)}^99{department.prefix}RIS",
                7: stamp(study.started, True),
                18: study.accession,
                22: stamp(report.issued, True),
                24: _SECTIONS[study.klass],
                25: report.status,
                32: f"RD01&{report.reader}" if report.reader else "",
            },
        ),
        *_results(report),
        marker(),
        "",
    ]
    return "\r".join(lines)


def _results(report: ImagingReport) -> list[str]:
    found = [
        ("TX", "SEE^检查所见^99RIS", escaped(report.findings)),
        ("TX", "CONCLUSION^检查结论^99RIS", escaped(report.conclusion)),
    ]
    if report.knows_study:
        found.append(("ST", "113014^DICOM Study^DCM", report.study.uid))
    return [
        segment("OBX", {1: str(number), 2: kind, 3: code, 5: value, 11: report.status})
        for number, (kind, code, value) in enumerate(found, 1)
    ]
