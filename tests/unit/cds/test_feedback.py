"""Feedback is read to the letter of CDS Hooks 2.0: what it demands is named, the rest passed over."""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.cds.cards import REASONS
from hie.cds.feedback import EXPLAINED, MOST, read_feedback
from hie.cds.feedback_answer import _STATES, _WORDS, entry
from hie.errors import InvalidRequest
from hie.exchange.card_decision import Became, Feedback
from hie.exchange.card_feedback import Told
from hie.recognition.indicator_tally import REPEAT_DAYS
from hie.store.cds_cards import LATE_DAYS

DOCUMENT = (Path(__file__).parents[3] / "docs" / "cds-hooks.md").read_text("utf-8")
CARD = "4e0a3a1e-3283-4575-ab82-028d55fe2719"
CHOSEN = "e56e1945-20b3-4393-8503-a1a20fd73152"
AT = "2021-12-11T10:05:31Z"
AT_US = 1_639_217_131_000_000
ACCEPTED = {
    "card": CARD,
    "outcome": "accepted",
    "acceptedSuggestions": [{"id": CHOSEN}],
    "outcomeTimestamp": AT,
}
OVERRIDDEN = {"card": CARD, "outcome": "overridden", "outcomeTimestamp": AT}


def read(*entries: Any) -> list[Feedback]:
    return list(read_feedback(json.dumps({"feedback": entries}, ensure_ascii=False).encode()))


def refused(*entries: Any) -> set[str]:
    with pytest.raises(InvalidRequest) as caught:
        read(*entries)
    return {fault.path for fault in caught.value.faults}


def because(**said: Any) -> dict[str, Any]:
    return OVERRIDDEN | {"overrideReason": said}


def test_the_examples_of_the_specification_are_read() -> None:
    assert read(ACCEPTED, OVERRIDDEN) == [
        Feedback(CARD, "accepted", AT_US, (CHOSEN,)),
        Feedback(CARD, "overridden", AT_US),
    ]
    theirs = {"code": "d7ecf885", "system": "https://example.com/override-reason-system"}
    words = "A comment entered by the clinician."
    (one,) = read(because(reason=theirs, userComment=words))
    assert (one.reason, one.comment) == (f"{theirs['system']}|d7ecf885", words)
    assert read() == []


def test_reasons_of_the_cards_are_known_by_system_and_code() -> None:
    key = "N2_RAPIDLY_CHANGING"
    for coding, reason in (
        ({"system": REASONS, "code": key, "display": "x"}, key),
        ({"code": key}, key),
        ({"system": "urn:x", "code": key}, f"urn:x|{key}"),
        ({"system": REASONS, "code": "NONE"}, f"{REASONS}|NONE"),
    ):
        assert read(because(reason=coding))[0].reason == reason
    for said in ({}, {"reason": None}, {"userComment": ""}):
        (one,) = read(because(**said))
        assert (one.reason, one.comment) == (None, None)


def test_what_the_specification_does_not_know_is_passed_over() -> None:
    more = {"extension": {"com.example.x": 1}, "userId": "Practitioner/1", "next": [None]}
    assert read(ACCEPTED | more) == read(ACCEPTED)
    explained = {"extension": {EXPLAINED: True}}
    assert read(OVERRIDDEN | explained)[0].explained is True
    assert read(OVERRIDDEN | {"acceptedSuggestions": "?"}) == read(OVERRIDDEN)
    whole = {"feedback": [ACCEPTED], "hook": "order-sign"}
    assert read_feedback(json.dumps(whole).encode()) == tuple(read(ACCEPTED))


@pytest.mark.parametrize(
    "at",
    ["2021-12-11T10:05:31.000Z", "2021-12-11t10:05:31z", "2021-12-11T18:05:31+08:00"],
)
def test_a_time_is_that_of_rfc_3339(at: str) -> None:
    assert read(ACCEPTED | {"outcomeTimestamp": at, "card": CARD.upper()}) == read(ACCEPTED)


