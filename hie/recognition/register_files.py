"""Register files of an import: what kind each is, its rows, and everything wrong with them.

A file's kind is its name: institutions.csv, successors.csv, qualifications.csv, precision.csv,
marks.csv or policies.yaml. An import is all or nothing: `parse_register` finds what is wrong in
each file by itself, `check_import` what is wrong with all of them together and with what is known
already.
"""

from pathlib import PurePath
from typing import Final

from hie import charset
from hie.errors import Fault, MalformedMessage, RulebookInvalid
from hie.recognition.parsed import Parsed, RegisterKind, RegisterRow
from hie.recognition.policy_file import policy_entry
from hie.recognition.register import PolicyEntry
from hie.recognition.register_check import apply_import, check_import
from hie.recognition.register_csv import read_rows
from hie.schemas import load_yaml, shape_faults

__all__ = ["FILES", "Parsed", "RegisterRow", "apply_import", "check_import", "parse_register"]

FILES: Final[dict[str, RegisterKind]] = {
    "institutions.csv": "institutions",
    "successors.csv": "successors",
    "qualifications.csv": "qualifications",
    "precision.csv": "precision",
    "marks.csv": "marks",
    "policies.yaml": "policies",
}


def parse_register(filename: str, content: bytes) -> Parsed:
    """A register file's rows, and each fault with row and column ("marks.csv:12:item")."""
    name = PurePath(filename.replace("\\", "/")).name
    kind = FILES.get(name.lower())
    if kind is None:
        fault = Fault(name, "unknown-file", f"one of {', '.join(FILES)}")
        return Parsed(name, None, faults=(fault,))
    try:
        text = charset.decode(content).text.removeprefix("\ufeff")
    except MalformedMessage:
        fault = Fault(name, "charset-undecodable", "UTF-8 or GB18030")
        return Parsed(name, kind, faults=(fault,))
    if kind == "policies":
        return _policies(name, text)
    return read_rows(kind, text, name)


def _policies(name: str, text: str) -> Parsed:
    """policies.yaml: the shape first, then days that are none."""
    try:
        data = load_yaml(text, name)
    except RulebookInvalid as error:
        return Parsed(name, "policies", faults=error.faults)
    faults = list(shape_faults(data, "policy", name))
    rows: list[tuple[str, PolicyEntry]] = []
    for number, entry in enumerate([] if faults else data["policies"]):
        place = f"{name}:policies[{number}]"
        try:
            row = policy_entry(entry)
        except ValueError:
            faults.append(Fault(f"{place}.from", "not-a-day", "days as 2026-06-15"))
        else:
            rows.append((place, row))
    return Parsed(
        name,
        "policies",
        tuple(row for _, row in rows),
        tuple(place for place, _ in rows),
        tuple(faults),
    )
