"""`hie consent`: what patients permit: list, record a signed form, withdraw, the rules it makes."""

from typing import Annotated

import typer

from hie.cli.asking import asked, listed
from hie.cli.output import JsonFlag, LangOption, YesFlag, confirm, said

app = typer.Typer()
Patient = Annotated[str, typer.Argument(help="Patient id.")]


@app.command("ls")
def ls(patient: Patient, as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """List the Consents of a patient, in every institution's record of them."""
    columns = {
        "consent": "consent",
        "status": "status",
        "at": "given",
        "form": "form",
        "type": "type",
        "institutions": "institutions",
        "topics": "topics",
        "by": "recorded by",
    }
    listed("consent-list", {"patient": patient}, as_json, "consents", columns)


@app.command()
def record(
    patient: Patient,
    form: Annotated[
        str,
        typer.Option(help="share, share-some, opt-out, deny-some, deny-topics or emergency."),
    ],
    by: Annotated[str, typer.Option(help="Institution that records it (credit code).")],
    institution: Annotated[
        list[str] | None, typer.Option(help="Institution named on the form; repeat for more.")
    ] = None,
    topic: Annotated[
        list[str] | None, typer.Option(help="Topic named on the form (HIV …); repeat for more.")
    ] = None,
    emergency: Annotated[
        bool, typer.Option("--emergency", help="The denial holds in an emergency too.")
    ] = False,
    guardian: Annotated[
        str | None, typer.Option(help="How the guardian who signed is related.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Last day it holds (ISO).")] = None,
    text: Annotated[str, typer.Option(help="Language of the words that were signed.")] = "zh",
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Record a form that a patient signed; it holds at once, everywhere."""
    arguments = {
        "patient": patient,
        "form": form,
        "by": by,
        "institutions": institution,
        "topics": topic,
        "emergency": emergency,
        "guardian": guardian,
        "until": until,
        "lang": text,
    }
    answer = asked("consent-record", arguments, as_json)
    said(f"consent {answer['consent']}", as_json, answer)


@app.command()
def withdraw(
    consent: Annotated[str, typer.Argument(help="Consent id.")],
    yes: YesFlag = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """End a Consent; it holds no longer at once, everywhere."""
    confirm(f"Withdraw {consent}?", yes)
    answer = asked("consent-withdraw", {"consent": consent}, as_json)
    said(f"{consent} withdrawn", as_json, answer)


@app.command()
def rules(patient: Patient, as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """Show the rules a patient's Consents make, the one that counts first first."""
    columns = {
        "decision": "decision",
        "who": "who asks",
        "purposes": "for",
        "records": "about",
        "from": "from",
        "until": "until",
        "consent": "consent",
    }
    listed("consent-rules", {"patient": patient}, as_json, "rules", columns)


@app.command()
def recompile(as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """Make the rules of every Consent anew; answers stay right meanwhile."""
    answer = asked("consent-recompile", {}, as_json)
    said(f"{answer['homes']} patients with Consents", as_json, answer)
