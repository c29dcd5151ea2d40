"""`hie user`: the people who sign in to the pages."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from hie.cli.asking import asked, listed
from hie.cli.output import USAGE, JsonFlag, LangOption, YesFlag, confirm, said

app = typer.Typer()

Login = Annotated[str, typer.Argument(help="Sign-in name.")]
PasswordFile = Annotated[
    Path | None, typer.Option(help="File with the password; else it is asked for.", exists=True)
]


@app.command()
def add(
    login: Login,
    name: Annotated[str, typer.Option(help="Name as pages show it.")],
    role: Annotated[
        Literal["clinician", "integrator", "auditor", "manager", "administrator"],
        typer.Option(help="What this person does here."),
    ],
    institution: Annotated[str, typer.Option(help="Unified social credit code.")],
    department: Annotated[str, typer.Option(help="Department.")] = "",
    password_file: PasswordFile = None,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Add a person."""
    answer = asked(
        "user-add",
        {
            "login": login,
            "name": name,
            "role": role,
            "institution": institution,
            "department": department,
            "password": _password(password_file),
        },
        as_json,
    )
    said(f"user {login} added", as_json, answer)


@app.command()
def password(
    login: Login,
    password_file: PasswordFile = None,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Set a person's password; their sessions end."""
    answer = asked("user-password", {"login": login, "password": _password(password_file)}, as_json)
    said(f"password of {login} set", as_json, answer)


@app.command()
def suspend(
    login: Login, yes: YesFlag = False, as_json: JsonFlag = False, lang: LangOption = None
) -> None:
    """Suspend a person: their sessions end within 5 seconds."""
    confirm(f"Suspend {login}?", yes)
    said(f"{login} suspended", as_json, asked("user-suspend", {"login": login}, as_json))


@app.command("ls")
def ls(as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """List the people."""
    columns = {
        "login": "login",
        "name": "name",
        "role": "role",
        "institution": "institution",
        "department": "department",
        "status": "status",
    }
    listed("user-list", {}, as_json, "users", columns)


def _password(file: Path | None) -> str:
    if file is not None:
        return file.read_text("utf-8").rstrip("\r\n")
    if not sys.stdin.isatty():
        print("hie: no terminal to ask for the password: use --password-file", file=sys.stderr)
        raise typer.Exit(USAGE)
    typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed
