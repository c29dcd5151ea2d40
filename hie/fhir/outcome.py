"""Errors and issues as OperationOutcome (FHIR R4 operationoutcome.html).

The code of an issue is of FHIR's value set issue-type: what kind of fault it is where the fault
says so, else that of the error it belongs to. The words stand in `details.text`, and once more in
`diagnostics`, where older clients look.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from hie.errors import Fault, HubError
from hie.fhir import Resource

_INVARIANT = re.compile(r"[a-z]{2,4}-[0-9]{1,2}[ab]?\Z")
_TYPES: Mapping[str, str] = {
    "structure": "structure",
    "type": "structure",
    "slice": "structure",
    "required": "required",
    "value": "value",
    "fixed": "value",
    "pattern": "value",
    "reference-target": "value",
    "binding": "code-invalid",
    "unknown-code": "code-invalid",
    "unknown-profile": "not-found",
    "not-checked": "informational",
}


def outcome(issues: Iterable[dict[str, Any]]) -> Resource:
    """An OperationOutcome of ready issues; "all ok" when there are none."""
    listed = list(issues) or [issue("information", "informational", "All OK")]
    return {"resourceType": "OperationOutcome", "issue": listed}


def issue(
    severity: str, code: str, text: str | None = None, expression: str | None = None
) -> dict[str, Any]:
    """One issue: severity, issue-type code, words, and the FHIRPath of the element."""
    found: dict[str, Any] = {"severity": severity, "code": code}
    if text:
        found |= {"details": {"text": text}, "diagnostics": text}
    if expression:
        found["expression"] = [expression]
    return found


def outcome_of(error: HubError) -> Resource:
    """What a caller is told of an error: one issue, or one for each fault."""
    if not error.faults:
        return outcome([issue("error", error.issue_type, error.text)])
    return outcome(issue_of(fault, error.issue_type) for fault in error.faults)


def issue_of(fault: Fault, code: str, severity: str = "error") -> dict[str, Any]:
    """One fault as an issue: its code and what was expected in words, its path as expression.

    `code` is the issue type of a fault that does not say its own.
    """
    expected = "" if _INVARIANT.match(fault.code) else "expected "
    words = f"{fault.code}: {expected}{fault.expected}" if fault.expected else fault.code
    return issue(severity, type_of(fault, code), words, fault.path)


def type_of(fault: Fault, default: str) -> str:
    """FHIR's issue type of a fault: `invariant`, `required`, `code-invalid` …, else the default."""
    if _INVARIANT.match(fault.code):
        return "invariant"
    return _TYPES.get(fault.code, default)
