"""`hie work`: decisions that were reopened and wait for somebody of their institution."""

from typing import Annotated, Literal

import typer

from hie.cli.asking import asked, listed
from hie.cli.output import JsonFlag, LangOption, YesFlag, confirm, said

app = typer.Typer()


@app.command("list")
def list_(
    institution: Annotated[
        str | None, typer.Option(help="Only this institution's, by its credit code.")
    ] = None,
    state: Annotated[
        Literal["open", "done"], typer.Option(help="Items that wait, or that are done.")
    ] = "open",
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """List reopened decisions: why, and what changed; never what a result says."""
    columns = {
        "item": "item",
        "institution": "institution",
        "cause": "cause",
        "changed": "changed",
        "decision": "decision",
        "since": "since",
    }
    arguments = {"institution": institution, "state": state}
    listed("work-list", arguments, as_json, "items", columns)


@app.command()
def close(
    item: Annotated[str, typer.Argument(help="Item id.")],
    note: Annotated[str, typer.Option(help="Why no new decision is needed.")],
    yes: YesFlag = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Close an item without a new decision; the decision stays reopened."""
    confirm(f"Close {item} without a new decision?", yes)
    said(f"{item} closed", as_json, asked("work-close", {"item": item, "note": note}, as_json))
