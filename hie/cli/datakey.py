"""`hie datakey`: the keys that what lies in the database is sealed with."""

from typing import Annotated

import typer

from hie.cli.asking import asked
from hie.cli.output import JsonFlag, LangOption, said, show_json, table
from hie.cli.progress import run_to_end

app = typer.Typer()
_COLUMNS = {
    "id": "key", "owner": "owner", "class": "class", "epoch": "epoch", "suite": "suite",
    "provider": "wrapped by", "created": "made", "used": "cells", "seals": "seals",
}  # fmt: skip


@app.command("ls")
def ls(as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """List the data keys: whose each is, what for, how many cells it sealed, whether it seals."""
    answer = asked("datakey-list", {}, as_json)
    if as_json:
        show_json(answer)
        return
    table(answer["keys"], _COLUMNS)
    if not answer["sealed"]:
        print(
            "what an earlier version left in clear, or bound to no label, is still taken:"
            " hie datakey reencrypt ends it"
        )


@app.command()
def rotate(as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """Follow every data key by a new one now; the earlier ones go on opening what they sealed."""
    answer = asked("datakey-rotate", {}, as_json)
    said(f"{answer['made']} new data keys seal from now on", as_json, answer)


@app.command()
def rewrap(
    new: Annotated[
        bool, typer.Option("--new", help="Make a new wrapping key first (kek-2, kek-3 ...).")
    ] = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Wrap all data keys by the newest wrapping key; not one cell is touched."""
    answer = asked("datakey-rewrap", {"new": new}, as_json)
    said(f"{answer['wrapped']} data keys wrapped anew, by {answer['provider']}", as_json, answer)


@app.command()
def reencrypt(
    start: Annotated[
        bool, typer.Option("--start", help="Begin anew, also when an earlier run was ended.")
    ] = False,
    clear: Annotated[
        bool, typer.Option("--clear", help="Seal also what lies in clear since all was sealed.")
    ] = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Seal anew, with today's keys, what older keys sealed or earlier versions left in clear.

    The hub serves and takes messages in meanwhile. A run that was ended is taken up again.
    """
    arguments = {"start": start, "clear": clear}
    answer, resumed = run_to_end("reencrypt", "datakey-reencrypt", arguments, as_json)
    if as_json:
        show_json({**answer, "resumed": resumed})
        return
    if resumed:
        print("an earlier run was taken up where it ended; its counts are among these")
    rows = [{"column": name, "cells": count} for name, count in answer["sealed"].items()]
    table(rows, {"column": "column", "cells": "cells"})
    print(f"{sum(answer['sealed'].values())} cells sealed anew of {answer['done']} looked at")
