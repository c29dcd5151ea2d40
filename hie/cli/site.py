"""`hie site`: the sending systems this hub knows, each with its profile."""

from pathlib import Path
from typing import Annotated

import typer

from hie.cli.asking import asked, listed
from hie.cli.output import JsonFlag, LangOption, said

app = typer.Typer()

SiteName = Annotated[str, typer.Argument(help="Short name of the site: a-z, 0-9, '-'.")]


@app.command()
def add(
    site: SiteName,
    institution: Annotated[str, typer.Option(help="Unified social credit code.")],
    adapter: Annotated[str, typer.Option(help="Source format.")] = "hl7v2",
    profile: Annotated[
        Path | None, typer.Option(help="Site profile (TOML); docs/site-profile.md.", exists=True)
    ] = None,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Add a site, or give a known one another profile."""
    text = profile.read_text("utf-8") if profile else ""
    answer = asked(
        "site-add",
        {"site": site, "institution": institution, "adapter": adapter, "profile": text},
        as_json,
    )
    said(f"site {site} {answer['change']}", as_json, answer)


@app.command("ls")
def ls(as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """List the sites."""
    columns = {
        "site": "site",
        "institution": "institution",
        "adapter": "adapter",
        "enabled": "enabled",
        "updated": "updated",
    }
    listed("site-list", {}, as_json, "sites", columns)


@app.command()
def enable(site: SiteName, as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """Take messages from this site again."""
    said(f"{site} enabled", as_json, asked("site-enable", {"site": site}, as_json))


@app.command()
def disable(site: SiteName, as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """Refuse messages from this site; what it sent stays."""
    said(f"{site} disabled", as_json, asked("site-disable", {"site": site}, as_json))
