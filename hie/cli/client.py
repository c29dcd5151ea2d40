"""`hie client`: the systems that may call the hub, each with its own key."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from hie.cli.asking import asked
from hie.cli.output import (
    USAGE,
    JsonFlag,
    LangOption,
    YesFlag,
    confirm,
    fail,
    said,
    show_json,
    table,
)
from hie.cli.proposals import settled, shown
from hie.errors import ResourceNotFound

app = typer.Typer()

KeyFile = Annotated[
    Path | None, typer.Option(help="Public key: JWK, JWKS or PEM file.", exists=True)
]
KeyAddress = Annotated[
    str | None, typer.Option(help="The https address its keys are published at instead.")
]
Audience = Annotated[
    Literal["issuer", "token-url", "either"] | None,
    typer.Option(help="What its assertions are made for (aud); default either."),
]
ClientId = Annotated[str, typer.Argument(help="Client id: a-z, 0-9, '.', '-'.")]
ProposalId = Annotated[str, typer.Argument(help="Its id, as `hie client ls` shows it.")]


@app.command()
def add(
    client: ClientId,
    institution: Annotated[str, typer.Option(help="Unified social credit code.")],
    scope: Annotated[list[str], typer.Option(help="Allowed scope; repeat for more.")],
    key: KeyFile = None,
    jwks_uri: KeyAddress = None,
    name: Annotated[str, typer.Option(help="What people call this system.")] = "",
    purpose: Annotated[
        list[str] | None, typer.Option(help="Purpose of use; default TREAT.")
    ] = None,
    cds_issuer: Annotated[
        str, typer.Option(help="What it calls itself (iss) as a CDS Hooks client.")
    ] = "",
    certificate: Annotated[
        Path | None, typer.Option(help="Certificate it must show; binds its tokens.", exists=True)
    ] = None,
    dpop: Annotated[
        bool, typer.Option("--dpop", help="Bind its tokens to a key it proves (RFC 9449).")
    ] = False,
    network: Annotated[
        list[str] | None, typer.Option(help="Network it calls from, and no other; repeat.")
    ] = None,
    aud_policy: Audience = None,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Register a client system with its public key. The private key never leaves its owner."""
    answer = asked(
        "client-add",
        {
            "client": client,
            "institution": institution,
            "key": _offer(key, jwks_uri),
            "scopes": scope,
            "name": name,
            "purposes": purpose or ["TREAT"],
            "cds_issuer": cds_issuer,
            "networks": network or [],
            "sender": _sender(certificate, dpop=dpop),
            "aud_policy": aud_policy or "either",
        },
        as_json,
    )
    settled(f"client {client} registered, key {', '.join(answer['kids'])}", as_json, answer)


