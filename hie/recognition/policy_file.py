"""Policies as YAML into PolicyEntry values: the shipped ones, and policies.yaml of an import.

An entry's values stay JSON: text, whole numbers, true, false, null, lists and maps; a number with
a fraction is its decimal text. So a store can keep them as they are.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from hie.errors import RulebookInvalid
from hie.recognition.register import PolicyEntry
from hie.schemas import read_once, read_shaped, read_yaml

_SHIPPED_ORDER = -1  # any import of the same scope and day counts more
_FRAME = ("scope", "from", "to")


@read_once
def shipped_policies() -> tuple[str, tuple[PolicyEntry, ...]]:
    """Version and entries that the hub brings along. Raises RulebookInvalid."""
    return read_policies(read_yaml("policy", "shipped.yaml"), "policy/shipped.yaml")


def read_policies(data: Any, name: str) -> tuple[str, tuple[PolicyEntry, ...]]:
    """Version and entries of a file that comes with the hub. Raises RulebookInvalid."""
    read_shaped(data, "policy", name)
    if "version" not in data:
        raise RulebookInvalid(f"{name}: expected a version")
    return data["version"], tuple(policy_entry(e, _SHIPPED_ORDER) for e in data["policies"])


def policy_entry(data: Mapping[str, Any], order: int = 0) -> PolicyEntry:
    """One entry of the shape json-schema/policy.json. Raises ValueError for a day that is none."""
    end = data.get("to")
    values = {key: _plain(value) for key, value in data.items() if key not in _FRAME}
    return PolicyEntry(
        scope=data["scope"],
        start=date.fromisoformat(data["from"]),
        end=date.fromisoformat(end) if end else None,
        values=values,
        order=order,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {k: str(v) if k == "institution" else _plain(v) for k, v in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list) else value
