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
        Literal[
            "clinician",
            "integrator",
            "auditor",
            "privacy-officer",
            "security-officer",
            "manager",
            "administrator",
        ],
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


@app.command()
def leaver(
    number: Annotated[str, typer.Argument(help="Staff number, as the hospital's system says it.")],
    institution: Annotated[str, typer.Option(help="Unified social credit code.")],
    back: Annotated[bool, typer.Option("--back", help="They came back: let them in.")] = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Shut out a member of staff a hospital vouches for; their tokens die within 5 seconds."""
    arguments = {"institution": institution, "number": number, "back": back}
    answer = asked("user-leaver", arguments, as_json)
    said(f"{answer['person']} {answer['status']}", as_json, answer)


@app.command()
def who(
    person: Annotated[str, typer.Argument(help="A pseudonym, as the audit log has it.")],
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Say which member of staff a pseudonym means; recorded."""
    answer = asked("user-who", {"person": person}, as_json)
    said(f"{answer['institution']} {answer['number']}", as_json, answer)


@app.command()
def totp(
    login: Login,
    remove: Annotated[bool, typer.Option("--remove", help="Take the second factor.")] = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Give a person a second factor: the secret for their app, shown this once."""
    answer = asked("user-totp", {"login": login, "remove": remove}, as_json)
    if remove or as_json:
        said(f"second factor of {login} taken", as_json, answer)
        return
    print(f"secret   {answer['secret']}")
    print(f"address  {answer['address']}")


@app.command()
def link(
    login: Login,
    provider: Annotated[str, typer.Option(help="Identity provider, as `hie provider ls` has it.")],
    subject: Annotated[str, typer.Option(help="Who the person is there: the `sub` it says.")],
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Let a person sign in by an identity provider of their institution."""
    arguments = {"login": login, "provider": provider, "subject": subject}
    said(f"{login} linked", as_json, asked("user-link", arguments, as_json))


@app.command()
def unlink(
    login: Login,
    provider: Annotated[str, typer.Option(help="Identity provider, as `hie provider ls` has it.")],
    yes: YesFlag = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Take a person's way in by an identity provider."""
    confirm(f"Unlink {login} from {provider}?", yes)
    arguments = {"login": login, "provider": provider}
    said(f"{login} unlinked", as_json, asked("user-unlink", arguments, as_json))


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
