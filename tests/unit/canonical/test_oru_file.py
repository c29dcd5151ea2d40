"""A used result as HL7 v2: our own adapter and others read what was reported, whatever it holds."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import hl7
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.hl7v2 import adapter
from hie.canonical.er7 import CHARSETS, escaped
from hie.canonical.oru_file import write_oru
from hie.canonical.recognised import Change, Recognised, withheld
from hie.fhir import Resource
from tests.clients.node import needs_packages
from tests.clients.node import ran as node
from tests.unit.canonical.making import SITE, made, only
from tests.unit.canonical.recording import HEAD, OBR, SPM, a_record, decoded

OBX = "OBX|1|{}|K^钾^99LAB||{}|{}|{}|{}|||F|||20260612081000+0800\r"
CT = (
    "OBR|1|PL7|FL7|CT01^左膝关节CT平扫^99RIS|||20260612081000+0800|||||||||||ACC7||||"
    "20260612110000+0800||CT|F|||||||31&李审核\r"
    "OBX|1|TX|1^检查所见^99RIS||左膝关节骨质未见异常。~关节间隙正常。||||||F\r"
    "OBX|2|TX|2^检查结论^99RIS||未见骨折。||||||F\r"
)


def laboratory(
    kind: str = "NM",
    value: str = "4.10",
    unit: str = "mmol/L",
    interval: str = "3.5-5.3",
    flag: str = "",
) -> Recognised:
    return a_record(HEAD + OBR + SPM + OBX.format(kind, value, unit, interval, flag))


def again(record: Recognised, charset: str = "UNICODE UTF-8") -> Resource:
    """The Observation that a hub makes of the file."""
    report = decoded(write_oru(record, "zh", charset))
    return only(made(report, loinc={"2823-3": ("K", True)}), "Observation")


def said(observation: Resource) -> dict[str, Any]:
    """All that is the value; codings without those of the hub's own systems."""
    found = {name: part for name, part in observation.items() if name.startswith("value")}
    found["component"] = [
        {name: part for name, part in one.items() if name.startswith("value")}
        for one in observation.get("component", ())
    ]
    found["reported"] = [
        one for one in observation.get("extension", ()) if one["url"].endswith("/reported")
    ]
    found["absent"] = "dataAbsentReason" in observation
    return found


def test_a_number_goes_out_as_it_was_reported() -> None:
    text = write_oru(laboratory(flag="↑")).decode()
    obx = next(line for line in text.split("\r") if line.startswith("OBX"))
    fields = obx.split("|")
    assert fields[2:9] == ["NM", "2823-3^钾^LN^K^钾^99LAB", "", "4.10", "mmol/L", "3.5-5.3", "H"]
    assert fields[11] == "F"
    assert fields[14] == "20260612081000+0800"
    assert fields[15] == "91110000802100433B^示例第一医院^USCC"
    assert fields[23] == "示例第一医院^^^^^^^^^91110000802100433B"


def test_it_says_that_it_was_recognised_and_by_which_decision() -> None:
    record = laboratory()
    for lang, word in (("zh", "互认"), ("en", "recognised")):
        text = write_oru(record, lang).decode()
        notes = [line for line in text.split("\r") if line.startswith("NTE|")]
        assert word in notes[0]
        for number in ("C123456789012345", "A123456789012345", "D123456789012345", "京津冀HR"):
            assert number in notes[1]
    assert text.startswith("MSH|^~\\&|HIE|HIE||121301024000001027|20260615")
    assert "|ORU^R01^ORU_R01|D123456789012345|P|2.5.1|||||CHN|UNICODE UTF-8\r" in text


def test_a_converted_value_goes_out_as_the_source_wrote_it() -> None:
    record = laboratory("NM", "16.5", "mg/dL", "13.7-20.7")
    used = {**record.used, "valueQuantity": {"value": Decimal("4.22"), "unit": "mmol/L"}}
    reported = {"value": Decimal("16.5"), "unit": "mg/dL"}
    used["extension"] = [
        {"url": "https://hie.example/fhir/StructureDefinition/reported", "valueQuantity": reported}
    ]
    text = write_oru(a_changed(record, used)).decode()
    assert "|16.5|mg/dL|13.7-20.7|" in text
    assert "4.22" not in text


def a_changed(record: Recognised, used: Resource, **other: Any) -> Recognised:
    import msgspec

    return msgspec.structs.replace(record, used=used, **other)


