"""Dialect A: ORU^R01, version 2.5.1, UTF-8, times with their zone; close to the standard.

Beijing sends the LOINC code beside its own, Shijiazhuang its own codes alone.
"""

from datetime import datetime
from typing import Final

from hie.synthetic.report import Line, Report
from hie.synthetic.segments import escaped, header, marker, name_parts, segment, stamp

_SPECIMENS: Final = {"SER": "SER&血清&HL70487", "WB": "WB&全血&HL70487"}
_ANALYSERS: Final = {"SER": "SYN-CHEM-01", "WB": "SYN-HEMA-02"}
_SEXES: Final = {"male": "M", "female": "F"}
# How this system prints UCUM units.
_UNITS: Final = {"umol/L": "μmol/L", "10*9/L": "10^9/L", "10*12/L": "10^12/L"}


def write_oru(report: Report, control_id: str, sent: datetime) -> str:
    """The message text; segments end in CR."""
    lines = [
        header(
            {
                3: report.sender.application,
                4: report.sender.facility,
                5: "HIE",
                6: "HUB",
                7: stamp(sent, True),
                9: "ORU^R01^ORU_R01",
                10: control_id,
                11: "P",
                12: "2.5.1",
                17: "CHN",
                18: report.sender.declared,
            }
        ),
        _pid(report),
        segment("PV1", {1: "1", 2: report.kind, 3: report.department, 19: report.visit}),
        segment("ORC", {1: "RE", 2: report.placer, 3: report.filler, 5: "CM"}),
        _obr(report),
        *(segment("NTE", {1: "1", 2: "L", 3: escaped(note)}) for note in report.notes),
    ]
    for number, line in enumerate(report.lines, 1):
        lines.append(_obx(report, line, number))
        lines += [segment("NTE", {1: "1", 2: "L", 3: escaped(note)}) for note in line.notes]
    return "\r".join((*lines, marker(), ""))


def _pid(report: Report) -> str:
    who = report.identity
    numbers = [f"{who.number}^^^{report.sender.site}^PI"]
    if who.resident_id:
        numbers.append(f"{who.resident_id}^^^&2.16.156.10011.1.3&ISO^NNCHN")
    return segment(
        "PID",
        {
            1: "1",
            3: "~".join(numbers),
            5: f"{name_parts(who.name)}^^^^^L",
            7: who.born,
            8: _SEXES[who.sex],
            13: who.phone,
        },
    )


def _obr(report: Report) -> str:
    return segment(
        "OBR",
        {
            1: "1",
            2: report.placer,
            3: report.filler,
            4: f"{report.panel.code}^{report.panel.name}^{_system(report)}",
            7: stamp(report.collected, True),
            14: stamp(report.received, True),
            15: _SPECIMENS[report.panel.specimen],
            16: f"D{report.filler[-3:]}^开单医师",
            22: stamp(report.issued, True),
            24: "LAB",
            25: report.status,
            32: f"R01&{report.reviewer}" if report.reviewer else "",
            34: f"T01&{report.performer}",
        },
    )


def _obx(report: Report, line: Line, number: int) -> str:
    test = line.test
    own, name = line.code or (test.code, test.name)
    code = f"{own}^{escaped(name)}^{_system(report)}"
    if report.sender.site == "bj-lis" and line.code is None:
        code += f"^{test.loinc}^{escaped(test.loinc_name)}^LN"
    laboratory = report.laboratory
    return segment(
        "OBX",
        {
            1: str(number),
            2: "ST" if test.is_coded else "NM",
            3: code,
            5: escaped(line.value),
            6: escaped(_UNITS.get(line.unit, line.unit)),
            7: escaped(line.printed("-")),
            8: line.flag,
            11: line.status,
            14: stamp(report.collected, True),
            16: f"T01^{report.performer}",
            17: line.method,
            18: f"{_ANALYSERS[report.panel.specimen]}^{report.sender.facility}",
            19: stamp(report.received + (report.issued - report.received) / 2, True),
            23: f"{laboratory.name}^^^^^^^^^{laboratory.code}" if laboratory else "",
        },
    )


def _system(report: Report) -> str:
    return f"99{report.sender.prefix}"
