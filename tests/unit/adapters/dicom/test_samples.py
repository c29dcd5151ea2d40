"""Every file that pydicom ships is decoded with the facts pydicom reads, or refused precisely."""

import io
import warnings
from functools import cache
from pathlib import Path

import pydicom
import pydicom.data
import pytest

from adapters.dicom import adapter
from adapters.dicom.issues import TABLE
from adapters.dicom.part10 import Refused, open_file
from adapters.dicom.reader import Buffer, read_top
from hie.adapter import Severity
from tests.unit.adapters.dicom.made import codes, is_held, read, record, site

ROOT = Path(pydicom.data.__file__).parent
FILES = sorted(
    path for path in ROOT.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")
)
# What is no DICOM at all, and what lacks one of the UIDs or is no instance.
NO_DICOM = {".json", ".txt", ".md", ".dump", ".gz", ".icc"}
REFUSED = {
    "chrSQEncoding.dcm": "sop-uid-missing",
    "chrSQEncoding1.dcm": "sop-uid-missing",
    "UN_sequence.dcm": "sop-uid-missing",
    "empty_charset_LEI.dcm": "sop-class-missing",
    "meta_missing_tsyntax.dcm": "transfer-syntax-missing",
    "nested_priv_SQ.dcm": "sop-uid-missing",
    "no_meta.dcm": "not-dicom",
    "no_meta_group_length.dcm": "sop-uid-missing",
    "priv_SQ.dcm": "sop-uid-missing",
    "JPEGLSNearLossless_08.dcm": "study-uid-missing",
    "JPEGLSNearLossless_16.dcm": "study-uid-missing",
    "SC_rgb_jls_lossy_line.dcm": "study-uid-missing",
    "SC_rgb_jls_lossy_sample.dcm": "study-uid-missing",
}
TRUNCATED = {"MR_truncated.dcm", "rtplan_truncated.dcm"}


@cache
def _pydicom(path: Path) -> pydicom.Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pydicom.dcmread(path, force=True, stop_before_pixels=True)
        str(found)  # every value is read once
        return found


def _expected(path: Path) -> str | None:
    if path.suffix in NO_DICOM or path.name == "README":
        return "not-dicom"
    if path.name.startswith("DICOMDIR"):
        return "dicomdir"
    if path.parent.name == "palettes":
        return "study-uid-missing"
    return REFUSED.get(path.name)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_sample_is_decoded_or_refused_with_its_reason(path: Path) -> None:
    decoded = read(path.read_bytes())
    reason = _expected(path)
    if reason is not None:
        assert not decoded.records
        assert reason in codes(decoded)
        assert is_held(decoded)
        return
    assert len(decoded.records) == 1
    assert is_held(decoded) == (path.name in TRUNCATED)
    assert all(issue.code in TABLE for issue in decoded.issues)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_facts_are_pydicom_s(path: Path) -> None:
    if _expected(path) is not None:
        return
    ours, theirs = record(path.read_bytes()), _pydicom(path)
    assert ours.instance.uid == theirs.SOPInstanceUID
    assert ours.instance.sop_class == theirs.SOPClassUID
    assert ours.study.uid == theirs.StudyInstanceUID
    assert ours.series.uid == theirs.SeriesInstanceUID
    assert (ours.series.modality or "") == str(theirs.get("Modality") or "")
    for name, value in (
        ("Rows", ours.instance.rows),
        ("Columns", ours.instance.columns),
        ("BitsStored", ours.instance.bits),
        ("InstanceNumber", ours.instance.number),
        ("SeriesNumber", ours.series.number),
    ):
        stated = theirs.get(name)
        assert value == (None if stated in (None, "") else int(stated)), name
    position = theirs.get("ImagePositionPatient")
    if position:
        assert ours.instance.position is not None
        assert [float(p) for p in ours.instance.position] == [float(p) for p in position]
    thickness = theirs.get("SliceThickness")
    if thickness is not None:
        assert float(ours.instance.slice_thickness or 0) == float(thickness)
    patient_id = str(theirs.get("PatientID") or "").strip()
    known = ours.patient.identifiers[0].value if ours.patient.identifiers else ""
    assert known == patient_id
    sex = {"M": "male", "F": "female", "O": "other", "": None}[str(theirs.get("PatientSex") or "")]
    assert ours.patient.sex == sex


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_elements_stand_where_pydicom_finds_them(path: Path) -> None:
    content = path.read_bytes()
    try:
        opened = open_file(content)
    except Refused:
        return
    buffer = Buffer(opened.data, opened.syntax.little)
    top = read_top(buffer, opened.syntax.explicit, opened.start)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pydicom.dcmread(io.BytesIO(content), force=True, stop_before_pixels=True)
        known = {int(tag): getattr(theirs.get_item(tag), "value", None) for tag in theirs.keys()}  # noqa: SIM118
    assert {tag for tag in top.elements if tag & 0xFFFF} <= set(known)
    if top.fault is None:
        assert set(known) <= set(top.elements)
    for tag, value in known.items():
        if tag in top.elements and isinstance(value, bytes):
            found = top.elements[tag]
            assert opened.data[found.start : found.stop] == value, hex(tag)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_header_says_what_its_file_says(path: Path) -> None:
    if _expected(path) in ("not-dicom", "dicomdir"):
        return
    content = path.read_bytes()
    cut = adapter.cut(path)
    assert adapter.cut(content) == cut
    whole, head = read(content), read(cut.header)
    assert whole.records == head.records
    assert whole.issues == head.issues
    assert whole.native_id == head.native_id == adapter.native_id(cut.header, site())
    assert cut.is_whole == (path.name not in TRUNCATED)
    if not cut.left_out and cut.transfer_syntax != "1.2.840.10008.1.2.1.99":
        assert content.startswith(cut.header)
        assert whole.coverage == head.coverage


