"""No bytes make the adapter raise, stall, or lose a field."""

import sys
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.hl7v2 import adapter
from adapters.hl7v2.issues import TABLE
from hie.adapter import Decoded, Severity, Site

SITE = Site("lab", "91110000000000000A", "hl7v2", {})
ODD = Site(
    "lab",
    "91110000000000000A",
    "hl7v2",
    {
        "charset": {"repair_mojibake": True, "fallback": "big5"},
        "bindings": {
            "status": ["OBX-11", "OBX-10", "OBX-9"],
            "filler": ["ZDS-1.2", "OBR-3", "SPM-2.1.1"],
            "sub_id": [],
            "name": "PID-5.1",
            "value": ["OBX-5", "OBX-13.4"],
        },
        "control": {"path": "OBX-20", "in": ["在控"], "out": ["失控"]},
        "default_status": "final",
        "default_report_status": "preliminary",
        "two_digit_years": True,
        "numbers": {"thousands": ",", "decimal": "."},
        "scale": {"*": "Qn"},
        "identifiers": {"fields": {"PID-18": "inpatient-no"}, "primary": ["MR"]},
    },
)
MESSAGE = "\r".join(
    [
        "MSH|^~\\&|LIS|LAB|HIE|HUB|20260612120000||ORU^R01|M1|P|2.4",
        "PID|1|X|P1^^^LAB^MR~11010519491231002X^^^^01||张三^^||19491231|2|||北京市^海淀区||010-1|||||AC1|1",
        "PV1|1|O|检验科^1|||||||||||||||V1",
        "ORC|RE|A1|B1||CM||||||1^李四|2&王五",
        "OBR|1|A1|B1|CHEM^生化|||20260612080000|||||||20260612083000|2&尿液|||||||20260612110000|||F|||||||1371&赵六",
        "OBX|1|NM|K^钾||4.10↑|^10\\S\\9/L|3.5--5.3|↑|||F|||20260612081000|LAB|1^甲|ISE|AU",
        "NTE|1||标本溶血\\.br\\轻度",
        "OBX|2|ST|HBV^表面抗原^^^HBsAg||阴性（-）||阴性|N||1|F",
        "OBX|3|SN|T^滴度||^1^:^128|||||F",
        "OBX|4|CE|C^结论||P^阳性^99LAB~N|||||C",
        "OBX|5|TX|R^描述|1|第一行|||||F",
        "OBX|6|TX|R^描述|1|第二行|||||F",
        "OBX|7|ED|PDF^报告||^application^pdf^Base64^JVBERi0xLjQK||||||F",
        "OBX|8|DR|D^时段||20260101^20260102|||||F",
        "SPM|1|S1&L^S2||SER^血清|||||||||||||20260612080000|20260612083000|||||HEM^溶血",
        "ZDS|1.2^3|x",
        "",
    ]
)
ALPHABET = '|^~\\&\r\n \t\x00\x0b\x1c"-<>:0123456789.%ABCMSHOBXPIDR张三阳性钾\ufffd\u3000\x85é+↑'


def whole(decoded: Decoded) -> None:
    """What holds of every answer."""
    for issue in decoded.issues:
        assert issue.code in TABLE
        assert issue.path
        assert issue.expected
    if not decoded.records:
        assert decoded.issues


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_message_cut_at_any_byte_never_raises(encoding: str) -> None:
    content = MESSAGE.encode(encoding)
    for end in range(len(content) + 1):
        whole(adapter.decode(content[:end], SITE))
        adapter.native_id(content[:end], SITE)


