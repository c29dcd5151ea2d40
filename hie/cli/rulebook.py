"""`hie rulebook`: look at the rules without a database."""

from typing import Annotated

import typer

from hie.cli.output import JsonFlag, LangOption, fail, show_json, table
from hie.errors import HubError
from hie.recognition.catalogue import load_catalogue
from hie.recognition.rulebook import load_rulebook

app = typer.Typer()


@app.command()
def check(as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """Load the rules, the catalogue and their texts; say what does not hold together."""
    try:
        rulebook, catalogue = load_rulebook(), load_catalogue()
    except HubError as error:
        fail(error, as_json)
    rules, items = len(list(rulebook.rules)), len(catalogue.keys())
    if as_json:
        show_json({"rules": rules, "items": items})
    else:
        print(f"{rules} rules and {items} items hold together")


@app.command("ls")
def ls(as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """List the rules, gate by gate."""
    rows = [
        {
            "rule": rule.id,
            "gate": rule.gate,
            "title": rule.title[lang or "zh"],
            "fired": rule.outcome,
            "unknown": rule.unknown,
            "basis": ", ".join(rule.basis),
        }
        for rule in load_rulebook().rules
    ]
    if as_json:
        show_json({"rules": rows})
    else:
        table(rows, {key: key for key in ("rule", "gate", "title", "fired", "unknown", "basis")})


@app.command()
def show(
    rule: Annotated[str, typer.Argument(help="Rule id, e.g. R-401.")],
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Show one rule with the legal text it stands on."""
    rulebook = load_rulebook()
    found = next((known for known in rulebook.rules if known.id == rule.upper()), None)
    if found is None:
        fail(HubError(f"no rule {rule}"), as_json)
    language = lang or "zh"
    basis = [
        {
            "code": code,
            "title": rulebook.basis[code].title[language],
            "url": rulebook.basis[code].url,
        }
        for code in found.basis
    ]
    if as_json:
        show_json({"rule": found.id, "title": found.title, "basis": basis})
        return
    print(f"{found.id}  {found.title[language]}")
    print(f"  fired: {found.outcome}   unknown: {found.unknown}")
    for text in basis:
        print(f"  {text['code']}  {text['title']}  {text['url'] or ''}")
