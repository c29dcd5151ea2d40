"""One command that asks the hub one thing and shows the answer as a table or JSON."""

from collections.abc import Mapping
from typing import Any

from hie.cli.connection import call
from hie.cli.output import fail, show_json, table
from hie.errors import HubError


def asked(name: str, arguments: dict[str, Any], as_json: bool) -> dict[str, Any]:
    """The hub's answer; a refusal is told and ends the command."""
    try:
        return call(name, arguments)
    except HubError as error:
        fail(error, as_json)


def listed(
    name: str, arguments: dict[str, Any], as_json: bool, key: str, columns: Mapping[str, str]
) -> None:
    """Show a list of the hub: `key` names it in the answer, `columns` = {field: heading}."""
    answer = asked(name, arguments, as_json)
    if as_json:
        show_json(answer)
        return
    table(answer[key], columns)
    if answer.get("next"):
        print(f"more: --page {answer['next']}")
