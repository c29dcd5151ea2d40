"""Imaging reports: which orders they are, and what their OBX state. All people are invented."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.hl7v2.imaging_words import Part, class_of_name, class_of_token, part_of
from hie.adapter import Decoded
from hie.records import Identifier, ImagingReportRecord, LabReportRecord, Val

Read = Callable[..., Decoded]
HEAD = (
    "MSH|^~\\&|RIS|HOSP|H|H|20260612120000||ORU^R01|1|P|2.5",
    "PID|1||P1||张三||19800101|F",
    "ORC|RE|A1|B1",
)
SEEN = "OBX|1|TX|1^检查所见||双肺清晰||||||F"
SAYS = "OBX|2|TX|2^诊断意见||未见异常||||||F"


def obr(
    code: str = "CT01^胸部CT平扫^L", section: str = "CT", status: str = "F", **more: str
) -> str:
    fields = {2: "A1", 3: "B1", 4: code, 7: "20260612080000", 22: "20260612110000", 24: section,
              25: status} | {int(k[1:]): v for k, v in more.items()}  # fmt: skip
    return "|".join(["OBR", *(fields.get(i, "") for i in range(1, max(fields) + 1))])


def report(read: Read, *segments: str, **profile: Any) -> ImagingReportRecord:
    (record,) = read(*HEAD, *segments, **profile).records
    assert isinstance(record, ImagingReportRecord)
    return record


def text(val: Val | None) -> str | None:
    return val.text if val is not None else None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("胸部CT平扫", "CT"), ("CT胸部平扫", "CT"), ("头颈CTA", "CT"), ("低剂量胸部CT", "CT"),
        ("Chest CT WO contrast", "CT"), ("腹部CT(平扫+增强)", "CT"), ("冠状动脉CTA", "CT"),
        ("头颅MRI平扫+增强", "MRI"), ("磁共振胰胆管成像(MRCP)", "MRI"), ("乳腺MRI", "MRI"),
        ("肝胆胰脾彩超", "US"), ("乳腺超声", "US"), ("Abdomen ultrasound", "US"),
        ("PET/CT全身显像", "NM"), ("甲状腺静态显像", "NM"), ("全身骨扫描", "NM"),
        ("胸部DR正侧位", "XRAY"), ("胸部正位片", "XRAY"), ("腰椎正侧位", "XRAY"), ("CR胸部", "XRAY"),
        ("乳腺钼靶", "MG"), ("双侧乳腺X线摄影", "MG"), ("Mammogram bilateral", "MG"),
    ],
)  # fmt: skip
def test_a_name_that_can_mean_nothing_else_is_a_class(name: str, expected: str) -> None:
    assert class_of_name(name) == expected


@pytest.mark.parametrize(
    "name",
    ["降钙素(CT)", "降钙素（CT）测定", "肌钙蛋白I(CTnI)", "HLA-DR检测", "生化全套", "CT值", "肾功能CR",
     "沙眼衣原体CT-DNA", "衣原体(CT)核酸检测", "凝血酶时间PT", "C反应蛋白 CRP", "血常规", "心肌酶谱",
     "超声引导下穿刺活检病理", "肝穿刺细胞学", "CT/NG核酸检查", ""],
)  # fmt: skip
def test_a_laboratory_test_is_no_class_whatever_letters_it_has(name: str) -> None:
    assert class_of_name(name) is None


def test_a_token_alone_counts_only_where_imaging_is_known() -> None:
    assert (class_of_token("CT"), class_of_name("CT")) == ("CT", None)
    assert class_of_token("DR CHEST") == "XRAY"
    assert class_of_token("会诊") is None


@pytest.mark.parametrize(
    ("section", "code", "expected", "is_stated"),
    [
        ("CT", "X", "CT", True), ("NMR", "X", "MRI", True), ("NMS", "X", "NM", True),
        ("RUS", "X", "US", True), ("OUS", "X", "US", True), ("VUS", "X", "US", True),
        ("RX", "X", "XRAY", True), ("MG", "X", "MG", True), ("超声科", "X", "US", True),
        ("RAD", "1^胸部CT平扫", "CT", False), ("RAD", "1^CT", "CT", False),
        ("RX", "1^乳腺钼靶", "MG", False), ("CT", "1^PET/CT", "NM", False),
        ("CT", "1^磁共振", "CT", True), ("rus", "X", "US", True),
    ],
)  # fmt: skip
def test_the_section_counts_before_the_name_unless_the_name_is_narrower(
    read: Read, section: str, code: str, expected: str, is_stated: bool
) -> None:
    found = report(read, obr(code, section), SEEN, SAYS)
    assert (found.class_hint, found.class_stated) == (expected, is_stated)


def test_imaging_of_no_class_is_told(read: Read, codes: Any) -> None:
    decoded = read(*HEAD, obr("1^会诊", "RAD"), SEEN, SAYS)
    (found,) = decoded.records
    assert isinstance(found, ImagingReportRecord)
    assert found.class_hint is None
    assert "imaging-class-unknown" in codes(decoded)


def test_a_name_alone_decides_when_an_obx_states_findings_or_none_is_a_number(read: Read) -> None:
    number = "OBX|1|NM|LVEF^射血分数||60|%|||||F"
    (mixed,) = read(*HEAD, obr("1^心脏彩超", ""), number, SAYS).records
    (measured,) = read(*HEAD, obr("1^心脏彩超", ""), number).records
    (worded,) = read(*HEAD, obr("1^心脏彩超", ""), "OBX|1|TX|X||左室舒张功能减低。||||||F").records
    assert isinstance(mixed, ImagingReportRecord)
    assert [note.text for note in mixed.notes] == ["射血分数: 60 %"]
    assert isinstance(measured, LabReportRecord)
    assert isinstance(worded, ImagingReportRecord)


def test_a_laboratory_report_stays_one(read: Read) -> None:
    for section in ("", "CH", "HM", "MB"):
        (found,) = read(*HEAD, obr("1^降钙素(CT)", section), "OBX|1|NM|CT||4.1|ng/L|||||F").records
        assert isinstance(found, LabReportRecord)
        assert len(found.results) == 1


def test_the_profile_says_what_is_imaging(read: Read) -> None:
    own = {"imaging": {"classes": {"E77": "US", "心电": "none"}, "never": ["E88"]}}
    assert report(read, obr("E77^检查", ""), SEEN, **own).class_hint == "US"
    assert report(read, obr("X", "心电"), SEEN, **own).class_hint is None
    (never,) = read(*HEAD, obr("E88^胸部CT平扫", "CT"), SEEN, **own).records
    assert isinstance(never, LabReportRecord)
    always = report(read, obr("Q^会诊", ""), SEEN, imaging={"always": True})
    assert (always.class_hint, always.class_stated) == (None, False)


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        ("1", "检查所见", Part.FINDINGS), ("1", "影像学表现", Part.FINDINGS),
        ("1", "超声描述", Part.FINDINGS), ("71020&GDT", "", Part.FINDINGS),
        ("59776-5", "Procedure findings", Part.FINDINGS), ("1", "检查结论", Part.CONCLUSION),
        ("1", "诊断意见", Part.CONCLUSION), ("1", "印象", Part.CONCLUSION),
        ("1", "影像诊断", Part.CONCLUSION), ("71020&IMP", "", Part.CONCLUSION),
        ("19005-8", "", Part.CONCLUSION), ("1", "检查方法", Part.TECHNIQUE),
        ("1", "扫描方式", Part.TECHNIQUE), ("1", "检查部位", Part.BODY_PART),
        ("1", "侧别", Part.LATERALITY), ("113014", "DICOM Study", Part.STUDY_UID),
        ("1", "StudyInstanceUID", Part.STUDY_UID), ("1", "影像号", Part.ACCESSION),
        ("1", "图像总数", Part.IMAGES), ("1", "示踪剂", Part.TRACER), ("1", "身高", None),
    ],
)  # fmt: skip
def test_an_obx_states_what_its_name_says(code: str, name: str, expected: Part | None) -> None:
    assert part_of(code, (name,) if name else ()) is expected


def test_everything_that_is_stated_has_its_place(read: Read) -> None:
    found = report(
        read,
        obr(f15="^^^CHEST^L", f18="ACC9", f32="31&李审核"),
        "ZDS|1.2.840.1.2.3^HUB^Application^DICOM",
        "OBX|1|TX|1^检查所见||第一段\\.br\\第二行||||||F",
        "OBX|2|TX|1^检查所见||3.5mm结节||||||F",
        SAYS.replace("OBX|2", "OBX|3"),
        "OBX|4|TX|3^检查方法||平扫，低剂量||||||F",
        "OBX|5|NM|4^图像数||120||||||F",
        "OBX|6|ST|5^示踪剂||18F-FDG||||||F",
        "OBX|7|NM|9^DLP||230|mGy.cm|||||F",
        "OBX|8|ED|PDF^报告||^application^pdf^Base64^JVBERi0xLjQK||||||F",
        "NTE|1||备注",
    )
    assert text(found.findings) == "第一段\n第二行\n3.5mm结节"
    assert text(found.conclusion) == "未见异常"
    assert text(found.technique) == "平扫，低剂量"
    assert text(found.tracer) == "18F-FDG"
    assert found.stated_instances == 120
    assert found.accession == Identifier("ACC9", "accession", None, "OBR[1]-18")
    assert text(found.study_uid) == "1.2.840.1.2.3"
    assert [part.text for part in found.body_parts] == ["CHEST"]
    assert text(found.laterality) == "L"
    assert [note.text for note in found.notes] == ["备注", "DLP: 230 mGy.cm"]
    assert [form.media for form in found.forms] == ["application/pdf"]
    assert text(found.performed) == "2026-06-12T08:00:00+08:00"
    assert [one.name for one in found.reviewers] == ["李审核"]


def test_fields_that_only_imaging_reads_are_used_there_and_ignored_elsewhere(read: Read) -> None:
    images = read(*HEAD, obr(f15="^^^CHEST", f18="ACC9"), "ZDS|1.2.3.4", SEEN, SAYS).coverage
    assert {"OBR[1]-18", "OBR[1]-15", "ZDS[1]-1"} <= set(images.used)
    assert "OBR[1]-15.4" not in images.ignored
    tests = read(*HEAD, obr("1^生化", "CH", f18="ACC9"), "OBX|1|NM|K||4.1||||||F").coverage
    assert "OBR[1]-18" in tests.ignored


def test_a_text_that_no_obx_names_is_the_findings_when_nothing_else_is(read: Read) -> None:
    plain = report(read, obr(), "OBX|1|TX|CT01^胸部CT平扫||双肺纹理清晰，未见实变。||||||F", SAYS)
    assert text(plain.findings) == "双肺纹理清晰，未见实变。"
    beside = report(read, obr(), SEEN, SAYS, "OBX|3|TX|CT01^附注||与前片比较无变化，随访。||||||F")
    assert text(beside.findings) == "双肺清晰"
    assert [note.text for note in beside.notes] == ["附注: 与前片比较无变化，随访。"]


def test_the_profile_s_own_words_state_too(read: Read) -> None:
    own = {"imaging": {"findings": ["DESC"], "conclusion": ["结果A"], "images": ["N1"]}}
    found = report(
        read, obr(), "OBX|1|TX|DESC||所见文字||||||F", "OBX|2|TX|7^结果A||结论文字||||||F",
        "OBX|3|ST|N1||约36幅||||||F", **own,
    )  # fmt: skip
    assert text(found.findings) == "所见文字"
    assert text(found.conclusion) == "结论文字"
    assert found.stated_instances is None


@pytest.mark.parametrize(
    ("text", "expected"), [("36", 36), ("36幅", 36), ("120 images", 120), ("许多", None)]
)
def test_the_number_of_images_is_a_whole_number_or_an_issue(
    read: Read, codes: Any, text: str, expected: int | None
) -> None:
    decoded = read(*HEAD, obr(), SEEN, SAYS, f"OBX|3|ST|4^图像数||{text}||||||F")
    (found,) = decoded.records
    assert isinstance(found, ImagingReportRecord)
    assert found.stated_instances == expected
    assert ("image-count-invalid" in codes(decoded)) == (expected is None)


@pytest.mark.parametrize("uid", ["1.2", "x", "1.2." + "3" * 70, "9.1.2.3"])
def test_what_is_no_uid_is_left_aside_and_told(read: Read, codes: Any, uid: str) -> None:
    decoded = read(*HEAD, obr(), f"ZDS|{uid}^HUB", SEEN, SAYS)
    (found,) = decoded.records
    assert isinstance(found, ImagingReportRecord)
    assert found.study_uid is None
    assert "study-uid-invalid" in codes(decoded)


@pytest.mark.parametrize(
    ("obr_status", "letters", "expected"),
    [
        ("F", "FF", "final"), ("P", "PP", "preliminary"), ("F", "FP", "partial"),
        ("F", "FC", "corrected"), ("C", "CC", "corrected"), ("F", "AF", "amended"),
        ("F", "DF", "final"), ("F", "DD", "entered-in-error"), ("F", "WF", "entered-in-error"),
        ("F", "XX", "cancelled"), ("X", "FF", "cancelled"), ("R", "FF", "partial"),
    ],
)  # fmt: skip
def test_obx_correct_or_withdraw_what_obr_calls_final(
    read: Read, obr_status: str, letters: str, expected: str
) -> None:
    seen, says = (s[:-1] + letter for s, letter in zip((SEEN, SAYS), letters, strict=True))
    assert report(read, obr(status=obr_status), seen, says).status == expected


def test_what_is_taken_back_is_named_and_no_longer_said(read: Read) -> None:
    found = report(read, obr(status="C"), SEEN[:-1] + "D", SAYS[:-1] + "C")
    assert found.withdrawn == ("findings",)
    assert found.findings is None
    replaced = report(
        read, obr(status="C"), SEEN[:-1] + "D", SEEN.replace("双肺", "左肺")[:-1] + "C", SAYS
    )
    assert replaced.withdrawn == ()
    assert text(replaced.findings) == "左肺清晰"


def test_a_report_with_nothing_but_a_pdf_is_taken_and_one_with_nothing_is_told(
    read: Read, codes: Any
) -> None:
    printed = read(*HEAD, obr(), "OBX|1|ED|P^报告||^application^pdf^Base64^JVBERi0xLjQK||||||F")
    assert "imaging-without-text" not in codes(printed)
    empty = read(*HEAD, obr(), "OBX|1|ST|9^身高||170|cm|||||F")
    assert "imaging-without-text" in codes(empty)


def test_gbk_reads_the_same(read: Read) -> None:
    utf8 = read(*HEAD, obr(), SEEN, SAYS)
    gbk = read(*HEAD, obr(), SEEN, SAYS, encoding="gb18030")
    assert gbk.records == utf8.records
