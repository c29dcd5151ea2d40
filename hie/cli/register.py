"""`hie register`: institutions, qualifications, precision, marks and policies."""

import base64
from pathlib import Path
from typing import Annotated

import typer

from hie.cli.asking import asked
from hie.cli.output import JsonFlag, LangOption, show_json, table

app = typer.Typer()


@app.command("import")
def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="institutions.csv qualifications.csv precision.csv marks.csv policies.yaml",
            exists=True,
            dir_okay=False,
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything; change nothing.")
    ] = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Import register files together: all or nothing, each bad row named."""
    packed = [
        {"name": file.name, "content": base64.b64encode(file.read_bytes()).decode()}
        for file in files
    ]
    answer = asked("register-import", {"files": packed, "dry_run": dry_run}, as_json)
    if as_json:
        show_json(answer)
        return
    columns = {"file": "file", "rows": "rows", "new": "new", "changed": "changed", "same": "same"}
    table(answer["files"], columns)
    for warning in answer["warnings"]:
        print(f"note: {warning['path']}: {warning['code']}: {warning['expected']}")
    print(
        "nothing was changed (--dry-run)" if dry_run else f"import {answer['version']} is in force"
    )


@app.command()
def show(
    institution: Annotated[str, typer.Argument(help="Unified social credit code.")],
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Show what the registers say of one institution."""
    show_json(asked("register-show", {"institution": institution}, as_json))
