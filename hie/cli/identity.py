"""`hie identity`: who is who: the work list, joins by a person's decision, and their undo."""

from typing import Annotated

import typer

from hie.cli.asking import asked, listed
from hie.cli.output import JsonFlag, LangOption, YesFlag, confirm, said

app = typer.Typer()


@app.command("ls")
def ls(as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """List what waits for a person's decision."""
    columns = {
        "task": "task",
        "kind": "kind",
        "patients": "patients",
        "reason": "reason",
        "at": "since",
    }
    listed("identity-list", {}, as_json, "tasks", columns)


@app.command()
def join(
    patients: Annotated[list[str], typer.Argument(help="Two or more Patient ids.")],
    reason: Annotated[str, typer.Option(help="Why they are one person.")],
    yes: YesFlag = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Say that several Patients are one person. No clinical row moves; it can be undone."""
    confirm("Join them?", yes)
    answer = asked("identity-join", {"patients": patients, "reason": reason}, as_json)
    said(f"link {answer['link']}", as_json, answer)


@app.command()
def undo(
    link: Annotated[str, typer.Argument(help="Link id.")],
    yes: YesFlag = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Take a link back."""
    confirm(f"Undo {link}?", yes)
    said(f"{link} undone", as_json, asked("identity-undo", {"link": link}, as_json))


@app.command()
def close(
    task: Annotated[str, typer.Argument(help="Task id.")],
    reason: Annotated[str, typer.Option(help="What was found out.")],
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Close a task without a join: they are different people, or the source was mended."""
    answer = asked("identity-close", {"task": task, "reason": reason}, as_json)
    said(f"{task} closed", as_json, answer)
