"""`hie provider`: identity providers of institutions, by which their people may sign in."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from hie.cli.asking import asked, listed
from hie.cli.output import JsonFlag, LangOption, YesFlag, confirm, said

app = typer.Typer()

ProviderId = Annotated[str, typer.Argument(help="Provider id: a-z, 0-9, '-'.")]


@app.command()
def add(
    provider: ProviderId,
    issuer: Annotated[str, typer.Option(help="Its issuer, character by character (https).")],
    institution: Annotated[str, typer.Option(help="Unified social credit code of its people.")],
    client_id: Annotated[str, typer.Option(help="What the hub is called there.")],
    method: Annotated[
        Literal["private_key_jwt", "client_secret_basic", "none"],
        typer.Option(help="How the hub proves itself there."),
    ] = "private_key_jwt",
    secret_file: Annotated[
        Path | None,
        typer.Option(help="File with the secret, for client_secret_basic.", exists=True),
    ] = None,
    algorithm: Annotated[
        Literal["RS256", "PS256", "ES256"], typer.Option(help="What signs its id_tokens.")
    ] = "RS256",
    name: Annotated[str, typer.Option(help="What the sign-in page calls it.")] = "",
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Register an identity provider; shows the redirect address to register there."""
    secret = None if secret_file is None else secret_file.read_text("utf-8").strip()
    arguments = {
        "provider": provider,
        "issuer": issuer,
        "institution": institution,
        "client_id": client_id,
        "method": method,
        "secret": secret,
        "algorithm": algorithm,
        "name": name,
    }
    answer = asked("provider-add", arguments, as_json)
    said(f"{provider} registered; redirect address: {answer['redirect_uri']}", as_json, answer)


@app.command("ls")
def ls(as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """List the identity providers."""
    columns = {
        "provider": "provider",
        "name": "name",
        "institution": "institution",
        "issuer": "issuer",
        "method": "method",
        "status": "status",
    }
    listed("provider-list", {}, as_json, "providers", columns)


@app.command()
def suspend(
    provider: ProviderId, yes: YesFlag = False, as_json: JsonFlag = False, lang: LangOption = None
) -> None:
    """Let nobody sign in with a provider; who is signed in stays so."""
    confirm(f"Suspend {provider}?", yes)
    answer = asked("provider-suspend", {"provider": provider}, as_json)
    said(f"{provider} suspended", as_json, answer)


@app.command()
def resume(provider: ProviderId, as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """Let people sign in with a suspended provider again."""
    said(f"{provider} active", as_json, asked("provider-resume", {"provider": provider}, as_json))
