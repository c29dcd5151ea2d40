"""`hie rulebook`: the rules, what an assessment rested on, and what a change would turn."""

from pathlib import Path
from typing import Annotated

import typer

from hie.cli.asking import listed
from hie.cli.diff import diff
from hie.cli.explain import explain
from hie.cli.output import REFUSED, JsonFlag, LangOption, fail, show_json, table
from hie.errors import HubError
from hie.recognition.rulebook import Rulebook, load_rulebook
from hie.recognition.rulebook_check import check_rulebook, find_cases
from hie.schemas import use_folder
from hie.settings import Settings

app = typer.Typer()
app.command()(explain)
app.command()(diff)


@app.command()
def history(as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """List what was in force: the hash of the data, since when, and what of it was new."""
    listed("rulebook-history", {}, as_json, "data", {c: c for c in ("data", "since", "changed")})


@app.command()
def check(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="A region's own files; default: rulebook_dir."),
    ] = None,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Say everything wrong in rules, catalogue, policy and texts, by file and line. Exit 1: faults.

    What lies in DIR is laid over the shipped files, as it is when the hub starts.
    """
    try:
        report = check_rulebook(folder or Settings().rulebook_dir, find_cases())
    except HubError as error:
        fail(error, as_json)
    if as_json:
        faults = [
            {"file": one.file, "line": one.line, "code": one.code, "reason": one.reason}
            for one in report.faults
        ]
        show_json({**report.counts, "faults": faults, "not_checked": list(report.not_checked)})
    else:
        for one in report.faults:
            print(one)
        for skipped in report.not_checked:
            print(f"not checked: {skipped}")
        counts = ", ".join(f"{number} {what}" for what, number in report.counts.items())
        print(f"{len(report.faults)} faults in {counts}")
    if report.faults:
        raise typer.Exit(REFUSED)


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
        for rule in _rulebook(as_json).rules.values()
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
    rulebook = _rulebook(as_json)
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


def _rulebook(as_json: bool) -> Rulebook:
    """The rules of this installation, a region's own over the shipped ones."""
    try:
        use_folder(Settings().rulebook_dir)
        return load_rulebook()
    except HubError as error:
        fail(error, as_json)
