"""`hie order-check`: the engine from the command line; the same JSON as POST /v1/order-check."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hie.cli.connection import call
from hie.cli.output import USAGE, JsonFlag, LangOption, fail, show_json
from hie.errors import HubError

_WORDS = {
    "recognise": {"zh": "可互认", "en": "recognisable"},
    "clinician_review": {"zh": "需复核", "en": "review"},
    "do_not_recognise": {"zh": "不可互认", "en": "not recognisable"},
    "none": {"zh": "无既往结果", "en": "no earlier result"},
}


def command(
    file: Annotated[Path, typer.Argument(help="Request JSON, or - for standard input.")],
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Ask whether earlier results may stand in for the orders of a request file."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        print(f"hie: {file}: cannot be read as UTF-8 text", file=sys.stderr)
        raise typer.Exit(USAGE) from problem
    try:
        answer = call("order-check", {"request": text})
    except HubError as error:
        fail(error, as_json)
    if as_json or (not sys.stdout.isatty() and lang is None):
        show_json(answer)
        return
    _tell(answer, lang or "zh")


def _tell(answer: dict[str, Any], lang: str) -> None:
    print(f"check {answer['check']}  policy {answer['policy']}  on {answer['on']}")
    for order in answer["orders"]:
        print(f"\n{order['ref']}  {order['item']}  {_WORDS[order['outcome']][lang]}")
        for candidate in order["candidates"]:
            value = f"{candidate['value'] or '–'} {candidate['unit'] or ''}".strip()
            print(
                f"   {value}  {candidate['effective'] or '–'}  {candidate['institution']['name']}"
                f"  {_WORDS[candidate['outcome']][lang]}  [{candidate['assessment']}]"
            )
            for finding in candidate["findings"]:
                if finding["fired"] or finding["unknown"]:
                    print(f"      {finding['rule']}  {finding['text'][lang]}")
