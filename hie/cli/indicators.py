"""`hie indicators`: recognition, repeats and savings of a period, by published definitions."""

import sys
from decimal import Decimal
from typing import Annotated, Any

import typer

from hie.cli.connection import connected
from hie.cli.output import JsonFlag, LangOption, fail, show_json, table
from hie.cli.progress import tracked
from hie.errors import HubError

_UNKNOWN = {"zh": "未知", "en": "unknown"}
_HIDDEN = {"zh": "不足 {n} 不显示", "en": "under {n}: hidden"}
_HEADS = {
    "zh": {"title": "指标", "value": "值", "ratio": "分子 ÷ 分母", "n": "n", "formula": "公式"},
    "en": {
        "title": "indicator",
        "value": "value",
        "ratio": "numerator ÷ denominator",
        "n": "n",
        "formula": "formula",
    },
}


def command(
    first: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD.")],
    institution: Annotated[
        str | None, typer.Option("--institution", help="Only this one; default: all together.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="A row for each institution, department, item, month."),
    ] = None,
    days: Annotated[
        int, typer.Option("--days", help="Within so many days the same test is a repeat.")
    ] = 7,
    as_known_at: Annotated[
        str | None, typer.Option("--as-known-at", help="Only what was received by this instant.")
    ] = None,
    for_others: Annotated[
        bool, typer.Option("--for-others", help="A copy for others: small counts are hidden.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of text.")] = False,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Count what was asked, offered, recognised, repeated and saved in a period."""
    asked: dict[str, Any] = {"from": first, "to": last, "days": str(days)}
    given = {"institution": institution, "by": by, "as_known_at": as_known_at}
    asked.update((key, value) for key, value in given.items() if value is not None)
    if for_others:
        asked["for_others"] = True
    try:
        report = _counted(asked)
    except HubError as error:
        fail(error, as_json)
    if as_json:
        show_json(report)
    elif as_csv:
        from hie.recognition.indicator_report import write_csv

        sys.stdout.buffer.write(write_csv(report))
    else:
        _tell(report, lang or "zh")


def _counted(asked: dict[str, Any]) -> dict[str, Any]:
    """The report, page by page: the hub answers its doors between two pages."""
    import msgspec

    from hie.exchange.indicators import Page
    from hie.recognition.indicator_tally import Tallies, add_all

    tallies: Tallies = {}
    with connected() as ask, tracked("indicators") as told:
        after: str | None = ""
        known_us: int | None = None
        done, total = 0, 0
        while after is not None:
            answer = ask("indicators", {"asked": asked, "after": after, "known_us": known_us})
            total = answer["total"] if answer["total"] is not None else total
            known_us = answer["known_us"]
            page = msgspec.convert(answer, Page)
            add_all(tallies, page.tallies)
            after, done = page.next, done + page.persons
            told(done, max(total, 1))
        sums = msgspec.to_builtins(list(tallies.items()))
        return ask("indicators-report", {"asked": asked, "known_us": known_us, "groups": sums})


def _tell(report: dict[str, Any], lang: str) -> None:
    period = report["period"]
    print(f"{period['from']} – {period['to']}  ({report['as_known_at']}, {report['version']})")
    said = {one["key"]: one for one in report["definitions"]}
    for group in (report["total"], *report["groups"]):
        if group["group"] is not None:
            print(f"\n{group['group'] or '–'}  {group['name'] or ''}".rstrip())
        table([_row(one, said[one["key"]], report, lang) for one in group["indicators"]],
              _HEADS[lang])  # fmt: skip
        for name in ("reasons", "refused_by", "price_bases"):
            if group[name]:
                parts = (f"{key} {'–' if n is None else n}" for key, n in group[name].items())
                print(f"{name}: {', '.join(parts)}")


def _row(
    one: dict[str, Any], said: dict[str, Any], report: dict[str, Any], lang: str
) -> dict[str, Any]:
    value = one["value"]
    if one.get("hidden"):
        value = _HIDDEN[lang].format(n=report["hidden_below"])
    elif value is None:
        value = _UNKNOWN[lang] if said["kind"] == "count" else "–"
    elif said["kind"] == "share":
        value = f"{Decimal(value) * 100:.2f} %"
    elif said["kind"] == "amount":
        value = f"{value} {said['unit']}"
    ratio = None if one["denominator"] is None else f"{one['numerator']} ÷ {one['denominator']}"
    return {
        "title": said["title"][lang],
        "value": value,
        "ratio": ratio,
        "n": one["n"],
        "formula": said["formula"][lang],
    }
