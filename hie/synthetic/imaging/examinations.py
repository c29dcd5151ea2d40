"""What the departments do: for each kind of examination its series, headers and words.

The headers follow PS3.3 for what the hub reads: positions of slices, sequences, views, tracer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from hie.synthetic.imaging import ct, mr, nuclear, plain, sound
from hie.synthetic.imaging.study import Series

_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."
_ORIGINAL: Final = ["ORIGINAL", "PRIMARY"]
_CT_COUNT: Final = 20
_THICK: Final = 5


@dataclass(frozen=True, slots=True)
class Examination:
    """One kind of examination; `make` gives its series for a subject (who and when)."""

    key: str
    klass: str
    name: str  # study description and order text
    body_part: str
    make: Callable[[str], tuple[Series, ...]]
    findings: tuple[str, ...]
    conclusions: tuple[str, ...]
    laterality: str = ""


def _ct(part: str, enhanced: bool, subject: str) -> tuple[Series, ...]:
    tags: dict[str, Any] = {
        "ImageType": [*_ORIGINAL, "AXIAL"],
        "KVP": 120,
        "SliceThickness": _THICK,
        "SpacingBetweenSlices": _THICK,
        "PixelSpacing": [1.9, 1.9],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "RescaleIntercept": ct.INTERCEPT,
        "RescaleSlope": 1,
        "RescaleType": "HU",
        "ConvolutionKernel": "STANDARD",
        "WindowCenter": [-600, 40] if part == "CHEST" else [40],
        "WindowWidth": [1500, 400] if part == "CHEST" else [80 if part == "HEAD" else 400],
    }
    if enhanced:
        tags |= {"ContrastBolusAgent": "碘海醇", "ContrastBolusRoute": "IV"}
    each = tuple(
        {
            "ImagePositionPatient": [-180, -180, 300 - _THICK * at],
            "SliceLocation": 300 - _THICK * at,
        }
        for at in range(_CT_COUNT)
    )
    words = f"{part} {'增强' if enhanced else '平扫'} {_THICK}mm"
    draw = partial(ct.slices, part, _CT_COUNT, enhanced, subject)
    return (Series("CT", _STORAGE + "2", words, draw, tags, each),)


def _mr(weightings: tuple[str, ...], subject: str) -> tuple[Series, ...]:
    found = []
    for weighting in weightings:
        medium = weighting.endswith("+C")
        tags: dict[str, Any] = {
            "ImageType": [*_ORIGINAL, "M"],
            "MagneticFieldStrength": 3,
            "ScanningSequence": {"T1W": "SE", "T2W": "SE", "FLAIR": ["SE", "IR"]}.get(
                weighting, "GR"
            ),
            "SequenceName": f"syn_{weighting.lower()}",
            "SequenceVariant": "SK",
            "ScanOptions": "",
            "MRAcquisitionType": "2D",
            "EchoTime": 90 if weighting == "T2W" else 12,
            "RepetitionTime": 4000 if weighting != "T1W" else 500,
            "SliceThickness": 6,
            "SpacingBetweenSlices": 7,
            "PixelSpacing": [1.5, 1.5],
            "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "WindowCenter": 450,
            "WindowWidth": 900,
        }
        if medium:
            tags["ContrastBolusAgent"] = "钆喷酸葡胺"
        each = tuple({"ImagePositionPatient": [-120, -120, 70 - 7 * at]} for at in range(8))
        words = f"{weighting.removesuffix('+C')} {'增强' if medium else '平扫'}"
        draw = partial(mr.slices, weighting, 8, subject)
        found.append(Series("MR", _STORAGE + "4", words, draw, tags, each))
    return tuple(found)


def _film(
    views: tuple[str, ...], draw: Callable[..., Any], words: str, subject: str
) -> tuple[Series, ...]:
    tags: dict[str, Any] = {
        "ImageType": _ORIGINAL,
        "PresentationIntentType": "FOR PRESENTATION",
        "PresentationLUTShape": "IDENTITY",
        "PixelSpacing": [0.9, 0.9],
        "WindowCenter": 2000,
        "WindowWidth": 3600,
    }
    each = tuple({"ViewPosition": view} for view in views)
    return (
        Series(
            "DX",
            _STORAGE + "1.1",
            words,
            lambda: [draw(view, subject) for view in views],
            tags,
            each,
        ),
    )


def _mammogram(views: tuple[tuple[str, str], ...], subject: str) -> tuple[Series, ...]:
    tags: dict[str, Any] = {
        "ImageType": _ORIGINAL,
        "PresentationIntentType": "FOR PRESENTATION",
        "PixelSpacing": [0.4, 0.4],
        "WindowCenter": 1600,
        "WindowWidth": 3200,
        "BreastImplantPresent": "NO",
    }
    each = tuple(
        {
            "ViewPosition": view,
            "ImageLaterality": side,
            "ViewCodeSequence": Sequence([_view(view)]),
        }
        for side, view in views
    )
    return (
        Series(
            "MG",
            _STORAGE + "1.2",
            "双乳 CC MLO",
            lambda: [plain.breast(side, view, subject) for side, view in views],
            tags,
            each,
        ),
    )


def _view(view: str) -> Dataset:
    code = Dataset()
    code.CodeValue = {"CC": "399162004", "MLO": "399368009"}[view]
    code.CodingSchemeDesignator = "SCT"
    code.CodeMeaning = {"CC": "cranio-caudal", "MLO": "medio-lateral oblique"}[view]
    return code


def _sound(organ: str, subject: str) -> tuple[Series, ...]:
    still = {"ImageType": [*_ORIGINAL, organ]}
    clip = {**still, "FrameTime": 50, "RecommendedDisplayFrameRate": 20}
    return (
        Series(
            "US", _STORAGE + "6.1", "静态图", lambda: list(sound.frames(3, organ, subject)), still
        ),
        Series(
            "US",
            _STORAGE + "3.1",
            "动态图",
            lambda: [sound.frames(8, organ, subject, "clip")],
            clip,
        ),
    )


def _tracer(name: str, activity: float) -> dict[str, Any]:
    drug = Dataset()
    drug.Radiopharmaceutical = name
    drug.RadionuclideTotalDose = activity
    return {"RadiopharmaceuticalInformationSequence": Sequence([drug])}


def _bone(subject: str) -> tuple[Series, ...]:
    tags = {
        "ImageType": [*_ORIGINAL, "WHOLE BODY", "EMISSION"],
        "WindowCenter": 20,
        "WindowWidth": 40,
        **_tracer("99mTc-MDP", 740.0),
    }
    return (
        Series("NM", _STORAGE + "20", "全身骨显像", lambda: [nuclear.bone_scan(subject)], tags),
    )


def _pet(subject: str) -> tuple[Series, ...]:
    tags: dict[str, Any] = {
        "ImageType": _ORIGINAL,
        "PixelSpacing": [4, 4],
        "SliceThickness": _THICK,
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "RescaleIntercept": 0,
        "RescaleSlope": 1,
        "Units": "BQML",
        "CorrectedImage": ["DECY", "ATTN"],
        "WindowCenter": 400,
        "WindowWidth": 800,
        **_tracer("18F-FDG", 370000000.0),
    }
    each = tuple({"ImagePositionPatient": [-190, -190, 300 - _THICK * at]} for at in range(12))
    slices = Series(
        "PT", _STORAGE + "128", "PET 衰减校正", partial(nuclear.pet_slices, 12, subject), tags, each
    )
    return (slices, *_ct("CHEST", False, subject))


_NORMAL_CHEST: Final = ("双肺纹理清晰，右肺见一小结节影，直径约 5 mm。纵隔未见肿大淋巴结。",)
EXAMINATIONS: Final = {
    one.key: one
    for one in (
        Examination(
            "chest-ct", "CT", "胸部CT平扫", "CHEST", partial(_ct, "CHEST", False), _NORMAL_CHEST,
            ("右肺小结节，建议随访。", "胸部CT平扫未见明显异常。"),
        ),
        Examination(
            "chest-ct-enhanced", "CT", "胸部CT增强", "CHEST", partial(_ct, "CHEST", True),
            _NORMAL_CHEST, ("右肺小结节，未见异常强化。",),
        ),
        Examination(
            "head-ct", "CT", "头颅CT平扫", "HEAD", partial(_ct, "HEAD", False),
            ("脑实质密度均匀，脑室系统未见扩大，中线居中。",), ("头颅CT平扫未见明显异常。",),
        ),
        Examination(
            "abdomen-ct", "CT", "上腹部CT增强", "ABDOMEN", partial(_ct, "ABDOMEN", True),
            ("肝、胆、胰、脾、双肾形态密度未见异常。",), ("上腹部CT增强未见明显异常。",),
        ),
        Examination(
            "brain-mr", "MRI", "颅脑MRI平扫", "BRAIN", partial(_mr, ("T1W", "T2W", "FLAIR")),
            ("双侧额顶叶白质见数个小斑片状 FLAIR 高信号。",), ("脑白质少许缺血灶。",),
        ),
        Examination(
            "brain-mr-enhanced", "MRI", "颅脑MRI增强", "BRAIN",
            partial(_mr, ("T1W", "T2W", "T1W+C")),
            ("增强扫描未见异常强化灶。",), ("脑白质少许缺血灶，未见异常强化。",),
        ),
        Examination(
            "chest-film", "XRAY", "胸部正侧位片", "CHEST",
            partial(_film, ("PA", "LL"), plain.chest, "胸部正侧位"),
            ("双肺野清晰，心影大小形态正常，双膈光整。",), ("心肺膈未见明显异常。",),
        ),
        Examination(
            "knee-film", "XRAY", "左膝关节正侧位片", "KNEE",
            partial(_film, ("AP", "LL"), partial(plain.knee, "L"), "左膝正侧位"),
            ("左膝关节间隙可，骨质未见明显异常。",), ("左膝关节未见明显骨折征象。",), "L",
        ),
        Examination(
            "thyroid-us", "US", "甲状腺彩超", "THYROID", partial(_sound, "THYROID"),
            ("甲状腺左叶见一低回声结节，约 6×4 mm，边界清。",), ("甲状腺左叶结节，TI-RADS 3 类。",),
        ),
        Examination(
            "abdomen-us", "US", "肝胆胰脾彩超", "ABDOMEN", partial(_sound, "LIVER"),
            ("肝实质回声均匀，胆囊壁不厚，腔内未见结石。",), ("肝胆胰脾未见明显异常。",),
        ),
        Examination(
            "bone-scan", "NM", "全身骨显像", "WHOLEBODY", _bone,
            ("全身骨骼显影清晰，放射性分布对称。",), ("全身骨显像未见明显异常。",),
        ),
        Examination(
            "pet-ct", "NM", "胸部PET/CT", "CHEST", _pet,
            ("左肺门旁见一点状放射性浓聚。",), ("左肺门点状代谢增高，建议随访。",),
        ),
        Examination(
            "mammogram", "MG", "双侧乳腺钼靶", "BREAST",
            partial(_mammogram, (("L", "CC"), ("L", "MLO"), ("R", "CC"), ("R", "MLO"))),
            ("双侧乳腺呈多量腺体型，散在圆形良性钙化。",), ("双乳 BI-RADS 2 类。",), "B",
        ),
        Examination(
            "mammogram-cc", "MG", "双侧乳腺钼靶", "BREAST",
            partial(_mammogram, (("L", "CC"), ("R", "CC"))),
            ("双侧乳腺呈多量腺体型。",), ("双乳 BI-RADS 1 类。",), "B",
        ),
    )
}  # fmt: skip