numbers = st.decimals(allow_nan=False, allow_infinity=False, places=3).filter(
    lambda d: abs(d) < 10**15
)
NUMBER = st.one_of(
    numbers.map(str), st.sampled_from(["0", "-0.5", "5.10", "0.0100", "100", "12345678.9"])
)
DELIMITERS = st.text(alphabet="|^~\\&钾Kκ 𠮷\u200b\u202e.XETSFR0D", min_size=1, max_size=20)
# What is not here, the adapter may take for bytes of another charset (docs/hl7v2.md): é alone is.
LETTERS = st.text(
    alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E)
    | st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)
    | st.characters(min_codepoint=0x20000, max_codepoint=0x2A6DF)
    | st.sampled_from("，。：；（）“”—μ±×℃≤≥↑↓Ⅳ①"),
    min_size=1,
    max_size=60,
)


@st.composite
def values(draw: st.DrawFn) -> tuple[str, str]:
    """OBX-2 and OBX-5 of a sender, over the shapes that values take."""
    kind = draw(st.sampled_from(["number", "comparator", "coded", "text", "none", "many", "ratio",
                                 "interval", "time", "word"]))  # fmt: skip
    match kind:
        case "number":
            return "NM", draw(NUMBER)
        case "comparator":
            return draw(st.sampled_from([
                ("SN", f"{draw(st.sampled_from(['<', '>', '<=', '>=']))}^{draw(NUMBER)}"),
                ("ST", f"{draw(st.sampled_from(['<', '>', '≤', '≥']))}0.50"),
            ]))  # fmt: skip
        case "coded":
            code, name = draw(LETTERS), draw(LETTERS)
            return "CWE", f"{escaped('C' + code)}^{escaped('名' + name)}^99LAB"
        case "text":
            return "FT", escaped("镜检：" + draw(LETTERS)) + r"\.br\ ".strip() + escaped(
                draw(LETTERS)
            )
        case "none":
            return draw(st.sampled_from([("NM", ""), ("ST", "-"), ("ST", "未做"), ("NM", "NaN")]))
        case "many":
            return "NM", "~".join(draw(st.lists(NUMBER, min_size=2, max_size=4)))
        case "ratio":
            return "ST", draw(st.sampled_from(["1:160", "<1:20", "1 : 5.5"]))
        case "interval":
            return "SN", "^0.01^-^0.05"
        case "time":
            return "TS", draw(st.sampled_from(["20260612", "202606", "20260612081000+0800"]))
    return "ST", draw(st.sampled_from(["阴性", "阳性(+)", "±", "未见", "弱阳性", "A型", "3+"]))


@given(values(), st.sampled_from(sorted(CHARSETS)))
@example(("NM", "1E+3"), "UNICODE UTF-8")
@example(("ST", "1:160"), "GB 18030-2000")
def test_what_was_reported_is_read_back_as_it_was(raw: tuple[str, str], charset: str) -> None:
    record = laboratory(*raw)
    assert said(again(record, charset)) == said(record.used)
    assert again(record, charset)["referenceRange"] == record.used["referenceRange"]


@given(LETTERS | DELIMITERS, st.sampled_from(sorted(CHARSETS)))
def test_any_text_survives_and_ends_no_field(text: str, charset: str) -> None:
    record = laboratory("ST", "阴性")
    used = {name: part for name, part in record.used.items() if not name.startswith("value")}
    long = f"镜检 {text}。\r\n见{text}|end"
    used |= {"valueString": long, "note": [{"text": f"注 {text}。"}]}
    changed = a_changed(record, used)
    read = again(changed, charset)
    assert read["valueString"].split() == long.split()
    assert read["note"][0]["text"].split() == f"注 {text}。".split()
    content = write_oru(changed, "zh", charset)
    assert len(adapter.split(content)) == 1
    names = [line[:3] for line in content.decode(CHARSETS[charset]).split("\r")]
    assert names == ["MSH", "PID", "PV1", "ORC", "OBR", *["NTE"] * 4, "OBX", "NTE", "SPM", ""]


@pytest.mark.parametrize(
    "name",
    [
        "王|小明", "王^小明", "王~小明", "王\\F\\小明", "王&小明", "王\r\nOBX|1|NM|K||9.9", "王\x0b小明",
        "王\u2028小明", "王\u202e明小", "王\u200b小明", "=HYPERLINK(1)", "\\X0D\\PID|1", "𠮷野家", "ئالىم",
    ],
)  # fmt: skip
@pytest.mark.parametrize("charset", sorted(CHARSETS))
def test_a_name_cannot_say_anything_but_a_name(name: str, charset: str) -> None:
    record = laboratory()
    assert record.patient is not None
    patient = {**record.patient, "name": [{"text": name}]}
    content = write_oru(a_changed(record, record.used, patient=patient), "zh", charset)
    text = content.decode(CHARSETS[charset])
    lines = text.split("\r")
    assert len(lines) == len(write_oru(record).decode().split("\r"))
    assert not re.search("[\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", text)
    found = decoded(content).patient
    expected = " ".join(re.split("[\r\n\x0b\u2028]+", name))
    assert found.names[0].text == expected
    assert found.identifiers[0].value == "11010519491231002X" or len(found.identifiers) == 2


