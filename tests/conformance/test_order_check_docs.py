"""docs/order-check.md names every key, every refusal and every condition there is, and no other."""

import json
import re
from pathlib import Path

from hie.recognition import request, request_order
from hie.recognition.conditions import CONDITIONS
from hie.recognition.request_fields import Wrong
from hie.recognition.rulebook import load_rulebook
from tests.unit.recognition import records
from tests.unit.recognition.records import question
from tests.unit.recognition.test_answer import answer

TEXT = (Path(__file__).parents[2] / "docs" / "order-check.md").read_text("utf-8")
_LISTS = {
    "patient": request._PATIENT,
    "receiver": request._RECEIVER,
    "encounter": request._ENCOUNTER,
    "orders[]": request_order._ORDER,
}


def test_every_key_of_a_request_is_documented() -> None:
    keys = {f"{place}.{key}" for place, known in _LISTS.items() for key in known}
    keys |= set(request._TOP) - {"patient", "receiver", "encounter", "orders"}
    assert set(re.findall(r"^\| `([a-z_\[\].]+)` \| (?:yes|no|one|imaging)", TEXT, re.M)) == keys


def test_every_value_of_a_closed_list_is_documented() -> None:
    for values in (
        request.IDENTIFIER_TYPES, request.SEXES, request.CLASSES, request.PURPOSES, request.BEFORE,
        request.EVENTS, request_order.SETTINGS, request_order.SIDES,
    ):  # fmt: skip
        for value in values:
            assert f"`{value}`" in TEXT, value


def test_every_refusal_is_documented_and_no_other() -> None:
    section = TEXT.split("## Refusals", 1)[1].split("## The answer", 1)[0]
    named = {code for row in re.findall(r"^\| (`.*?`) \|", section, re.M)
             for code in re.findall(r"`([a-z-]+)`", row)}  # fmt: skip
    assert named == {wrong.value for wrong in Wrong}


def test_every_condition_is_documented_with_its_rule() -> None:
    rows = dict(re.findall(r"^\| (R-\d{3}) \| `([a-z_]+)` \|", TEXT, re.M))
    assert set(rows.values()) <= set(CONDITIONS)
    for rule in load_rulebook().rules.values():
        assert rows.get(rule.id) == rule.condition


def test_the_example_of_images_is_what_the_engine_answers() -> None:
    section = TEXT.split("## Images", 1)[1]
    asked, shown = re.findall(r"```(?:json|text)\n(.*?)```", section, re.S)[:2]
    lines = [
        {key: value for key, value in line.items() if key != "ref"}
        for line in json.loads(asked)["orders"]
    ]
    taken, issued = "2026-06-05T09:00:00+08:00", "2026-06-05T11:30:00+08:00"
    study = records.an_imaging_candidate(collected=taken, issued=issued, expected=245, received=245)
    asked = question(books=records.registers(item="CT"), rulebook=load_rulebook())
    found = answer(study, asked=asked, orders=lines)["orders"]
    for said, true in zip(json.loads(shown.replace(", …", ""))["orders"], found, strict=True):
        (candidate,), (whole,) = said.pop("candidates"), true["candidates"]
        findings = {finding["rule"]: finding for finding in whole["findings"]}
        assert all(findings[one["rule"]] == one for one in candidate.pop("findings"))
        assert candidate == {key: whole[key] for key in candidate}
        reasons = said.pop("reasons", [])
        assert true["reasons"][: len(reasons)] == reasons
        assert said == {key: true[key] for key in said}
