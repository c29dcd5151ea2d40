"""Errors and issues as OperationOutcome (FHIR R4 operationoutcome.html)."""

from collections.abc import Iterable
from typing import Any

from hie.errors import Fault, HubError
from hie.fhir import Resource


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
        found["diagnostics"] = text
    if expression:
        found["expression"] = [expression]
    return found


def outcome_of(error: HubError) -> Resource:
    """What a caller is told of an error: one issue, or one for each fault."""
    if not error.faults:
        return outcome([issue("error", error.issue_type, error.text)])
    return outcome(issue_of(fault, error.issue_type) for fault in error.faults)


def issue_of(fault: Fault, code: str, severity: str = "error") -> dict[str, Any]:
    """One fault as an issue: its code and what was expected in words, its path as expression."""
    words = f"{fault.code}: expected {fault.expected}" if fault.expected else fault.code
    return issue(severity, code, words, fault.path)
