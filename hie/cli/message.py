"""`hie message`: what was received, what is held and why; replay and drop."""

from typing import Annotated, Literal

import typer

from hie.cli.asking import asked, listed
from hie.cli.output import JsonFlag, LangOption, YesFlag, confirm, said, show_json, table

app = typer.Typer()

Number = Annotated[str, typer.Argument(help="Message id.")]


@app.command("ls")
def ls(
    site: Annotated[str | None, typer.Option("--site", "-s", help="Only this site.")] = None,
    state: Annotated[
        Literal["kept", "stored", "held", "dropped"] | None, typer.Option(help="Only this state.")
    ] = None,
    code: Annotated[str | None, typer.Option(help="Only with this issue code.")] = None,
    page: Annotated[str | None, typer.Option(help="Where the previous list ended.")] = None,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """List messages, newest first."""
    listed(
        "message-list",
        {"site": site, "state": state, "code": code, "page": page},
        as_json,
        "messages",
        {
            "message": "message",
            "received": "received",
            "site": "site",
            "kind": "kind",
            "native_id": "number",
            "state": "state",
            "stage": "stage",
            "codes": "issues",
        },
    )


@app.command()
def show(
    message: Number,
    raw: Annotated[bool, typer.Option("--raw", help="Print the message itself too.")] = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Show one message: its stages, its issues with the values found, what it produced.

    The values and the raw text are personal data: what is shown here is recorded.
    """
    answer = asked("message-show", {"message": message, "raw": raw}, as_json)
    if as_json:
        show_json(answer)
        return
    for key in ("message", "site", "kind", "native_id", "received", "state", "stage", "attempts"):
        print(f"{key:12}{answer[key] if answer[key] is not None else ''}")
    if answer["issues"]:
        print()
        table(
            answer["issues"],
            {
                "severity": "severity",
                "stage": "stage",
                "code": "code",
                "path": "path",
                "found": "found",
                "expected": "expected",
            },
        )
    if answer["resources"]:
        print("\nproduced:")
        for reference in answer["resources"]:
            print(f"  {reference}")
    if raw and answer["raw"] is not None:
        print()
        print(answer["raw"].replace("\r", "\n"))


@app.command()
def replay(
    messages: Annotated[list[str] | None, typer.Argument(help="Message ids.")] = None,
    site: Annotated[str | None, typer.Option("--site", "-s", help="Held ones of a site.")] = None,
    code: Annotated[str | None, typer.Option(help="Held ones with this issue code.")] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what would differ; change nothing.")
    ] = False,
    yes: YesFlag = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Process messages again with today's profile, maps and identities."""
    arguments = {"messages": messages or [], "site": site, "code": code}
    before = asked("message-preview", arguments, as_json)
    if preview:
        if as_json:
            show_json(before)
        else:
            _differences(before)
        return
    if not as_json:
        print(f"{len(before['messages'])} messages")
    confirm("Process them again?", yes)
    answer = asked("message-replay", arguments, as_json)
    if as_json:
        show_json(answer)
    else:
        table(answer["messages"], {"message": "message", "state": "state", "codes": "issues"})


def _differences(before: dict[str, list[dict[str, object]]]) -> None:
    for entry in before["messages"]:
        print(f"{entry['message']}  {entry['state']} -> {entry['would_be']}")
        changes = entry["changes"]
        if isinstance(changes, list):
            table(changes, {"resource": "  resource", "path": "path", "was": "was", "is": "is"})


@app.command()
def drop(
    message: Number,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept with the message.")],
    yes: YesFlag = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Give a held message up, with a reason. Its bytes stay; it can still be replayed."""
    confirm(f"Drop {message}?", yes)
    answer = asked("message-drop", {"message": message, "reason": reason}, as_json)
    said(f"{message} dropped", as_json, answer)
