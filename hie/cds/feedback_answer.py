"""What a client is told of each thing it said of a card, in a word for machines and a sentence.

`state` is what happened, `why` the reason where it is no decision; then `text` says what to do.
"""

from collections.abc import Mapping
from typing import Any

from hie.exchange.card_decision import Became
from hie.exchange.card_feedback import Told

_STATES: Mapping[Became, str] = {
    Became.RECORDED: "recorded",
    Became.REOPENED: "reopened",
    Became.STANDS: "unchanged",
    Became.KEPT: "noted",
    Became.DISMISSED: "noted",
    Became.NO_ORDER: "noted",
    Became.SUPERSEDED: "noted",
    Became.ALREADY_DECIDED: "decided",
    Became.REASON_UNKNOWN: "open",
    Became.WORDS_REQUIRED: "open",
    Became.EXPLAINED_UNKNOWN: "open",
    Became.NOBODY_NAMED: "open",
    Became.NO_LONGER_OFFERED: "open",
    Became.UNKNOWN_CARD: "unknown",
    Became.UNKNOWN_SUGGESTION: "unknown",
    Became.CONTRADICTION: "unknown",
}
_SAYS_ALL = frozenset({Became.RECORDED, Became.STANDS})
_WORDS: Mapping[Became, tuple[str, str]] = {
    Became.REOPENED: (
        "已记录；所用结果其后已更正或撤回，请重新决定。",
        "Recorded; the result has been corrected or withdrawn since: please decide again.",
    ),
    Became.KEPT: (
        "已记下：保留申请并附上已有结果。该项目仍未决定。",
        "Noted: the order stays, with the earlier result attached. Nothing is decided yet.",
    ),
    Became.DISMISSED: (
        "已记下：未说明原因。该项目仍未决定。",
        "Noted: no reason was given. Nothing is decided yet.",
    ),
    Became.NO_ORDER: (
        "已记下：此卡片只作提示，不针对某一项目。",
        "Noted: this card sums up, and is about no single order.",
    ),
    Became.SUPERSEDED: (
        "已记下：此卡片其后另有反馈，以较晚的为准。",
        "Noted: something later was said of this card, and that stands.",
    ),
    Became.ALREADY_DECIDED: (
        "该项目已另有决定，未作更改；要更改，请打开该页面。",
        "Another decision stands for this order and was left as it is; open the page to change it.",
    ),
    Became.REASON_UNKNOWN: (
        "原因不在列表之内，不能作为重复的理由；请打开该页面选择原因。",
        "The reason is none of those offered; open the page to choose one.",
    ),
    Became.WORDS_REQUIRED: (
        "此原因须用文字说明（userComment）；请补充，或打开该页面填写。",
        "This reason needs a sentence (userComment); send it, or write it on the page.",
    ),
    Became.EXPLAINED_UNKNOWN: (
        "重复的原因已记下；还须说明是否已向患者解释，请打开该页面完成决定。",
        "The reason is noted; say on the page whether it was explained to the patient.",
    ),
    Became.NOBODY_NAMED: (
        "调用时未说明医师，不能记录决定；请打开该页面作决定。",
        "The call named no practitioner, so that nothing can be decided; decide on the page.",
    ),
    Became.NO_LONGER_OFFERED: (
        "该结果现已不能采用；请重新查询。",
        "The result can no longer be used; please ask again.",
    ),
    Became.UNKNOWN_CARD: (
        "此服务没有给过您这张卡片；请核对 uuid 和服务名。",
        "This service gave you no such card; check its uuid and the id of the service.",
    ),
    Became.UNKNOWN_SUGGESTION: (
        "此卡片没有这项建议；请核对其 uuid。",
        "This card has no such suggestion; check its uuid.",
    ),
    Became.CONTRADICTION: (
        "同一卡片的两项建议不能同时采纳。",
        "The two suggestions of one card cannot both be accepted.",
    ),
}


def entry(told: Told, address: str) -> dict[str, Any]:
    """One entry of the answer; `address` is the hub's own."""
    found: dict[str, Any] = {"card": told.card, "state": _STATES[told.became]}
    if told.again:
        found["again"] = True
    if told.became not in _SAYS_ALL:
        found["why"] = told.became.value
        zh, en = _WORDS[told.became]
        found["text"] = {"zh": zh, "en": en}
    if told.decision is not None:
        found["decision"] = told.decision
    if told.check is not None and told.became is not Became.NO_ORDER:
        found["page"] = f"{address}/checks/{told.check}"
    return found
