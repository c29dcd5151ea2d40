"""`hie key`: the keys the hub signs its tokens with."""

from typing import Annotated

import typer

from hie.cli.asking import asked, listed
from hie.cli.output import JsonFlag, LangOption, YesFlag, confirm, said

app = typer.Typer()


@app.command("ls")
def ls(as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """List the signing keys and what each does: signs, verifies, published, over."""
    listed("key-list", {}, as_json, "keys", {"kid": "kid", "starts": "signs from", "state": ""})


@app.command()
def rotate(
    at: Annotated[
        str | None, typer.Option(help="When it signs (2026-12-01T00:00:00Z); default in a day.")
    ] = None,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Make the next signing key: published now, signing a day from now at the earliest."""
    answer = asked("key-rotate", {"at": at}, as_json)
    said(f"key {answer['kid']} signs from {answer['starts']}", as_json, answer)


@app.command()
def emergency(yes: YesFlag = False, as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """A key was lost: sign with a new one now; all others, and every token, end at once."""
    confirm("End every token of this hub and every other signing key?", yes)
    answer = asked("key-emergency", {}, as_json)
    said(f"key {answer['kid']} signs now; every earlier token has ended", as_json, answer)
