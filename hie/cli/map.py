"""`hie map`: a site's local codes and the catalogue items they stand for."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from hie.cli.asking import asked, listed
from hie.cli.output import JsonFlag, LangOption, said, show_json

app = typer.Typer()

SiteOption = Annotated[str, typer.Option("--site", "-s", help="The sending site.")]
_COLUMNS = {
    "code": "code",
    "name": "name",
    "unit": "unit",
    "count": "seen",
    "item": "item",
    "state": "state",
    "by": "by",
}


@app.command("ls")
def ls(
    site: SiteOption,
    state: Annotated[
        Literal["unmapped", "proposed", "approved", "rejected"] | None,
        typer.Option(help="Only this state."),
    ] = None,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """List a site's codes, the most frequent first."""
    listed("map-list", {"site": site, "state": state}, as_json, "codes", _COLUMNS)


@app.command()
def suggest(site: SiteOption, as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """Propose an item for each unmapped code, by exact name or alias. A person approves."""
    listed("map-suggest", {"site": site}, as_json, "codes", _COLUMNS)


@app.command()
def review(
    site: SiteOption,
    code: Annotated[list[str], typer.Argument(help="Local codes.")],
    approve: Annotated[bool, typer.Option("--approve/--reject", help="Which it is.")],
    item: Annotated[str | None, typer.Option(help="The item, if not the proposed one.")] = None,
    no_item: Annotated[
        bool, typer.Option("--no-item", help="It is known, and no item of the catalogue.")
    ] = False,
    system: Annotated[str, typer.Option(help="The code system as the site names it.")] = "",
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Approve or reject maps; what they concern is processed again."""
    answer = asked(
        "map-review",
        {
            "site": site,
            "codes": code,
            "approve": approve,
            "item": item,
            "no_item": no_item,
            "system": system,
        },
        as_json,
    )
    said(
        f"{answer['changed']} maps changed, {answer['messages']} messages processed again",
        as_json,
        answer,
    )


@app.command("import")
def import_(
    site: SiteOption,
    file: Annotated[Path, typer.Argument(help="ConceptMap JSON, or CSV.", exists=True)],
    approve: Annotated[
        bool, typer.Option("--approve", help="They are already confirmed by a person.")
    ] = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Import a site's maps; all or nothing."""
    content = file.read_text("utf-8-sig")
    answer = asked(
        "map-import",
        {"site": site, "name": file.name, "content": content, "approve": approve},
        as_json,
    )
    said(
        f"{answer['changed']} maps imported, {answer['messages']} messages processed again",
        as_json,
        answer,
    )


@app.command()
def export(site: SiteOption, as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """Print the site's approved maps as a FHIR ConceptMap."""
    show_json(asked("map-export", {"site": site}, as_json)["concept_map"])