def test_python_hl7_reads_the_same() -> None:
    """A second opinion: another library takes the file apart into the same fields."""
    message = hl7.parse(write_oru(laboratory("SN", "<^0.50")).decode())
    obx = message.segment("OBX")
    assert str(obx[2]) == "SN"
    assert [str(part) for part in obx[5][0]] == ["<", "0.50"] or str(obx[5]) == "<^0.50"
    assert str(message.segment("MSH")[18]) == "UNICODE UTF-8"
    assert str(message.segment("PID")[5]) == "测试甲"
    assert str(obx[23]).startswith("示例第一医院")


@needs_packages
def test_node_hl7_client_reads_the_same(tmp_path: Path) -> None:
    file = tmp_path / "record.hl7"
    file.write_bytes(write_oru(laboratory("SN", "<^0.50", unit=r"10\S\9/L")))
    places = ["OBX.2", "OBX.5.1", "OBX.5.2", "OBX.6", "OBX.3.1", "OBX.3.5", "PID.5.1", "OBX.23.10"]
    script = f"""import * as hl7 from "node-hl7-client";
import fs from "fs";
const message = new hl7.Message({{ text: fs.readFileSync(process.argv[2], "utf8").trim() }});
console.log(JSON.stringify({json.dumps(places)}.map((one) => message.get(one).toString())));
"""
    done = node(tmp_path, script, str(file))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[:3] == ["SN", "<", "0.50"]
    assert json.loads(done.stdout)[4:] == ["2823-3", "钾", "测试甲", "91110000802100433B"]


def test_gb18030_is_declared_and_read() -> None:
    record = laboratory("CWE", "P^阳性𠮷^99LAB")
    content = write_oru(record, "zh", "GB 18030-2000")
    assert b"|GB 18030-2000\r" in content
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    assert said(again(record, "GB 18030-2000")) == said(record.used)


def test_an_imaging_report_is_read_back_with_texts_and_numbers() -> None:
    record = a_record(HEAD + CT)
    study = {
        "resourceType": "ImagingStudy",
        "id": "s1",
        "identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2.840.99.1"}],
        "status": "available",
        "subject": record.used["subject"],
        "started": "2026-06-12T08:10:00+08:00",
        "numberOfInstances": 120,
    }
    found = decoded(write_oru(a_changed(record, study, report=record.used)))
    first = decoded(HEAD + CT)
    for name in ("class_hint", "status"):
        assert getattr(found, name) == getattr(first, name)
    assert found.findings.text == "左膝关节骨质未见异常。\n关节间隙正常。"  # type: ignore[union-attr]
    assert found.conclusion.text == "未见骨折。"  # type: ignore[union-attr]
    assert found.accession.value == "ACC7"  # type: ignore[union-attr]
    assert found.study_uid.text == "1.2.840.99.1"  # type: ignore[union-attr]
    assert found.stated_instances == 120  # type: ignore[union-attr]
    assert found.performed.text == "2026-06-12T08:10:00+08:00"  # type: ignore[union-attr]


def test_a_corrected_result_says_so_before_anything_else() -> None:
    change = Change("corrected", 1_781_500_000_000_000, "corrected", 2)
    text = write_oru(a_changed(laboratory(), laboratory().used, change=change), "en").decode()
    first = next(line for line in text.split("\r") if line.startswith("NTE|1|"))
    assert "The source has corrected this result (2026-06-15 13:06)" in first
    assert "|D123456789012345-2|" in text
    assert "|4.10|" in text


def test_a_withdrawn_result_takes_itself_out_and_tells_no_value() -> None:
    record = laboratory()
    used = withheld(record.used, "entered-in-error")
    change = Change("withdrawn", 1_781_500_000_000_000, "entered-in-error", 2)
    content = write_oru(a_changed(record, used, change=change))
    assert b"4.10" not in content
    assert "不得再作为诊疗依据".encode() in content
    read = only(made(decoded(content), loinc={"2823-3": ("K", True)}), "Observation")
    assert read["status"] == "entered-in-error"
    assert not any(name.startswith("value") for name in read)


def test_withdrawn_images_take_their_report_out() -> None:
    record = a_record(HEAD + CT)
    used = withheld(record.used, "entered-in-error")
    change = Change("withdrawn", None)
    content = write_oru(a_changed(record, used, change=change))
    assert "未见骨折".encode() not in content
    found = decoded(content)
    assert found.status == "entered-in-error"


def test_the_same_record_gives_the_same_bytes() -> None:
    assert write_oru(laboratory()) == write_oru(laboratory())
    assert SITE.id == "lis-1"
