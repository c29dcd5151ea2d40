"""What a held message is told in: words for every cause, its steps, its text with the field marked."""

import re
from pathlib import Path

import pytest

from adapters.dicom.issues import TABLE as DICOM
from adapters.hl7v2 import adapter
from adapters.hl7v2.issues import TABLE as HL7
from hie.adapter import Severity
from hie.web.feed_chart import hourly
from hie.web.held_words import HELD, Remedy, steps, title, words_of
from hie.web.message_text import marked
from hie.web.pages.messages_view import share

DOCS = Path(__file__).parents[3] / "docs"
BLOCKING = frozenset({Severity.HOLD, Severity.ERROR})
TEXT = (
    "MSH|^~\\&|LIS|H|||20260101||ORU^R01|7|P|2.4\rPID|1||9||甲^某\rOBX|1|NM|K||4|\rOBX|2|NM|NA||?|m"
)


def test_every_issue_that_may_hold_a_message_has_words_of_its_own() -> None:
    own = re.findall(
        r"^\| `([a-z-]+)` \| hold \|", (DOCS / "fhir-shapes.md").read_text("utf-8"), re.M
    )
    assert len(own) > 8
    codes = {code for table in (HL7, DICOM) for code, (how, _) in table.items() if how in BLOCKING}
    assert {*own, *codes} - set(HELD) == set()


def test_a_key_of_the_site_profile_is_one_that_can_be_set() -> None:
    known = {*re.findall(r"`([a-z_.]+)`", (DOCS / "site-profile.md").read_text("utf-8"))}
    known |= {*re.findall(r"`([a-z_.]+)`", (DOCS / "dicom.md").read_text("utf-8"))}
    named = {one.profile for one in HELD.values() if one.remedy is Remedy.PROFILE} - {""}
    assert named <= known, named - known


def test_what_r4_demands_and_what_strangers_say_is_told_too() -> None:
    assert title("ele-1", "check", adapter, "en") == "The content is not valid FHIR"
    assert title("bom", "decode", adapter, "zh") == adapter.issue_codes["bom"]
    assert title("never-heard", "store", None, "zh") == "需要人工查看"
    assert words_of("never-heard", "store").remedy is Remedy.HUB


def test_the_steps_tell_where_it_stopped_and_whether_it_was_stored() -> None:
    assert [how for _, how in steps("build", is_stored=False)] == [
        "done", "done", "failed", "left", "left", "left",
    ]  # fmt: skip
    assert [how for _, how in steps("build", is_stored=True)][3:] == ["done"] * 3
    assert {how for _, how in steps("stored", is_stored=False)} == {"done"}
    assert [how for _, how in steps("kept", is_stored=False)] == ["done"] + ["left"] * 5


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("OBX[2]-5", ["?"]),
        ("OBX[2]-5[1].2", ["?"]),
        ("MSH-11", ["P"]),
        ("MSH-3", ["LIS"]),
        ("PID-5", ["甲^某"]),
        ("OBX[1]", ["OBX|1|NM|K||4|"]),
        ("OBX[3]-5", []),
        ("message", []),
    ],
)
def test_the_field_an_issue_names_is_marked(path: str, expected: list[str]) -> None:
    segments = marked(TEXT, [path])
    assert [part.text for one in segments for part in one if part.is_marked] == expected
    assert "\r".join("".join(part.text for part in one) for one in segments) == TEXT


def test_what_is_not_seen_becomes_a_dot() -> None:
    assert marked("a\x00b\u202ec", [])[0][0].text == "a·b·c"


def test_bars_stay_in_their_frame() -> None:
    drawn = hourly([0] * 23 + [9], "9 <messages>")
    assert drawn.count("<rect") == 24
    assert 'aria-label="9 &lt;messages&gt;"' in drawn
    assert 'height="24.0"' in drawn
    assert hourly([], "none").count("<rect") == 0


def test_a_share_is_never_rounded_up_to_all() -> None:
    shares = {1.0: "100.0%", 0.99999: "99.9%", 0.5: "50.0%", 0.0: "0.0%"}
    assert {part: share(part) for part in shares} == shares
