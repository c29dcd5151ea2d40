"""Dialect B: OUL^R21 in GB18030 as a common Chinese laboratory system sends it, quirks and all.

Numeric codes without a system, a running number in OBX-4, arrows for flags, `0.4--8` for an
interval, sexes and identifier types as numbers, times without a zone. Gaoyi's is an older release
behind an integration engine: flag and status shifted by one field, units in the second component,
numbers sent as ST, lines indented and ended with LF.
"""

from datetime import datetime
from typing import Final

from hie.synthetic.report import Line, Report
from hie.synthetic.segments import escaped, header, marker, segment, stamp

_SPECIMENS: Final = {"SER": ("血清", "17"), "WB": ("全血", "11")}
_SEXES: Final = {"male": "1", "female": "2"}
_CLASSES: Final = {"O": "门诊", "I": "住院", "E": "急诊"}
_ARROWS: Final = {"N": "", "H": "↑", "L": "↓", "HH": "↑↑", "LL": "↓↓"}
_UNITS: Final = {"umol/L": "umol/l", "10*9/L": "10^9/L", "10*12/L": "10^12/L"}
_WORDS: Final = {"阴性": "阴性（-）", "阳性": "阳性（+）"}
_BOTH_SEXES: Final = "男:130-175&女:115-150"  # one line for everybody, as older forms print it


def write_oul(report: Report, control_id: str, sent: datetime) -> str:
    """The message text; segments end in CR, from the old release in LF."""
    lines = [
        header(
            {
                3: report.sender.application,
                4: report.sender.facility,
                7: stamp(sent),
                9: "OUL^R21",
                10: control_id,
                11: "P",
                12: "2.4",
                18: report.sender.declared,
            }
        ),
        _pid(report),
        segment("PV1", {1: "1", 2: _CLASSES[report.kind], 3: report.department, 19: report.visit}),
        _obr(report),
        *(segment("NTE", {1: "1", 3: escaped(note)}) for note in report.notes),
    ]
    if not is_old(report):
        lines.append(_spm(report))
    for number, line in enumerate(report.lines, 1):
        lines.append(_obx(report, line, number))
        lines += [segment("NTE", {1: "1", 3: escaped(note)}) for note in line.notes]
    lines.append(marker())
    if is_old(report):
        return "\n".join((lines[0], *(f"        {line}" for line in lines[1:]), ""))
    return "\r".join((*lines, ""))


def is_old(report: Report) -> bool:
    """Whether the older release writes it."""
    return report.sender.site == "gy-lis"


def _pid(report: Report) -> str:
    who = report.identity
    outpatient, inpatient = (who.number, "") if report.kind != "I" else (who.number, report.visit)
    return segment(
        "PID",
        {
            1: "1",
            3: f"{outpatient}^^^^21~{inpatient}^^^^51~{who.resident_id}^^^^71",
            5: who.name,
            7: who.born,
            8: _SEXES[who.sex],
            13: who.phone,
        },
    )


def _obr(report: Report) -> str:
    word, number = _SPECIMENS[report.panel.specimen]
    return segment(
        "OBR",
        {
            1: "1",
            2: report.placer,
            3: report.filler,
            4: f"{report.panel.number}^{report.panel.name}",
            7: stamp(report.collected),
            14: stamp(report.received),
            15: f"{word}&{number}" if not is_old(report) else f"{number}&{word}",
            22: stamp(report.issued),
            25: report.status,
            32: f"1371&{report.reviewer}" if report.reviewer else "",
            34: f"1204&{report.performer}",
        },
    )


def _spm(report: Report) -> str:
    word, number = _SPECIMENS[report.panel.specimen]
    haemolysed = any("溶血" in note for line in report.lines for note in line.notes)
    return segment(
        "SPM",
        {
            1: "1",
            2: f"^{report.filler}",
            4: f"{number}^{word}",
            17: stamp(report.collected),
            18: stamp(report.received),
            24: "HEM^溶血" if haemolysed else "",
        },
    )


def _obx(report: Report, line: Line, number: int) -> str:
    old = is_old(report)
    code, name = line.code or (line.test.number, line.test.other)
    flag = "" if line.test.is_coded else _ARROWS.get(line.flag, line.flag)
    interval = escaped(line.printed("～" if old else "--"))
    if old and line.test.key == "HGB":
        interval = escaped(_BOTH_SEXES)
    fields = {
        1: str(number),
        2: "ST" if line.test.is_coded or old else "NM",
        3: f"{code}^{escaped(name)}",
        4: f"{int(report.filler[-8:]) * 40 + number}",
        5: escaped(_WORDS.get(line.value, line.value)),
        6: _unit(line.unit, old),
        7: interval,
        14: stamp(report.collected),
        17: line.method,
        20: line.control,
    }
    flag_at, status_at = (9, 10) if old else (8, 11)
    return segment("OBX", {**fields, flag_at: flag, status_at: line.status})


def _unit(unit: str, old: bool) -> str:
    """In the second component, escaped; or bare, as if a caret were no delimiter."""
    text = _UNITS.get(unit, unit)
    return f"^{escaped(text)}" if old and text else text
