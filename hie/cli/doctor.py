"""`hie doctor`: look for what is wrong with this installation."""

import typer

from hie.cli.asking import asked
from hie.cli.output import REFUSED, JsonFlag, LangOption, show_json, table


def command(as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """Check database, keys, adapters, registers, waiting messages and disk. Exit 1: look there."""
    answer = asked("doctor", {}, as_json)
    rows = [{**one, "ok": "ok" if one["ok"] else "LOOK"} for one in answer["checks"]]
    if as_json:
        show_json(answer)
    else:
        table(rows, {"check": "check", "ok": "", "text": "what"})
    if not all(one["ok"] for one in answer["checks"]):
        raise typer.Exit(REFUSED)