def test_a_lossy_transfer_syntax_counts_whatever_the_tag_says() -> None:
    names = "JPEG-lossy.dcm JPGExtended.dcm SC_rgb_jpeg_lossy_gdcm.dcm JPEG2000.dcm".split()
    for name in names:
        assert record((ROOT / "test_files" / name).read_bytes()).instance.lossy is True
    assert record((ROOT / "test_files" / "MR_small_RLE.dcm").read_bytes()).instance.lossy is None


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("chrH31.dcm", ["山田太郎", "Tarou Yamada"]),
        ("chrH32.dcm", ["山田太郎", "ﾔﾏﾀﾞﾀﾛｳ"]),
        ("chrI2.dcm", ["洪吉洞", "Gildong Hong"]),
        ("chrX1.dcm", ["王小東", "XiaoDong Wang"]),
        ("chrX2.dcm", ["王小东", "XiaoDong Wang"]),
        ("chrGreek.dcm", ["Διονυσιος"]),
        ("chrRuss.dcm", ["Люкceмбypг"]),
        ("chrArab.dcm", ["قبانيلنزار"]),
        ("chrHbrw.dcm", ["שרוןדבורה"]),
        ("chrGerm.dcm", ["ÄneasRüdiger"]),
        ("chrFrenMulti.dcm", ["BucJérôme"]),
        ("chrKoreanMulti.dcm", ["김희중"]),
        ("chrJapMulti.dcm", ["やまだたろう"]),
    ],
)
def test_names_of_the_charset_files(name: str, texts: list[str]) -> None:
    found = record((ROOT / "charset_files" / name).read_bytes())
    assert [one.text for one in found.patient.names] == texts
    decoded = read((ROOT / "charset_files" / name).read_bytes())
    assert not {code for code in codes(decoded) if code.startswith("charset")}


def test_no_sample_raises_an_undeclared_issue() -> None:
    for path in FILES:
        for issue in read(path.read_bytes()).issues:
            usual = TABLE[issue.code][0]
            assert issue.severity in (usual, Severity.HOLD)
            assert issue.path
            assert issue.expected
