"""`hie integrity`: look for what was written in the database past the hub."""

import typer

from hie.cli.output import REFUSED, JsonFlag, LangOption, show_json, table
from hie.cli.progress import run_to_end


def command(as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """Open everything sealed, compare rules and relations with it. Exit 1: something was altered.

    Nothing is changed, and the hub serves meanwhile.
    """
    answer, _ = run_to_end("integrity", "integrity-check", {}, as_json)
    if as_json:
        show_json(answer)
    else:
        table(answer["found"], {"what": "what", "where": "where"})
        print(f"{answer['count']} altered of {answer['done']} looked at")
    if answer["count"]:
        raise typer.Exit(REFUSED)
