"""Documents cannot drift: what the hub has, its documents name."""

import re
from pathlib import Path

import typer.main

from hie import errors
from hie.cli import COMMANDS, root
from hie.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"


def _text(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def test_every_setting_is_documented_with_its_variable() -> None:
    text = _text("settings.md")
    for name in Settings.model_fields:
        assert f"| `{name}` | `HIE_{name.upper()}` |" in text


def test_no_setting_is_documented_that_does_not_exist() -> None:
    named = re.findall(r"^\| `([a-z0-9_]+)` \|", _text("settings.md"), re.M)
    assert set(named) == set(Settings.model_fields)


def test_every_command_and_every_option_is_documented() -> None:
    text = _text("commands.md")
    for name in COMMANDS:
        group = typer.main.get_command(root(name))
        command = group.commands[name]
        parts = getattr(command, "commands", {"": command})
        for part, leaf in parts.items():
            called = f"hie {name} {part}".strip()
            assert f"\n`{called}" in text, called
            section = text.split(f"\n`{called}", 1)[1].split("\n\n", 1)[0]
            for parameter in leaf.params:
                for option in (o for o in parameter.opts if o.startswith("--")):
                    if option not in {"--json", "--lang", "--help"}:
                        assert option in section, f"{called} {option}"


def test_every_error_class_is_documented_with_its_status() -> None:
    from hie.status import STATUS

    text = _text("errors.md")

    def walk(cls: type[errors.HubError]) -> list[type[errors.HubError]]:
        return [cls, *(leaf for sub in cls.__subclasses__() for leaf in walk(sub))]

    for cls in walk(errors.HubError):
        assert f"`{cls.__name__}`" in text
        status = next(STATUS[base] for base in cls.__mro__ if base in STATUS)
        line = next(row for row in text.splitlines() if row.startswith(f"| `{cls.__name__}`"))
        assert str(status) in line
        assert cls.issue_type in line
