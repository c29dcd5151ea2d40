"""`hie agreement`: what an institution and the region have agreed on, the bound of all it may."""

from typing import Annotated, Literal

import typer

from hie.cli.asking import asked, listed
from hie.cli.output import JsonFlag, LangOption, YesFlag, confirm
from hie.cli.proposals import settled

app = typer.Typer()

Code = Annotated[str, typer.Argument(help="Unified social credit code.")]


@app.command("set")
def set_(
    institution: Code,
    scope: Annotated[
        list[str] | None, typer.Option(help="Scope it may have at most; repeat. Default: all.")
    ] = None,
    purpose: Annotated[
        list[str] | None, typer.Option(help="Purpose of use it may have; repeat. Default: all.")
    ] = None,
    declares: Annotated[
        bool, typer.Option(help="Its systems may declare a relation at an order-check.")
    ] = True,
    people_declare: Annotated[
        bool, typer.Option(help="What its systems declared counts for its people too.")
    ] = False,
    encounter: Annotated[
        bool, typer.Option(help="Only an encounter the hub was told of counts as treating.")
    ] = False,
    clearance: Annotated[
        Literal["N", "R", "V"], typer.Option(help="Highest label it sees of others' records.")
    ] = "N",
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Keep an institution's agreement in place of the one before."""
    answer = asked(
        "agreement-put",
        {
            "institution": institution,
            "scopes": scope,
            "purposes": purpose,
            "declares": declares,
            "people_declare": people_declare,
            "encounter": encounter,
            "clearance": clearance,
        },
        as_json,
    )
    settled(f"agreement of {institution} kept", as_json, answer)


@app.command("ls")
def ls(as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """List the agreements; `*` is the standard one, of every institution without its own."""
    columns = ("institution", "scopes", "purposes", "declares", "encounter", "clearance")
    listed("agreement-list", {}, as_json, "agreements", {name: name for name in columns})


@app.command()
def drop(
    institution: Code, yes: YesFlag = False, as_json: JsonFlag = False, lang: LangOption = None
) -> None:
    """Give an institution the standard agreement again."""
    confirm(f"Drop the agreement of {institution}?", yes)
    answer = asked("agreement-drop", {"institution": institution}, as_json)
    settled(f"agreement of {institution} dropped", as_json, answer)
