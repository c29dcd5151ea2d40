"""The plain JSON of an operator's command: arguments read as what they are to be, an answer."""

from collections.abc import Mapping
from typing import Any

from hie.errors import Fault, InvalidRequest


def text(arguments: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A text; raises InvalidRequest for anything else."""
    value = arguments.get(name, default)
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} is no text", (Fault(name, "wrong-type", "text"),))
    return value


def texts(arguments: Mapping[str, Any], name: str) -> list[str] | None:
    """A list of texts, or None without one; raises InvalidRequest for anything else."""
    value = arguments.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InvalidRequest(f"{name} is no list of texts", (Fault(name, "wrong-type", "texts"),))
    return value


def waits(proposal: str | None) -> dict[str, str]:
    """What is added to the answer where a change waits for another operator."""
    return {} if proposal is None else {"proposal": proposal}
