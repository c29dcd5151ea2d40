"""Held messages by cause: each counted once, by what holds it most."""

from hie.exchange.held_causes import Cause, cause_of, grouped
from hie.store.message_causes import Blocking, Held


def issue(code: str, path: str = "OBX[1]-11", severity: str = "hold") -> Blocking:
    return Blocking("decode", code, severity, path, "a code")


def held(key: str, at_us: int, *issues: Blocking, site: str = "lis") -> Held:
    return Held(key, site, at_us, "decode", issues)


def test_messages_that_share_site_code_and_field_are_one_cause() -> None:
    found = grouped(
        [
            held("c", 30, issue("status-unknown", "OBX[7]-11")),
            held("b", 20, issue("status-unknown", "OBX[1]-11"), site="ris"),
            held("a", 10, issue("status-unknown", "OBX[2]-11"), issue("status-unknown")),
        ]
    )
    assert [one.cause for one in found] == [
        Cause("lis", "status-unknown", "OBX-11"),
        Cause("ris", "status-unknown", "OBX-11"),
    ]
    first = found[0]
    assert (first.messages, first.first_us, first.last_us) == (("c", "a"), 10, 30)
    assert first.path == "OBX[7]-11"


def test_what_holds_the_whole_message_comes_before_a_code_and_a_code_before_a_part() -> None:
    part = issue("attachment-invalid", "OBX[3]-5", "error")
    code, whole = issue("unmapped-code", "OBX[2]-3"), issue("time-ahead", "OBR[1]-7")
    assert cause_of(held("a", 1, part, code, whole))[0].code == "time-ahead"
    assert cause_of(held("a", 1, part, code))[0].code == "unmapped-code"
    assert cause_of(held("a", 1, part))[0].code == "attachment-invalid"


def test_a_message_held_without_an_issue_has_a_cause_too() -> None:
    assert cause_of(held("a", 1))[0] == Cause("lis", "unknown", "message")
