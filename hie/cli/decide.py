"""`hie decide`: the clinician's decisions from a file; the same JSON as POST /v1/decisions."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from hie.cli.asking import asked
from hie.cli.output import USAGE, JsonFlag, LangOption, show_json, table


def command(
    file: Annotated[Path, typer.Argument(help="Decisions JSON, or - for standard input.")],
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Record decisions on an earlier order-check."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        print(f"hie: {file}: cannot be read as UTF-8 text", file=sys.stderr)
        raise typer.Exit(USAGE) from problem
    answer = asked("decide", {"request": text}, as_json)
    if as_json:
        show_json(answer)
        return
    table(answer["decisions"], {"ref": "order", "decision": "decision", "state": "state"})
