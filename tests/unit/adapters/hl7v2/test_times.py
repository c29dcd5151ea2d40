"""Times: precision as sent, seconds and zone when there is a time of day, a real calendar."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.hl7v2.times import Placeholder, clock, parse
from hie.adapter import Decoded

Read = Callable[..., Decoded]
CN = 480


@pytest.mark.parametrize(
    ("sent", "text", "precision"),
    [
        ("2026", "2026", "year"),
        ("202606", "2026-06", "month"),
        ("20260615", "2026-06-15", "day"),
        ("2026061508", "2026-06-15T08:00:00+08:00", "hour"),
        ("202606150810", "2026-06-15T08:10:00+08:00", "minute"),
        ("20260615081030", "2026-06-15T08:10:30+08:00", "second"),
        ("20260615081030.1234", "2026-06-15T08:10:30.1234+08:00", "second"),
        ("20260615081030+0900", "2026-06-15T08:10:30+09:00", "second"),
        ("202606150810-0330", "2026-06-15T08:10:00-03:30", "minute"),
        ("20260615081030Z", "2026-06-15T08:10:30+00:00", "second"),
        ("20260615T081030", "2026-06-15T08:10:30+08:00", "second"),
        ("2026-06-15T08:10:30", "2026-06-15T08:10:30+08:00", "second"),
        ("2026-06-15 08:10:30+08:00", "2026-06-15T08:10:30+08:00", "second"),
        ("2026-06-15", "2026-06-15", "day"),
        ("2026/1/5 8:03", "2026-01-05T08:03:00+08:00", "minute"),
        ("2026.1.5", "2026-01-05", "day"),
        ("2026年1月5日", "2026-01-05", "day"),
        ("2026年1月", "2026-01", "month"),
        ("2026年1月5日 上午8:03", "2026-01-05T08:03:00+08:00", "minute"),
        ("2026年1月5日下午8时03分", "2026-01-05T20:03:00+08:00", "minute"),
        ("2026年1月5日 中午12:30", "2026-01-05T12:30:00+08:00", "minute"),
        ("2026/1/5 12:03 AM", "2026-01-05T00:03:00+08:00", "minute"),
        ("2026/1/5 1:03:09 PM", "2026-01-05T13:03:09+08:00", "second"),
        ("20240229", "2024-02-29", "day"),
    ],
)
def test_what_is_read(sent: str, text: str, precision: str) -> None:
    found = parse(sent, CN)
    assert (found.text, found.precision) == (text, precision)


@pytest.mark.parametrize(
    "sent",
    [
        "2026011509300008",
        "20260230",
        "20230229",
        "20261301",
        "20260115240000",
        "20260115096000",
        "2026-01-15 25:00",
        "202601150",
        "abc",
        "46037",
        "24-01-15",
        "1/5/2026",
        "20260615081030+2500",
        "99990101",
        "２０２６",
    ],
)
def test_what_is_no_time(sent: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(sent, CN)


@pytest.mark.parametrize(
    "sent",
    ["0000", "00000000", "00000000000000", "19000101", "19000101000000", "00010101", "99991231"],
)
def test_sentinels_are_no_time(sent: str) -> None:
    with pytest.raises(Placeholder):
        parse(sent, CN)


def test_1900_itself_is_a_year() -> None:
    assert parse("19000102", CN).text == "1900-01-02"


def test_two_digit_years_are_read_only_when_the_profile_says_so() -> None:
    assert parse("24-01-15", CN, 2026).text == "2024-01-15"
    assert parse("491231", CN, 2026).text == "1949-12-31"
    assert parse("202401", CN).text == "2024-01"


@pytest.mark.parametrize(
    ("sent", "text"),
    [("08", "08:00:00"), ("0830", "08:30:00"), ("08:30", "08:30:00"), ("083015.25", "08:30:15.25")],
)
def test_times_of_day(sent: str, text: str) -> None:
    assert clock(sent) == text


@pytest.mark.parametrize("sent", ["24", "0860", "8:3", "083015.", "x"])
def test_what_is_no_time_of_day(sent: str) -> None:
    with pytest.raises(ValueError, match="time"):
        clock(sent)


def test_the_zone_of_the_site_is_assumed_and_told_once(read_obx: Read) -> None:
    decoded = read_obx(
        "OBX|1|NM|K||4.1|mmol/L|||||F|||20260612081000",
        "OBX|2|NM|NA||140|mmol/L|||||F|||20260612081500",
        zone="+09:00",
    )
    times = [r.effective for r in decoded.records[0].results]
    assert [t and t.text for t in times] == [
        "2026-06-12T08:10:00+09:00",
        "2026-06-12T08:15:00+09:00",
    ]
    assert all(t and t.zone_assumed for t in times)
    assert [i.code for i in decoded.issues].count("zone-assumed") == 1


def test_a_sent_zone_is_kept_and_nothing_is_assumed(read: Read, codes: Any) -> None:
    decoded = read(
        "MSH|^~\\&|L|L|H|H|20260612120000+0800||ORU^R01|1|P|2.5",
        "PID|1||P1||张三||19800101|F",
        "OBR|1|A|B|C|||20260612080000+0800|||||||||||||||20260612110000+0800|||F",
        "OBX|1|NM|K||4.1||||||F",
    )
    assert "zone-assumed" not in codes(decoded)


def test_placeholder_and_invalid_dates_are_absent_and_told(read: Read) -> None:
    from_pid = {
        "00000000": "time-placeholder",
        "19000101": "time-placeholder",
        "19801301": "time-invalid",
    }
    for sent, code in from_pid.items():
        decoded = read(
            "MSH|^~\\&|L|L|H|H|20260612120000||ORU^R01|1|P|2.5",
            f"PID|1||P1||张三||{sent}|F",
            "OBR|1|A|B|C|||20260612|||||||||||||||20260612110000|||F",
            "OBX|1|NM|K||4.1||||||F",
        )
        assert decoded.records[0].patient.birth_date is None
        assert (code, "PID-7") in [(i.code, i.path) for i in decoded.issues]


def report(
    read: Read, *, sent: str = "20260612120000", taken: str = "20260612080000",
    arrived: str = "20260612083000", issued: str = "20260612110000", birth: str = "19800101",
    observed: str = "", analysed: str = "", **profile: Any,
) -> Decoded:  # fmt: skip
    return read(
        f"MSH|^~\\&|L|L|H|H|{sent}||ORU^R01|1|P|2.5",
        f"PID|1||P1||张三||{birth}|F",
        f"OBR|1|A|B|C|||{taken}|||||||{arrived}||||||||{issued}|||F",
        f"OBX|1|NM|K||4.1||||||F|||{observed}|||||{analysed}",
        **profile,
    )


@pytest.mark.parametrize(
    ("times", "code"),
    [
        ({"issued": "20260612070000"}, "result-before-collection"),
        ({"issued": "20260611"}, "result-before-collection"),
        ({"observed": "20260612113000"}, "result-before-collection"),
        ({"observed": "20260612100000", "analysed": "20260612090000"}, "result-before-collection"),
        ({"arrived": "20260612075959"}, "received-before-collection"),
        ({"arrived": "20260612113000"}, "issued-before-received"),
        ({"birth": "20260613"}, "birth-after-collection"),
        ({"birth": "18900101"}, "age-impossible"),
        ({"taken": "20260615", "arrived": "", "issued": ""}, "time-ahead"),
        ({"issued": "20260613130000"}, "time-ahead"),
        ({"taken": "", "arrived": ""}, "collection-missing"),
        ({"taken": "20260231"}, "time-invalid"),
    ],
)
def test_times_that_cannot_be_true_are_told(
    read: Read, codes: Any, times: dict[str, str], code: str
) -> None:
    assert code in codes(report(read, **times))


@pytest.mark.parametrize(
    "times",
    [
        {},
        {"taken": "20260612", "arrived": "20260612", "issued": "20260612000000"},
        {"taken": "20260612110000"},
        {"birth": "20260612"},
        {"birth": "2026"},
        {"sent": "20260612", "issued": "20260613120000"},
        {"issued": "20260613110000"},
        {"taken": "202606"},
    ],
)
def test_times_that_can_be_true_are_not(read: Read, times: dict[str, str]) -> None:
    decoded = report(read, **times)
    assert {i.code for i in decoded.issues} <= {"zone-assumed", "received-before-collection"}


def test_a_time_far_ahead_holds_the_message_unless_the_profile_allows_it(
    read: Read, held: Any
) -> None:
    assert held(report(read, issued="20260613130000"))
    assert not held(report(read, issued="20260613130000", future_hours=48))


def test_an_invalid_collection_time_holds_the_message_when_it_is_the_only_one(
    read: Read, held: Any
) -> None:
    assert held(report(read, taken="20260231"))
    assert not held(report(read, taken="20260231", observed="20260612080000"))


def test_collection_falls_back_from_obx_to_obr_to_spm_and_never_to_msh(read: Read) -> None:
    def effective(obx: str, obr: str, spm: str) -> str | None:
        decoded = read(
            "MSH|^~\\&|L|L|H|H|20260612120000||ORU^R01|1|P|2.5",
            "PID|1||P1||张三||19800101|F",
            f"OBR|1|A|B|C|||{obr}|||||||||||||||20260612110000|||F",
            f"OBX|1|NM|K||4.1||||||F|||{obx}",
            f"SPM|1|S||SER|||||||||||||{spm}",
        )
        time = decoded.records[0].results[0].effective
        return time and time.text[8:10]

    assert effective("20260603", "20260602", "20260601") == "03"
    assert effective("", "20260602", "20260601") == "02"
    assert effective("", "", "20260601") == "01"
    assert effective("", "", "") is None
