"""Statuses: HL7 tables 0085 and 0123 and what is decided where they have no target."""

from collections.abc import Callable
from typing import Any

import pytest

from hie.adapter import Decoded
from hie.records import Quantity, Result

Read = Callable[..., Decoded]
MSH = "MSH|^~\\&|L|L|H|H|20260612120000||ORU^R01|1|P|2.5"
PID = "PID|1||P1||张三||19800101|F"


def obr(status: str, issued: str = "20260612110000") -> str:
    return f"OBR|1|A|B|C|||20260612080000|||||||||||||||{issued}|||{status}"


def obx(status: str, value: str = "4.10") -> str:
    return f"OBX|1|NM|K^钾||{value}|mmol/L||N|||{status}"


def results(decoded: Decoded) -> tuple[Result, ...]:
    return decoded.records[0].results


@pytest.mark.parametrize(
    ("letter", "status"),
    [
        ("F", "final"),
        ("P", "preliminary"),
        ("C", "corrected"),
        ("A", "amended"),
        ("B", "amended"),
        ("R", "preliminary"),
        ("S", "preliminary"),
        ("V", "final"),
        ("U", "final"),
        ("f", "final"),
        ("F^最终", "final"),
        (" F ", "final"),
    ],
)
def test_result_statuses(read_obx: Read, letter: str, status: str) -> None:
    (result,) = results(read_obx(obx(letter)))
    assert result.status == status
    assert result.value == Quantity("4.10")
    assert result.status_code is not None
    assert result.status_code.text == letter.strip()[0].upper()


def test_a_deleted_result_and_one_of_the_wrong_patient_are_in_error_and_keep_their_value(
    read_obx: Read,
) -> None:
    (deleted,) = results(read_obx(obx("D")))
    assert (deleted.status, deleted.delete, deleted.wrong_patient) == (
        "entered-in-error",
        True,
        False,
    )
    (wrong,) = results(read_obx(obx("W")))
    assert (wrong.status, wrong.delete, wrong.wrong_patient) == ("entered-in-error", False, True)
    assert wrong.value == Quantity("4.10")


def test_a_result_that_cannot_be_obtained_has_no_value_and_keeps_its_words(read_obx: Read) -> None:
    (result,) = results(read_obx("OBX|1|ST|K^钾||标本量少||||||X"))
    assert (result.status, result.value, result.absent_reason) == (
        "cancelled",
        None,
        "not-performed",
    )
    assert [n.text for n in result.notes] == ["标本量少"]
    (empty,) = results(read_obx("OBX|1||K^钾||||||||X"))
    assert (empty.status, empty.absent_reason) == ("cancelled", "not-performed")


def test_order_details_and_tests_not_asked_for_are_no_results(read_obx: Read, codes: Any) -> None:
    detail = read_obx(obx("O"), obx("F"))
    assert len(results(detail)) == 1
    assert "order-detail" in codes(detail)
    assert "not-asked" in codes(read_obx(obx("N")))


def test_a_pending_result_is_registered_and_has_no_value(read_obx: Read, codes: Any) -> None:
    decoded = read_obx(obx("I"))
    (result,) = results(decoded)
    assert (result.status, result.value, result.absent_reason) == ("registered", None, None)
    assert "value-while-pending" in codes(decoded)


@pytest.mark.parametrize("letter", ["I", "S", "O"])
def test_an_empty_result_whose_status_promises_nothing_is_none(read_obx: Read, letter: str) -> None:
    assert results(read_obx(obx(letter, ""))) == ()


def test_an_empty_final_result_says_that_its_value_is_unknown(read_obx: Read) -> None:
    (result,) = results(read_obx(obx("F", "")))
    assert (result.value, result.absent_reason) == (None, "unknown")


def test_final_without_sending_again_says_nothing_of_the_value(read_obx: Read) -> None:
    (result,) = results(read_obx(obx("U", "")))
    assert (result.status, result.value, result.absent_reason) == ("final", None, None)


@pytest.mark.parametrize("letter", ["", "Q", "1", "最终"])
def test_an_unlisted_result_status_holds_the_message(
    read_obx: Read, held: Any, letter: str
) -> None:
    decoded = read_obx(obx(letter))
    assert held(decoded)
    (result,) = results(decoded)
    assert result.status is None


