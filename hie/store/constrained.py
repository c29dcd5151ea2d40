"""A scope's search constraints as conditions on the columns of a row.

Fails closed: what has no column here, versions that are no longer current, and rows whose columns
are sealed satisfy no constraint.
"""

from collections.abc import Callable

from hie.access.restriction import Constraints
from hie.fhir import CATEGORY, LOINC, SECTION
from hie.store.systems import short

Add = Callable[[str], str]  # a value to its argument in SQL
_NOTHING = "1 = 0"
_CATEGORIES = {"Observation": CATEGORY, "DiagnosticReport": SECTION}


def satisfied(add: Add, table: str, kind: str, constraints: Constraints) -> str:
    """All of them hold for a row of this table."""
    if table == "resource_history":
        return _NOTHING
    return " AND ".join(
        "(" + " OR ".join(_holds(add, kind, name, value) for value in values) + ")"
        for name, values in constraints
    )


def _holds(add: Add, kind: str, name: str, value: str) -> str:
    system, bar, code = value.rpartition("|")
    if name == "status":
        return _NOTHING if bar else f"status = {add(code)}"
    if name == "category":
        is_ours = not bar or system == _CATEGORIES.get(kind)
        return f"category = {add(code)}" if is_ours else _NOTHING
    if name != "code":
        return _NOTHING
    if not bar:
        return f"(code = {add(code)} OR local_code = {add(code)})"
    if system == LOINC:
        return f"code = {add(code)}"
    return f"(local_code = {add(code)} AND local_system = {add(short(system))})"
