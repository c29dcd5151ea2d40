"""`hie glass`: who broke the glass, the reviews, and how often it happens."""

from typing import Annotated, Literal

import typer

from hie.cli.asking import asked, listed
from hie.cli.output import JsonFlag, LangOption, said

app = typer.Typer()


@app.command("ls")
def ls(
    state: Annotated[
        Literal["open", "justified", "unjustified"] | None,
        typer.Option(help="Only openings whose review stands so."),
    ] = None,
    page: Annotated[str | None, typer.Option(help="Where an earlier list ended.")] = None,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """List openings: who, for which patient, why, and where the review stands."""
    columns = {
        "opening": "opening",
        "person": "person",
        "patient": "patient",
        "reason": "reason",
        "at": "at",
        "looks": "looks",
        "review": "review",
        "review_by": "review by",
    }
    listed("glass-list", {"state": state, "page": page}, as_json, "openings", columns)


@app.command()
def review(
    opening: Annotated[str, typer.Argument(help="Opening id.")],
    verdict: Annotated[
        Literal["justified", "unjustified"], typer.Option(help="Whether there was good reason.")
    ],
    note: Annotated[str, typer.Option(help="Why, in at least 10 characters.")],
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Say how the review of an opening ended; unjustified takes the right to open."""
    arguments = {"opening": opening, "verdict": verdict, "note": note}
    said(f"{opening} {verdict}", as_json, asked("glass-review", arguments, as_json))


@app.command()
def restore(
    login: Annotated[str, typer.Argument(help="Sign-in name.")],
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Let a person break the glass again after an unjustified opening."""
    said(
        f"{login} may break the glass again",
        as_json,
        asked("glass-restore", {"login": login}, as_json),
    )


@app.command()
def report(
    institution: Annotated[
        str | None, typer.Option(help="Only this institution's, by its credit code.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days back.")] = 30,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Of each department: looks through broken glass among all; above 1 % is an alarm."""
    columns = {
        "institution": "institution",
        "department": "department",
        "through": "through glass",
        "looks": "looks",
        "percent": "%",
        "alarm": "alarm",
    }
    arguments = {"institution": institution, "days": days}
    listed("glass-report", arguments, as_json, "departments", columns)