def test_the_profile_gives_an_empty_status_its_default_and_says_so(
    read_obx: Read, held: Any, codes: Any
) -> None:
    decoded = read_obx(obx(""), default_status="final")
    assert not held(decoded)
    assert results(decoded)[0].status == "final"
    assert "status-defaulted" in codes(decoded)
    assert held(read_obx(obx("Q"), default_status="final"))


def test_the_profile_translates_local_statuses(read_obx: Read, held: Any) -> None:
    decoded = read_obx(obx("已审核"), status_codes={"已审核": "F"})
    assert not held(decoded)
    assert results(decoded)[0].status == "final"


def test_a_shifted_status_is_found_by_binding(read_obx: Read, held: Any) -> None:
    shifted = "OBX|1|NM|K^钾||4.10|mmol/L|3.5-5.3||N|F"
    assert held(read_obx(shifted))
    decoded = read_obx(
        shifted,
        bindings={"status": ["OBX-11", "OBX-10"], "flag": ["OBX-8", "OBX-9"]},
    )
    assert not held(decoded)
    (result,) = results(decoded)
    assert result.status == "final"
    assert result.status_code is not None
    assert result.status_code.path == "OBX[1]-10"
    assert [(i.code, i.path) for i in result.interpretations] == [("N", "OBX[1]-9")]
    assert {"OBX[1]-9", "OBX[1]-10"} <= set(decoded.coverage.used)


def test_a_bound_status_skips_what_is_no_status(read_obx: Read) -> None:
    odd = "OBX|1|NM|K^钾||4.10|mmol/L|3.5-5.3|||F|20260612"
    decoded = read_obx(odd, bindings={"status": ["OBX-11", "OBX-10"]})
    assert results(decoded)[0].status == "final"


@pytest.mark.parametrize(
    ("letter", "status"),
    [
        ("F", "final"),
        ("P", "preliminary"),
        ("C", "corrected"),
        ("A", "partial"),
        ("R", "partial"),
        ("S", "registered"),
        ("I", "registered"),
        ("O", "registered"),
        ("X", "cancelled"),
        ("M", "preliminary"),
        ("N", "registered"),
    ],
)
def test_report_statuses(read: Read, held: Any, letter: str, status: str) -> None:
    decoded = read(MSH, PID, obr(letter), obx("F"))
    assert decoded.records[0].status == status
    assert not held(decoded)


@pytest.mark.parametrize("letter", ["", "Y", "Z", "Q"])
def test_an_unlisted_or_erroneous_report_status_holds_the_message(
    read: Read, held: Any, letter: str
) -> None:
    decoded = read(MSH, PID, obr(letter), obx("F"))
    assert held(decoded)
    assert decoded.records[0].status is None


def test_a_default_of_final_counts_only_for_a_report_that_was_issued(read: Read, held: Any) -> None:
    issued = read(MSH, PID, obr(""), obx("F"), default_report_status="final")
    assert (issued.records[0].status, held(issued)) == ("final", False)
    never = read(MSH, PID, obr("", ""), obx("F"), default_report_status="final")
    assert (never.records[0].status, held(never)) == (None, True)
    other = read(MSH, PID, obr("", ""), obx("F"), default_report_status="preliminary")
    assert (other.records[0].status, held(other)) == ("preliminary", False)


@pytest.mark.parametrize("letter", ["P", "I", "R", "S"])
def test_a_final_report_with_an_open_result_is_partial(read: Read, codes: Any, letter: str) -> None:
    decoded = read(MSH, PID, obr("F"), obx("F"), obx(letter).replace("K^钾", "NA^钠"))
    assert decoded.records[0].status == "partial"
    assert "report-partial" in codes(decoded)


def test_the_report_status_may_be_bound_and_translated(read: Read) -> None:
    decoded = read(
        MSH,
        PID,
        obr("") + "|||||||||||||||||||||||",
        obx("F"),
        "ZRP|已发布",
        bindings={"report_status": ["OBR-25", "ZRP-1"]},
        report_status_codes={"已发布": "F"},
    )
    assert decoded.records[0].status == "final"
    assert "ZRP[1]-1" in decoded.coverage.used
