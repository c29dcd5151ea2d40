"""How commands speak: JSON for machines, tables and sentences for people, exit codes for scripts.

No colour and no progress when the output is piped. Exit codes: 0 done, 1 refused, 2 wrong usage,
3 some messages are held (receive) or findings differ (rulebook explain), 4 the hub or its database
is not reachable.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NoReturn

import typer

from hie.errors import Fault, HubError, Unavailable

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
LangOption = Annotated[
    Literal["zh", "en"] | None, typer.Option("--lang", help="Language of texts: zh or en.")
]
YesFlag = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before a change.")]

REFUSED, USAGE, SOME_HELD, UNAVAILABLE = 1, 2, 3, 4
DIFFERS = 3


def show_json(value: Any) -> None:
    """Print a value as JSON, one object, readable."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
    """Print rows as a table: {key: heading}; tabs between cells when piped."""
    if not sys.stdout.isatty():
        print("\t".join(columns.values()))
        for row in rows:
            print("\t".join(_cell(row.get(key)) for key in columns))
        return
    from rich.console import Console
    from rich.table import Table

    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for heading in columns.values():
        drawn.add_column(heading)
    for row in rows:
        drawn.add_row(*(_cell(row.get(key)) for key in columns))
    Console().print(drawn)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    return str(value)


def fail(error: HubError, as_json: bool = False) -> NoReturn:
    """Say what was refused and where, then leave with the exit code of its kind."""
    code = UNAVAILABLE if isinstance(error, Unavailable) else REFUSED
    if as_json:
        show_json(problem(error.text, error.faults))
    else:
        print(f"hie: {error.text}", file=sys.stderr)
        for fault in error.faults:
            wanted = f": expected {fault.expected}" if fault.expected else ""
            print(f"  {fault.path}: {fault.code}{wanted}", file=sys.stderr)
    raise typer.Exit(code)


def problem(title: str, faults: Sequence[Fault]) -> dict[str, Any]:
    """The problem JSON of RFC 9457 with the hub's `errors`."""
    return {
        "title": title,
        "errors": [{"path": f.path, "code": f.code, "expected": f.expected} for f in faults],
    }


def confirm(question: str, yes: bool) -> None:
    """Ask before something that cannot be taken back; `--yes` answers; a pipe must say `--yes`."""
    if yes:
        return
    if not sys.stdin.isatty():
        print("hie: this changes what is kept; say --yes to go on", file=sys.stderr)
        raise typer.Exit(USAGE)
    typer.confirm(question, abort=True)


def said(text: str, as_json: bool, answer: Any) -> None:
    """The end of a command that changed something: a sentence, or the whole answer as JSON."""
    if as_json:
        show_json(answer)
    else:
        print(text)
