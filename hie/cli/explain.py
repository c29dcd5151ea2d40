"""`hie rulebook explain`: why an assessment was what it was, answered again from what was kept."""

from typing import Annotated, Any, Literal

import typer

from hie.cli.asking import asked
from hie.cli.output import DIFFERS, REFUSED, JsonFlag, LangOption, show_json

_OUTCOMES = {
    "recognise": {"zh": "可互认", "en": "recognisable"},
    "clinician_review": {"zh": "需复核", "en": "review"},
    "do_not_recognise": {"zh": "不可互认", "en": "not recognisable"},
    "none": {"zh": "无既往结果", "en": "no earlier result"},
    None: {"zh": "不再提供", "en": "not offered"},
}
_EFFECTS = {
    "pass": {"zh": "无影响", "en": "no effect"},
    None: {"zh": "?", "en": "?"},
    "clinician_review": {"zh": "需复核", "en": "review"},
    "do_not_recognise": {"zh": "不可互认", "en": "refused"},
}
_STATES = {
    "fired": {"zh": "触发", "en": "fired"},
    "unknown": {"zh": "无法判断", "en": "unknown"},
    "not-fired": {"zh": "未触发", "en": "not fired"},
}
_SAID = {
    "same-bytes": {
        "zh": "用当时的数据重新计算：逐字节相同",
        "en": "computed again from the data of then: the same bytes",
    },
    "same-findings": {
        "zh": "引擎版本不同（当时 {then}，现在 {now}）：没有任何判定不同",
        "en": "another engine (then {then}, now {now}): no finding differs",
    },
    "other-findings": {
        "zh": "引擎版本不同（当时 {then}，现在 {now}）：以下判定不同",
        "en": "another engine (then {then}, now {now}): these findings differ",
    },
    "altered": {
        "zh": "同一引擎版本却得不到相同结果：存储的内容已被改动",
        "en": "the same engine does not make this answer again: what is stored was altered",
    },
}
_EXITS = {"same-bytes": 0, "same-findings": 0, "other-findings": DIFFERS, "altered": REFUSED}


def explain(
    assessment: Annotated[str, typer.Argument(help="Assessment id, from an order-check's answer.")],
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Say why an assessment was what it was; exit 3 when this engine would find otherwise."""
    told = asked("rulebook-explain", {"assessment": assessment}, as_json)
    if as_json:
        show_json(told)
    else:
        _tell(told, lang or "zh")
    raise typer.Exit(_EXITS[told["reproduced"]])


def _tell(told: dict[str, Any], lang: Literal["zh", "en"]) -> None:
    words = {"at": {"zh": "判定于", "en": "made"}, "on": {"zh": "针对", "en": "for"}}
    print(f"{told['assessment']}  {told['item']}  {_OUTCOMES[told['outcome']][lang]}")
    print(f"  {told['resource']}")
    print(f"  {words['at'][lang]} {told['at']}  {words['on'][lang]} {told['on']}")
    labels = {
        "zh": ("政策", "名册导入", "数据", "引擎"),
        "en": ("policy", "registers of import", "data", "engine"),
    }[lang]
    values = (told["policy"], told["registers"], told["data"], told["engine"]["then"])
    for label, value in zip(labels, values, strict=True):
        print(f"  {label} {value}")
    for finding in told["findings"]:
        _tell_finding(finding, lang)
    print(f"\n{_SAID[told['reproduced']][lang].format(**told['engine'])}")
    for one in told["differences"]:
        place = f"{one['rule'] or ''} {', '.join(one['members'])}".strip()
        print(f"  {place}: {_short(one['was'])} -> {_short(one['now'])}")


def _tell_finding(finding: dict[str, Any], lang: Literal["zh", "en"]) -> None:
    title = finding["title"][lang] if finding["title"] else ""
    state, effect = _STATES[finding["state"]][lang], _EFFECTS[finding["effect"]][lang]
    print(f"\n  {finding['rule']}  {title}  [{state}; {effect}]")
    print(f"      {finding['text'][lang]}")
    if finding["data"]:
        facts = (f"{name}={_short(value)}" for name, value in finding["data"].items())
        print(f"      {'  '.join(facts)}")
    for basis in finding["basis"]:
        print(f"      {basis['code']}  {basis['title'][lang]}  {basis['address']}".rstrip())


def _short(value: Any) -> str:
    if isinstance(value, dict) and "rule" in value:
        return "fired" if value["fired"] else "unknown" if value["unknown"] else "not fired"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "-" if value is None else str(value)
