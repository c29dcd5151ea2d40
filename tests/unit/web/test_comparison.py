"""What changed since a result was used, in words of both languages."""

from typing import Any

import pytest

from hie.web.language import Language
from hie.web.pages.comparison import what_changed


def event(*changes: tuple[str, str | None, str | None]) -> dict[str, Any]:
    said = [{"what": what, "old": old, "new": new} for what, old, new in changes]
    return {"at": "2026-06-15T10:00:00+08:00", "cause": "register", "changes": said}


@pytest.mark.parametrize(
    ("lang", "rows"),
    [
        (
            "zh",
            [
                {"what": "outcome", "old": "可互认", "new": "不可互认"},
                {"what": "rules", "old": "未说明", "new": "R-007 出具机构未登记、已暂停或退出"},
            ],
        ),
        (
            "en",
            [
                {"what": "outcome", "old": "Recognisable", "new": "Not recognisable"},
                {
                    "what": "rules",
                    "old": "not said",
                    "new": "R-007 Issuing institution unknown, suspended or withdrawn",
                },
            ],
        ),
    ],
)
def test_a_register_that_changed_is_told_by_verdict_and_rule(
    lang: Language, rows: list[dict[str, str]]
) -> None:
    changed = event(("outcome", "recognise", "do_not_recognise"), ("rules", None, "R-007"))
    told = what_changed(changed, lang)["rows"]
    assert [{**one, "old": ""} for one in told] == [{**one, "old": ""} for one in rows]
    assert told[0]["old"] == rows[0]["old"]


def test_several_rules_and_one_that_is_no_more_are_told() -> None:
    (row,) = what_changed(event(("rules", None, "R-201 R-999")), "en")["rows"]
    first, second = row["new"].split("; ")
    assert first.startswith("R-201 ")
    assert second == "R-999"
