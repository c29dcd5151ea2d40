"""`hie relation`: who treats a patient, as the hub knows it; declared relations to be reviewed."""

from typing import Annotated, Literal

import typer

from hie.cli.asking import asked, listed
from hie.cli.output import JsonFlag, LangOption, said

app = typer.Typer()


@app.command()
def show(
    patient: Annotated[str, typer.Argument(help="Id of a Patient.")],
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Show which institutions have to do with a Patient, and until when."""
    columns = ("institution", "kind", "from", "until", "holds", "source")
    named = {name: name for name in columns}
    listed("relation-show", {"patient": patient}, as_json, "relations", named)


@app.command()
def reviews(
    state: Annotated[Literal["open", "closed"], typer.Option(help="Only these.")] = "open",
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """List declared relations that a person is to look at."""
    columns = ("review", "at", "institution", "client", "check", "by", "outcome")
    named = {name: name for name in columns}
    listed("relation-reviews", {"state": state}, as_json, "reviews", named)


@app.command()
def close(
    review: Annotated[str, typer.Argument(help="Id of a review.")],
    outcome: Annotated[Literal["justified", "unjustified"], typer.Option(help="How it ended.")],
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Say how a review ended."""
    answer = asked("relation-close", {"review": review, "outcome": outcome}, as_json)
    said(f"review {review} {outcome}", as_json, answer)
