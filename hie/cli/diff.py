"""`hie rulebook diff`: which verdicts of the last days' order-checks a change would turn."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from hie.cli.connection import connected
from hie.cli.output import JsonFlag, LangOption, fail, show_json, table
from hie.cli.progress import tracked
from hie.errors import HubError
from hie.recognition.rulebook_check import require_rulebook
from hie.recognition.sources import shipped_files
from hie.schemas import using

_OUTCOMES = {
    "recognise": {"zh": "可互认", "en": "recognise"},
    "clinician_review": {"zh": "需复核", "en": "review"},
    "do_not_recognise": {"zh": "不可互认", "en": "refuse"},
    "none": {"zh": "不再提供", "en": "not offered"},
}
_SHOWN = 200  # turned verdicts listed one by one; --json has all


def diff(
    old: Annotated[
        str, typer.Argument(help="A folder, current, import:N, or the hash of data in force.")
    ],
    new: Annotated[str, typer.Argument(help="The same, of what is compared with it.")],
    on_traffic: Annotated[
        int, typer.Option("--on-traffic", min=1, max=36_500, help="Days to look back.")
    ],
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Judge the order-checks of the last days by both; say which verdicts turn, and by which rule.

    A folder is laid over the shipped files and checked first. Nothing is written.
    """
    try:
        sides = {"old": _named(old), "new": _named(new)}
        told = _asked(sides, on_traffic)
    except HubError as error:
        fail(error, as_json)
    if as_json:
        show_json(told)
    else:
        _tell(told, lang or "zh")


def _named(text: str) -> dict[str, Any]:
    """What the hub is asked for; a folder's files are read and checked here, by file and line."""
    folder = Path(text)
    if text == "current" or not folder.is_dir():
        return {"name": text}
    require_rulebook(folder)
    with using(folder):
        files = shipped_files()
    return {"name": text, "files": {name: data.decode() for name, data in files.items()}}


def _asked(sides: dict[str, Any], days: int) -> dict[str, Any]:
    """All pages as one answer."""
    told: dict[str, Any] = {}
    question: dict[str, Any] = {**sides, "days": days}
    with connected() as ask, tracked("judging") as progress:
        while True:
            page = ask("rulebook-diff", question)
            if not told:
                told = {key: page[key] for key in ("old", "new")}
                told |= {"days": days, "checks": 0, "verdicts": 0, "turned": [], "unanswered": []}
            told["checks"] += page["checks"]
            told["verdicts"] += page["verdicts"]
            told["turned"] += page["turns"]
            told["unanswered"] += page["unanswered"]
            progress(told["checks"], page["total"])
            if page["next"] is None:
                break
            question |= {"since_us": page["since_us"], "after": page["next"]}
    turned, unanswered = told.pop("turned"), told.pop("unanswered")
    counted = Counter((one["item"], one["was"], one["now"], *one["rules"]) for one in turned)
    told["counts"] = [
        {"count": count, "item": item, "was": was, "now": now, "rules": rules}
        for (item, was, now, *rules), count in sorted(
            counted.items(), key=lambda pair: (-pair[1], pair[0])
        )
    ]
    return {**told, "turns": turned, "unanswered": unanswered}


def _tell(told: dict[str, Any], lang: str) -> None:
    turned, unanswered = told["turns"], told["unanswered"]
    counts = (told["checks"], told["verdicts"], len(turned))
    print(f"{told['old']} -> {told['new']}")
    print(
        {
            "zh": "{} 次评估，{} 个判定，{} 个会改变",
            "en": "{} order-checks, {} verdicts, {} would turn",
        }[lang].format(*counts)
    )
    if turned:
        columns = {"count": "count", "item": "item", "was": "was", "now": "now", "rules": "rules"}
        table([_worded(one, lang) for one in told["counts"]], columns)
        print()
        listed = {"check": "check", "ref": "ref", "item": "item", "resource": "resource"}
        rows = [_worded(one, lang) for one in turned[:_SHOWN]]
        table(rows, {**listed, "was": "was", "now": "now", "rules": "rules"})
        if len(turned) > _SHOWN:
            print({"zh": "…其余见 --json", "en": "... the rest with --json"}[lang])
    for one in unanswered:
        places = "; ".join(f"{e['path']}: {e['code']}" for e in one["errors"])
        print(f"{one['check']}: {one['why']} ({places})")


def _worded(row: dict[str, Any], lang: str) -> dict[str, Any]:
    words = {key: _OUTCOMES[row[key]][lang] for key in ("was", "now")}
    return {**row, **words, "rules": " ".join(row["rules"])}
