"""The documents on access say what the code does."""

import re
from pathlib import Path

from hie.access.policy import ROLE_SCOPES, Role
from hie.access.reason import ALERTS, Reason
from hie.access.scopes import Door
from hie.audit.event import EventType

DOCS = Path(__file__).parents[3] / "docs"


def rows(name: str) -> dict[str, str]:
    """The first cell of every table row that is code, with the whole row."""
    text = (DOCS / name).read_text("utf-8")
    return {match[1]: match[0] for match in re.finditer(r"^\| `([^`]+)` \|.*$", text, re.M)}


def test_every_event_and_every_reason_is_described_and_nothing_else() -> None:
    assert set(rows("audit-events.md")) == {*EventType, *Reason}


def test_the_document_says_which_reasons_are_alerts() -> None:
    found = rows("audit-events.md")
    assert {reason for reason in Reason if "| 8 |" in found[reason]} == ALERTS
    assert all("| 4 |" in found[reason] for reason in Reason if reason not in ALERTS)


def test_every_scope_of_the_hub_and_every_role_is_described() -> None:
    found = rows("access.md")
    assert {door.value for door in Door} <= set(found)
    for role in Role:
        assert role.value in found
        for scope in ROLE_SCOPES[role]:
            assert f"`{scope}`" in found[role.value]