@pytest.mark.parametrize(
    ("entry_", "paths"),
    [
        ("x", {""}),
        ({}, {".card", ".outcome", ".outcomeTimestamp"}),
        (ACCEPTED | {"card": 1}, {".card"}),
        (ACCEPTED | {"outcome": "ignored"}, {".outcome"}),
        (ACCEPTED | {"outcome": ["accepted"]}, {".outcome"}),
        (ACCEPTED | {"acceptedSuggestions": []}, {".acceptedSuggestions"}),
        (ACCEPTED | {"acceptedSuggestions": [{}]}, {".acceptedSuggestions[0].id"}),
        (ACCEPTED | {"acceptedSuggestions": [CHOSEN]}, {".acceptedSuggestions[0].id"}),
        (ACCEPTED | {"outcomeTimestamp": "2021-12-11"}, {".outcomeTimestamp"}),
        (ACCEPTED | {"outcomeTimestamp": "2021-12-11T10:05:31"}, {".outcomeTimestamp"}),
        (ACCEPTED | {"outcomeTimestamp": 1639217131}, {".outcomeTimestamp"}),
        (ACCEPTED | {"extension": {EXPLAINED: "yes"}}, {f".extension.{EXPLAINED}"}),
        (OVERRIDDEN | {"overrideReason": "N1"}, {".overrideReason"}),
        (because(reason="N1"), {".overrideReason.reason"}),
        (because(reason={}), {".overrideReason.reason.code"}),
        (because(reason={"code": "x", "system": 1}), {".overrideReason.reason.system"}),
        (because(userComment=["x"]), {".overrideReason.userComment"}),
        (because(userComment="字" * 2001), {".overrideReason.userComment"}),
    ],
)
def test_each_fault_is_named_and_nothing_is_taken(entry_: Any, paths: set[str]) -> None:
    assert refused(ACCEPTED, entry_) == {f"feedback[1]{path}" for path in paths}


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"feedback": {}}', b"{", b'{"feedback": null}'])
def test_a_body_that_is_no_feedback_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read_feedback(body)
    with pytest.raises(InvalidRequest):
        read_feedback(json.dumps({"feedback": [OVERRIDDEN] * (MOST + 1)}).encode())


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*ACCEPTED, "overrideReason", "reason", "code", "id"]), inner
        )
    ),
    max_leaves=20,
)


@given(TREES, st.sampled_from(sorted({*ACCEPTED, "overrideReason", "extension"})))
def test_nothing_that_is_sent_fails_otherwise_than_by_name(tree: Any, name: str) -> None:
    with suppress(InvalidRequest):
        read(ACCEPTED | {name: tree}, OVERRIDDEN | {name: tree}, tree)


@pytest.mark.parametrize("became", list(Became))
def test_everything_that_may_become_of_it_is_told_in_words_or_needs_none(became: Became) -> None:
    told = entry(Told(CARD, became, False, "d1", "c1"), "https://hub.example")
    assert told["state"] == _STATES[became]
    if became in (Became.RECORDED, Became.STANDS):
        assert "text" not in told
    else:
        assert set(told["text"]) == {"zh", "en"}
        assert told["why"] == became.value
    assert _WORDS.keys() == set(Became) - {Became.RECORDED, Became.STANDS}


def test_the_document_tells_every_state_and_why() -> None:
    rows = re.findall(r"^\| [^|]+ \| `([a-z]+)` \|(?: `([a-z-]+)`)? \| ", DOCUMENT, re.M)
    silent = (Became.RECORDED, Became.STANDS)
    assert {(state, "" if one in silent else one.value) for one, state in _STATES.items()} == {
        (state, why) for state, why in rows
    }
    assert EXPLAINED in DOCUMENT
    assert REASONS in DOCUMENT
    assert f"Up to {MOST} entries" in DOCUMENT
    assert REPEAT_DAYS + 1 + LATE_DAYS == 11
    assert "Eleven days" in DOCUMENT