@app.command()
def key(
    client: ClientId,
    key: KeyFile = None,
    jwks_uri: KeyAddress = None,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Give a client other keys; the former count no more."""
    answer = asked("client-key", {"client": client, "key": _offer(key, jwks_uri)}, as_json)
    settled(f"{client}: key {', '.join(answer['kids'])}", as_json, answer)


@app.command()
def change(
    client: ClientId,
    scope: Annotated[
        list[str] | None, typer.Option(help="Its scopes from now on; repeat for more.")
    ] = None,
    purpose: Annotated[
        list[str] | None, typer.Option(help="Its purposes of use from now on; repeat for more.")
    ] = None,
    aud_policy: Audience = None,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Give a client other scopes, purposes or audiences; what is not said stays as it is."""
    asked_for = {"scopes": scope, "purposes": purpose, "aud_policy": aud_policy}
    answer = asked("client-change", {"client": client, **asked_for}, as_json)
    settled(f"{client} changed", as_json, answer)


def _offer(key: Path | None, jwks_uri: str | None) -> Any:
    """The key as the hub takes it, or the address of the keys: one of the two."""
    if (key is None) == (jwks_uri is None):
        raise _wrong("expected --key FILE or --jwks-uri ADDRESS")
    return {"jwks_uri": jwks_uri} if key is None else key_of(key)


def key_of(path: Path) -> Any:
    """A JWK, JWKS, or PEM text as the hub takes it; private parts are refused by the hub."""
    expected = f"{path}: expected a PEM public key, a JWK or a JWKS"
    text = _text(path, expected)
    if _is_pem(text):
        return {"pem": text}
    try:
        return json.loads(text)
    except json.JSONDecodeError as problem:
        raise _wrong(expected) from problem


def _sender(certificate: Path | None, *, dpop: bool) -> str:
    """What the client's tokens are bound to, as the hub takes it: one thing at most."""
    if certificate is None:
        return "dpop" if dpop else ""
    if dpop:
        raise _wrong("expected --certificate FILE or --dpop, not both")
    expected = f"{certificate}: expected a PEM certificate"
    text = _text(certificate, expected)
    if not _is_pem(text):
        raise _wrong(expected)
    return text


def _is_pem(text: str) -> bool:
    return text.lstrip().startswith("-----BEGIN")


def _text(path: Path, expected: str) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as problem:  # DER
        raise _wrong(expected) from problem


def _wrong(said: str) -> typer.Exit:
    """Say what is wrong with how the command was typed."""
    typer.echo(f"hie: {said}", err=True)
    return typer.Exit(USAGE)


@app.command("ls")
def ls(as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """List the clients, and what waits for a second operator with what it would change."""
    answer = asked("client-list", {}, as_json)
    if as_json:
        show_json(answer)
        return
    columns = ("client", "name", "institution", "scopes", "status")
    table(answer["clients"], {name: name for name in columns})
    for one in answer["waiting"]:
        print(f"\n{shown(one)}")


@app.command()
def approve(
    proposal: ProposalId,
    yes: YesFlag = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Approve what another operator proposed: a client, an app, a change, an agreement."""
    if not (yes or as_json):
        print(shown(_waiting(proposal, as_json)))
    confirm(f"Approve {proposal}?", yes)
    answer = asked("client-approve", {"proposal": proposal}, as_json)
    said(f"{proposal} approved: {answer['what']}", as_json, answer)


@app.command()
def reject(
    proposal: ProposalId,
    yes: YesFlag = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Let a proposal come to nothing; whoever made it may take it back so."""
    confirm(f"Reject {proposal}?", yes)
    answer = asked("client-reject", {"proposal": proposal}, as_json)
    said(f"{proposal} rejected: {answer['what']}", as_json, answer)


def _waiting(proposal: str, as_json: bool) -> dict[str, Any]:
    waiting: list[dict[str, Any]] = asked("client-list", {}, as_json)["waiting"]
    found = next((one for one in waiting if one["proposal"] == proposal), None)
    if found is None:
        fail(ResourceNotFound(f"no proposal {proposal!r} waits"), as_json)
    return found


@app.command()
def suspend(
    client: ClientId, yes: YesFlag = False, as_json: JsonFlag = False, lang: LangOption = None
) -> None:
    """Suspend a client: its tokens die within 5 seconds."""
    confirm(f"Suspend {client}?", yes)
    said(f"{client} suspended", as_json, asked("client-suspend", {"client": client}, as_json))


@app.command()
def resume(client: ClientId, as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """Let a suspended client call again."""
    settled(f"{client} active", as_json, asked("client-resume", {"client": client}, as_json))


@app.command()
def networks(
    client: ClientId,
    network: Annotated[
        list[str] | None, typer.Argument(help="Network (10.20.0.0/16) or address; none: any.")
    ] = None,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Let a client call from these networks alone, within 5 seconds."""
    asked_for = {"client": client, "networks": network or []}
    answer = asked("client-networks", asked_for, as_json)
    settled(f"{client}: {', '.join(answer['networks']) or 'any network'}", as_json, answer)


@app.command()
def token(
    client: ClientId,
    scope: Annotated[list[str] | None, typer.Option(help="Only these scopes.")] = None,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Print an access token for a first call (5 minutes; recorded)."""
    answer = asked("client-token", {"client": client, "scopes": scope}, as_json)
    said(answer["access_token"], as_json, answer)