def test_a_message_cut_inside_an_obx_is_held_and_never_says_another_number() -> None:
    text = "\r".join(MESSAGE.split("\r")[:6])
    start = text.index("OBX|1")
    for end in range(start + 6, text.index("|||F|||") + 3):
        decoded = adapter.decode(text[:end].encode(), SITE)
        assert any(i.severity is Severity.HOLD for i in decoded.issues), text[start:end]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_never_raise(content: bytes) -> None:
    whole(adapter.decode(content, SITE))
    adapter.split(content)
    adapter.native_id(content, SITE)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_mutated_message_never_raises_and_covers_every_field(data: st.DataObject) -> None:
    text = MESSAGE
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text)))
        span = data.draw(st.integers(0, 6))
        text = text[:at] + data.draw(st.text(ALPHABET, max_size=8)) + text[at + span :]
    encoding = data.draw(st.sampled_from(["utf-8", "gb18030"]))
    content = text.encode(encoding, "surrogatepass" if encoding == "utf-8" else "replace")
    for site in (SITE, ODD):
        decoded = adapter.decode(content, site)
        whole(decoded)
        assert decoded == adapter.decode(content, site)
        covered = [*decoded.coverage.used, *decoded.coverage.ignored, *decoded.coverage.unknown]
        assert len(covered) >= len(decoded.records)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(ALPHABET, max_size=12), min_size=12, max_size=12))
def test_an_obx_of_any_fields_never_raises(fields: list[str]) -> None:
    clean = ["".join(c for c in f if c not in "\r\n|") for f in fields]
    text = "\r".join([*MESSAGE.split("\r")[:5], "OBX|" + "|".join(clean)]) + "\r"
    for site in (SITE, ODD):
        whole(adapter.decode(text.encode("utf-8", "surrogatepass"), site))


def every_filled_field(text: str) -> set[str]:
    counts: dict[str, int] = {}
    single = {"MSH", "PID", "PV1"}
    out = set()
    for line in text.split("\r"):
        if not line:
            continue
        fields = line.split("|")
        name = fields[0]
        counts[name] = counts.get(name, 0) + 1
        label = name if name in single else f"{name}[{counts[name]}]"
        if name == "MSH":
            fields.insert(1, "|")
        out |= {f"{label}-{i}" for i, f in enumerate(fields) if i and f}
    return out


@pytest.mark.parametrize("site", [SITE, ODD], ids=["plain", "odd"])
def test_every_filled_field_is_used_or_ignored_or_unknown(site: Site) -> None:
    coverage = adapter.decode(MESSAGE.encode(), site).coverage
    told = [*coverage.used, *coverage.ignored, *coverage.unknown]
    assert {path for path in told if "." not in path} == every_filled_field(MESSAGE)
    assert len(told) == len(set(told))


def test_fields_beyond_the_standard_and_z_segments_are_unknown() -> None:
    text = MESSAGE.replace("|AU\r", "|AU" + "|" * 20 + "beyond\r")
    coverage = adapter.decode(text.encode(), SITE).coverage
    assert "OBX[1]-38" in coverage.unknown
    assert "ZDS[1]-1" in coverage.unknown


def steps(content: bytes) -> int:
    """How many Python and C functions are called while the message is read."""
    count = 0

    def note(frame: FrameType, event: str, arg: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(note)
    try:
        adapter.decode(content, SITE)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "line",
    [
        "OBX|1|NM|K^钾||4.10|mmol/L|3.5-5.3|N|||F|||20260612081000\r",
        "OBX|1|TX|R^描述|1|一行|||||F\r",
        "OBX|1|ST|R^描述|1|\\.br\\\\X41\\\\zz|||||F\r",
        "continuation of the line before\r",
        "NTE|1||note\r",
        "SPM|1|S1\r",
        "OBR|1|A|B\r",
        "ORC|RE\r",
        "ZZZ|1\r",
        "PID|1\r",
        "OBX|1|ED|P||^a^pdf^Base64^QUJD\r",
    ],
)
def test_time_grows_with_the_length_and_no_faster(line: str) -> None:
    """Five times the segments take five times the steps; a square would take 25."""
    head = "\r".join(MESSAGE.split("\r")[:5]) + "\r"
    small = steps((head + line * 1000).encode())
    large = steps((head + line * 5000).encode())
    assert large < 8 * small


def test_a_hundred_thousand_results_are_read() -> None:
    head = "\r".join(MESSAGE.split("\r")[:5]) + "\r"
    body = "".join(f"OBX|{i}|NM|C{i}^x||1.0|g/L|||||F\r" for i in range(100_000))
    decoded = adapter.decode((head + body).encode(), SITE)
    assert len(decoded.records[0].results) == 100_000
