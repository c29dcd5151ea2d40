"""`hie label`: how sensitive resources are: look, raise, lower, find anew."""

from typing import Annotated, Any, Literal

import typer

from hie.cli.asking import asked, listed
from hie.cli.output import JsonFlag, LangOption, YesFlag, confirm, said, show_json
from hie.cli.progress import run_to_end

app = typer.Typer()
Resource = Annotated[str, typer.Argument(help="Type and id: Observation/k3Jd…")]
Officer = Annotated[str, typer.Option(help="Sign-in name of the security officer who decided it.")]
Reason = Annotated[str, typer.Option(help="Why, in 10 characters or more.")]


@app.command("ls")
def list_(
    type_: Annotated[
        str | None, typer.Option("--type", help="List the resources of one type; else count.")
    ] = None,
    confidentiality: Annotated[
        Literal["N", "R", "V"] | None, typer.Option(help="Only of this confidentiality.")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Only about this topic.")] = None,
    page: Annotated[str, typer.Option(help="Where the last page ended.")] = "",
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Count labels of each type, or list the resources of one; no personal data."""
    arguments = {
        "type": type_, "confidentiality": confidentiality, "topic": topic, "page": page
    }  # fmt: skip
    columns = {"confidentiality": "label", "topics": "topics"}
    columns |= {"type": "type", "count": "count"} if type_ is None else {"resource": "resource"}
    listed("label-list", arguments, as_json, "labels", columns)


@app.command()
def show(resource: Resource, as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """Show the label of one resource."""
    _told("label-show", {"resource": resource}, as_json)


@app.command("raise")
def raise_(
    resource: Resource,
    officer: Officer,
    reason: Reason,
    to: Annotated[Literal["R", "V"] | None, typer.Option(help="At least so confidential.")] = None,
    topic: Annotated[list[str] | None, typer.Option(help="About this; may be repeated.")] = None,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Raise a label, and those of what stands for it; VIP of a Patient: everything of theirs."""
    arguments = {
        "resource": resource, "to": to, "topics": topic, "officer": officer, "reason": reason
    }  # fmt: skip
    _told("label-raise", arguments, as_json)


@app.command()
def lower(
    resource: Resource,
    to: Annotated[Literal["N", "R"], typer.Option(help="No more confidential than this.")],
    officer: Officer,
    reason: Reason,
    yes: YesFlag = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Lower the confidentiality of one resource; its topics stay."""
    confirm(f"Lower {resource} to {to}?", yes)
    arguments = {"resource": resource, "to": to, "officer": officer, "reason": reason}
    _told("label-lower", arguments, as_json)


@app.command()
def backfill(
    every: Annotated[
        bool, typer.Option("--all", help="What has a label too: after the tables were changed.")
    ] = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Label what earlier versions stored without; until then it counts as restricted.

    The hub serves and takes messages in meanwhile. A run that was ended is taken up again.
    """
    arguments = {"all": every}
    answer, _ = run_to_end("label backfill", "label-backfill", arguments, as_json)
    if as_json:
        show_json(answer)
        return
    print(f"{answer['labelled']} were labelled of {answer['done']} looked at")


def _told(name: str, arguments: dict[str, Any], as_json: bool) -> None:
    answer = asked(name, arguments, as_json)
    topics = " ".join(answer["topics"])
    said(f"{answer['resource']} {answer['confidentiality']} {topics}".rstrip(), as_json, answer)
