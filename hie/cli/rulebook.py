"""`hie rulebook`: the rules, what an assessment rested on, and what a change would turn."""

from typing import Annotated

import typer

from hie.cli.diff import diff
from hie.cli.explain import explain
from hie.cli.output import JsonFlag, LangOption, fail, show_json, table
from hie.errors import HubError
from hie.recognition.catalogue import load_catalogue
from hie.recognition.policy import build_policy
from hie.recognition.reasons import load_reasons
from hie.recognition.rulebook import load_rulebook
from hie.recognition.texts import load_texts

app = typer.Typer()
app.command()(explain)
app.command()(diff)


@app.command()
def check(as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """Load the rules, the catalogue and their texts; say what does not hold together."""
    try:
        rulebook, catalogue = load_rulebook(), load_catalogue()
        load_texts()
        load_reasons()
        build_policy([])
    except HubError as error:
        fail(error, as_json)
    rules, items = len(rulebook.rules), len(catalogue.items)
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
            "basis": ", ".join((rule.basis, *rule.basis_also)),
        }
        for rule in load_rulebook().rules.values()
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
    found = rulebook.rules.get(rule.upper())
    if found is None:
        fail(HubError(f"no rule {rule}"), as_json)
    language = lang or "zh"
    basis = [
        {
            "code": code,
            "title": rulebook.basis[code].title[language],
            "address": rulebook.basis[code].address,
        }
        for code in (found.basis, *found.basis_also)
    ]
    if as_json:
        show_json({"rule": found.id, "title": found.title[language], "basis": basis})
        return
    print(f"{found.id}  {found.title[language]}")
    print(f"  fired: {found.outcome}   unknown: {found.unknown}")
    for text in basis:
        print(f"  {text['code']}  {text['title']}  {text['address']}")
