"""The commands that the page of labels tells can be given as they are printed."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from hie.cli import root

DOCS = Path(__file__).parents[4] / "docs"
TOLD = re.compile(r"(?:`|^)(hie (?:map|label) [a-z]+ [^`\n]+)(?:`|$)", re.M)


def told(page: str) -> list[str]:
    """The commands with arguments that a page prints; an ellipsis stands for what a place has."""
    found = TOLD.findall((DOCS / page).read_text("utf-8"))
    return [one for one in found if not one.endswith("…")]


@pytest.mark.parametrize("page", ["labels.md", "decisions/held-and-stored.md"])
def test_a_command_that_is_printed_has_all_it_asks_for(page: str) -> None:
    assert told(page)
    for line in told(page):
        _, group, name, *arguments = shlex.split(line)
        leaf = typer.main.get_command(root(group)).commands[group].commands[name]  # type: ignore[attr-defined]
        leaf.make_context(name, arguments)


def test_none_of_the_items_is_approved_and_not_rejected() -> None:
    assert any("--approve --no-item" in one for one in told("decisions/held-and-stored.md"))
