"""`hie register`: institutions, successors, qualifications, precision, marks and policies."""

import base64
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from hie.cli.asking import asked, listed
from hie.cli.connection import Call, connected
from hie.cli.output import REFUSED, JsonFlag, LangOption, YesFlag, confirm, fail, show_json, table
from hie.cli.progress import tracked
from hie.cli.whole_file import write_whole
from hie.errors import HubError

app = typer.Typer()

DaysOption = Annotated[
    int, typer.Option("--days", min=1, max=3660, help="How many days of order-checks to look at.")
]
OnOption = Annotated[
    str | None, typer.Option("--on", help="Only what the rows say of this day (2026-06-15).")
]
_COUNTS = {"file": "file", "rows": "rows", "new": "new", "changed": "changed", "same": "same"}
_DECISION = {
    "decision": "decision",
    "check": "check",
    "ref": "ref",
    "item": "item",
    "institution": "institution",
    "receiver": "receiver",
    "decided": "decided",
}
_LOG = {
    "import": "import",
    "at": "at",
    "by": "by",
    "files": "files",
    "new": "new",
    "changed": "changed",
    "unchanged": "same",
    "after": "touched after",
    "before": "touched before",
}


@app.command("import")
def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="institutions.csv successors.csv qualifications.csv precision.csv marks.csv"
            " policies.yaml",
            exists=True,
            dir_okay=False,
        ),
    ],
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Change nothing; tell which verdicts would turn."),
    ] = False,
    days: DaysOption = 90,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Import register files together: all or nothing, each bad row named.

    Afterwards, the decisions whose used result is now refused are listed.
    """
    packed = [
        {"name": file.name, "content": base64.b64encode(file.read_bytes()).decode()}
        for file in files
    ]
    try:
        with connected() as ask:
            answer = ask("register-import", {"files": packed, "dry_run": dry_run})
            if not as_json:
                _told_import(answer, dry_run)
            if dry_run:
                answer["turns"] = _turns(ask, packed, days)
            else:
                answer["touched"] = _touched(ask, answer["version"], days)
    except HubError as error:
        fail(error, as_json)
    if as_json:
        show_json(answer)
    elif dry_run:
        _told_turns(answer["turns"], days)
    else:
        _told_touched(answer["touched"], answer["version"])


@app.command()
def touched(
    number: Annotated[
        int | None, typer.Argument(metavar="[IMPORT]", help="Its number; the newest without one.")
    ] = None,
    days: DaysOption = 90,
    again: Annotated[
        bool, typer.Option("--again", help="Look again; by default what was found is told.")
    ] = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """List the decisions whose used result an import refuses, and whether they lie before or after.

    After: made while what the import says was in force already; reopened. Before: rightly made.
    """
    try:
        with connected() as ask:
            answer = _look(ask, number, days, again)
    except HubError as error:
        fail(error, as_json)
    if as_json:
        show_json({"import": answer["import"], "touched": answer["touched"]})
        return
    _told_touched(answer["touched"], answer["import"])


@app.command("log")
def log_(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most.")] = 20,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """List the imports, newest first: who, what, and how many decisions each touches."""
    listed("register-log", {"limit": limit}, as_json, "imports", _LOG)


@app.command()
def show(
    institution: Annotated[str, typer.Argument(help="Unified social credit code.")],
    on: OnOption = None,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Show what the registers say of one institution."""
    show_json(asked("register-show", {"institution": institution, "on": on}, as_json))


@app.command()
def export(
    folder: Annotated[
        Path, typer.Argument(help="Where to write the files; made if it is not there.")
    ],
    on: OnOption = None,
    yes: YesFlag = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Write the registers as the files of an import, to edit and import again."""
    answer = asked("register-export", {"on": on}, as_json)
    there = [one["name"] for one in answer["files"] if (folder / one["name"]).exists()]
    if there:
        confirm(f"{', '.join(there)} in {folder} will be replaced. Go on?", yes)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in answer["files"]:
            write_whole(folder / one["name"], one.pop("content").encode("utf-8"))
    except OSError as problem:
        print(f"hie: {folder}: {problem.strerror}", file=sys.stderr)
        raise typer.Exit(REFUSED) from problem
    if as_json:
        show_json(answer)
        return
    table(answer["files"], {"name": "file", "rows": "rows"})


def _turns(ask: Call, packed: list[dict[str, str]], days: int) -> dict[str, Any]:
    """What an import would turn, all pages together."""
    verdicts: Counter[tuple[str, str]] = Counter()
    rules: Counter[str] = Counter()
    used: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()
    arguments: dict[str, Any] = {"files": packed, "days": days}
    with tracked("judge again") as told:
        total = 0
        while True:
            page = ask("register-turns", arguments)
            total = page["total"] if page["total"] is not None else total
            counts.update({key: page[key] for key in ("done", "concerned", "not_judged")})
            verdicts.update({(one["from"], one["to"]): one["count"] for one in page["verdicts"]})
            rules.update({one["rule"]: one["count"] for one in page["rules"]})
            used += page["used"]
            told(counts["done"], total)
            if page["after"] is None:
                break
            arguments |= {"after": page["after"], "until": page["until"]}
    return {
        "days": days,
        "checks": counts["done"],
        "concerned": counts["concerned"],
        "not_judged": counts["not_judged"],
        "verdicts": [
            {"from": was, "to": now, "count": n} for (was, now), n in sorted(verdicts.items())
        ],
        "rules": [{"rule": rule, "count": n} for rule, n in sorted(rules.items())],
        "used": used,
    }


def _touched(ask: Call, number: int, days: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _look(ask, number, days, False)["touched"]
    return found


def _look(ask: Call, number: int | None, days: int, again: bool) -> dict[str, Any]:
    """The look of an import, page by page to its end."""
    arguments: dict[str, Any] = {"import": number, "days": days, "again": again}
    with tracked("look for decisions") as told:
        done = total = 0
        while True:
            page = ask("register-touched", arguments)
            total = page["total"] if page["total"] is not None else total
            done += page["done"]
            told(done, total)
            if page["after"] is None:
                return page
            arguments |= {"import": page["import"], "after": page["after"]}


def _told_import(answer: dict[str, Any], dry_run: bool) -> None:
    table(answer["files"], _COUNTS)
    for warning in answer["warnings"]:
        print(f"note: {warning['path']}: {warning['code']}: {warning['expected']}")
    print(
        "nothing was changed (--dry-run)" if dry_run else f"import {answer['version']} is in force"
    )


def _told_turns(turns: dict[str, Any], days: int) -> None:
    print(f"{turns['checks']} order-checks of {days} days, {turns['concerned']} concerned")
    if turns["not_judged"]:
        print(f"{turns['not_judged']} could not be asked again with these registers")
    if not turns["verdicts"]:
        print("no verdict would turn")
        return
    table(turns["verdicts"], {"from": "verdict", "to": "would be", "count": "count"})
    table(turns["rules"], {"rule": "rule", "count": "count"})
    if turns["used"]:
        print(f"{len(turns['used'])} used results would turn")
        columns = {**_DECISION, "from": "verdict", "to": "would be", "rules": "rules"}
        table(turns["used"], columns)


def _told_touched(found: list[dict[str, Any]], number: int) -> None:
    if not found:
        print(f"no decision is touched by import {number}")
        return
    after = sum(one["lies"] == "after" for one in found)
    print(f"{len(found)} decisions are touched by import {number}, {after} of them reopened")
    table(found, {"lies": "lies", **_DECISION, "state": "state", "rules": "rules"})
