"""Code systems as the typed columns write them: short, because every result carries two.

The long forms stay in the resource; `short` and `long` are each other's inverse.
"""

from hie.fhir import CANONICAL, LOINC

_LOCAL = f"{CANONICAL}/CodeSystem/"


def short(system: str) -> str:
    """The system as a column has it: "LN" for LOINC, "~x" for the hub's own x, else itself."""
    if system == LOINC:
        return "LN"
    if system.startswith(_LOCAL):
        return "~" + system[len(_LOCAL) :]
    return system


def long(system: str) -> str:
    """The system's URI again."""
    if system == "LN":
        return LOINC
    return _LOCAL + system[1:] if system.startswith("~") else system
