"""`hie reindex`: compute again what resources are found by, while the hub goes on."""

from typing import Annotated

import typer

from hie.cli.output import JsonFlag, LangOption, show_json, table
from hie.cli.progress import run_to_end

_COLUMNS = {
    "type": "type",
    "looked": "looked at",
    "columns": "columns",
    "numbers": "numbers",
    "identifiers": "identifiers",
    "overtaken": "overtaken",
}


def command(
    types: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only this resource type; may be given several times."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; count what would be changed.")
    ] = False,
    start: Annotated[
        bool, typer.Option("--start", help="Begin anew, also when an earlier run was ended.")
    ] = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Compute again, from the stored bodies, the columns and identifiers that searches read.

    The hub serves and takes messages in meanwhile. A run that was ended is taken up again.
    """
    arguments = {"types": types, "dry_run": dry_run, "start": start}
    answer, resumed = run_to_end("reindex", "reindex", arguments, as_json)
    if as_json:
        show_json({**answer, "resumed": resumed, "dry_run": dry_run})
        return
    if resumed:
        print("an earlier run was taken up where it ended; its counts are among these")
    rows = [{"type": kind, **counts} for kind, counts in answer["counts"].items()]
    table([one for one in rows if one["looked"]], _COLUMNS)
    changed = sum(one["columns"] + one["numbers"] + one["identifiers"] for one in rows)
    print(f"{changed} {'would be' if dry_run else 'were'} set right of {answer['done']} looked at")
