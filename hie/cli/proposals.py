"""How a change that waits for another operator is told, and what it would change."""

from collections.abc import Mapping
from typing import Any

from hie.cli.output import said


def settled(done: str, as_json: bool, answer: Mapping[str, Any]) -> None:
    """The end of a command whose change was made, or waits for somebody else."""
    proposal = answer.get("proposal")
    waits = f"not yet: another operator approves it with hie client approve {proposal}"
    said(done if proposal is None else waits, as_json, answer)


def shown(waiting: Mapping[str, Any]) -> str:
    """A proposal as text: who wants what, until when; then what goes (-) and what comes (+)."""
    lines = [
        f"{waiting['proposal']}  {waiting['what']}, proposed by {waiting['proposed_by']}"
        f" {waiting['proposed']}, open until {waiting['expires']}"
    ]
    if not waiting["is_current"]:
        lines.append("  changed since: reject it and propose it anew")
    for change in waiting["changes"]:
        lines += [f"  {change['item']:<15} - {word}" for word in change["now"]]
        lines += [f"  {change['item']:<15} + {word}" for word in change["then"]]
    return "\n".join(lines)
