"""`hie app`: the apps that act for people, by SMART App Launch."""

from pathlib import Path
from typing import Annotated

import typer

from hie.cli.asking import asked, listed
from hie.cli.client import Audience, key_of
from hie.cli.output import JsonFlag, LangOption
from hie.cli.proposals import settled

app = typer.Typer()


@app.command()
def add(
    client: Annotated[str, typer.Argument(help="Client id: a-z, 0-9, '.', '-'.")],
    institution: Annotated[str, typer.Option(help="Unified social credit code of who runs it.")],
    redirect_uri: Annotated[
        list[str], typer.Option(help="Where it is answered, character by character; repeat.")
    ],
    scope: Annotated[list[str], typer.Option(help="Allowed scope; repeat for more.")],
    key: Annotated[
        Path | None,
        typer.Option(
            help="Public key (JWK, JWKS, PEM); without one the app is public.", exists=True
        ),
    ] = None,
    launch_url: Annotated[
        str | None, typer.Option(help="Where it is opened from a HIS or from the hub's pages.")
    ] = None,
    everyone: Annotated[
        bool, typer.Option("--everyone", help="It serves people of every institution.")
    ] = False,
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    aud_policy: Audience = None,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Register an app. `hie client suspend` takes it out, with its tokens."""
    answer = asked(
        "app-add",
        {
            "client": client,
            "institution": institution,
            "redirect_uris": redirect_uri,
            "scopes": scope,
            "key": None if key is None else key_of(key),
            "launch_url": launch_url,
            "everyone": everyone,
            "name": name,
            "aud_policy": aud_policy,
        },
        as_json,
    )
    settled(f"{answer['kind']} app {client} registered", as_json, answer)


@app.command("ls")
def ls(as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """List the apps."""
    columns = {
        "client": "client",
        "name": "name",
        "institution": "institution",
        "kind": "kind",
        "redirect_uris": "redirect_uris",
        "status": "status",
    }
    listed("app-list", {}, as_json, "apps", columns)
