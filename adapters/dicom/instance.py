"""The instance itself: what its header says about the image, as facts that may be unknown.

PS3.3 sections C.7.6 and C.8. None means that the tag is absent or unusable, never "no": whether a
fact is good enough is asked by the rules, not here. Enhanced multi-frame objects keep the same
facts in functional groups (section C.7.6.16).
"""

from decimal import Decimal
from typing import Final

from adapters.dicom.reader import read_items
from adapters.dicom.reading import View
from adapters.dicom.study import body_parts, coded
from adapters.dicom.syntaxes import KEY_OBJECT_SELECTION, LOSSY, REJECTIONS
from adapters.dicom.tags import (
    ACQUISITION_DATE,
    ACQUISITION_DATE_TIME,
    ACQUISITION_TIME,
    BITS_STORED,
    BURNED_IN_ANNOTATION,
    CALIBRATION_DATE,
    CALIBRATION_TIME,
    CODE_MEANING,
    CODE_VALUE,
    COLUMNS,
    CONCEPT_NAME_CODE_SEQUENCE,
    CONTENT_DATE,
    CONTENT_LABEL,
    CONTENT_SEQUENCE,
    CONTENT_TIME,
    CONTRAST_AGENT,
    CONTRAST_AGENT_SEQUENCE,
    CONVERSION_TYPE,
    CONVOLUTION_KERNEL,
    CTDI_VOL,
    DOCUMENT_TITLE,
    ECHO_TIME,
    EVIDENCE_SEQUENCE,
    EXPOSURE,
    EXPOSURE_UAS,
    FIELD_STRENGTH,
    FRAME_ANATOMY_SEQUENCE,
    FRAME_LATERALITY,
    IDENTITY_REMOVED,
    IMAGE_LATERALITY,
    IMAGE_ORIENTATION,
    IMAGE_POSITION,
    IMAGE_TYPE,
    IMAGER_PIXEL_SPACING,
    INSTANCE_NUMBER,
    KVP,
    LATERALITY,
    LOSSY_IMAGE_COMPRESSION,
    LOSSY_METHOD,
    LOSSY_RATIO,
    NUMBER_OF_FRAMES,
    PER_FRAME_GROUPS_SEQUENCE,
    PIXEL_MEASURES_SEQUENCE,
    PIXEL_SPACING,
    PLANE_ORIENTATION_SEQUENCE,
    PLANE_POSITION_SEQUENCE,
    PULSE_SEQUENCE_NAME,
    QUALITY_CONTROL_IMAGE,
    RADIONUCLIDE_CODE_SEQUENCE,
    RADIONUCLIDE_TOTAL_DOSE,
    RADIOPHARMACEUTICAL,
    RADIOPHARMACEUTICAL_CODE_SEQUENCE,
    RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE,
    REFERENCED_SERIES_SEQUENCE,
    REFERENCED_SOP_INSTANCE_UID,
    REFERENCED_SOP_SEQUENCE,
    REPETITION_TIME,
    ROWS,
    SCANNING_SEQUENCE,
    SEQUENCE_NAME,
    SEQUENCE_VARIANT,
    SHARED_GROUPS_SEQUENCE,
    SLICE_THICKNESS,
    SPACING_BETWEEN_SLICES,
    VIEW_CODE_SEQUENCE,
    VIEW_POSITION,
)
from hie.records import InstancePart, Time, Val

Point = tuple[Decimal, Decimal, Decimal]
_MOST_FRAMES: Final = 4000  # frames whose position is read
_MOST_REJECTED: Final = 20_000
_SIDES: Final = frozenset({"L", "R", "B", "U"})


def read_instance(
    view: View, uid: str, sop_class: str, transfer_syntax: str | None
) -> InstancePart:
    """The instance as its header states it."""
    shared = _shared(view)
    rows, columns = view.integer(ROWS), view.integer(COLUMNS)
    frames = view.integer(NUMBER_OF_FRAMES) or (1 if rows and columns else None)
    lossy = _lossy(view, transfer_syntax)
    burned = view.word(BURNED_IN_ANNOTATION).upper() or None
    if burned == "YES":
        view.reading.issue("burned-in", view.path(BURNED_IN_ANNOTATION))
    tracer, activity = _tracer(view)
    code, rejects = _rejection(view, sop_class)
    measures = (view, *_within(shared, PIXEL_MEASURES_SEQUENCE))
    return InstancePart(
        uid=uid,
        sop_class=sop_class,
        transfer_syntax=transfer_syntax,
        number=view.integer(INSTANCE_NUMBER),
        title=_title(view),
        image_type=tuple(word.upper() for word in view.words(IMAGE_TYPE)),
        rows=rows,
        columns=columns,
        frames=frames,
        bits=view.integer(BITS_STORED),
        lossy=lossy,
        lossy_ratio=view.decimals(LOSSY_RATIO),
        lossy_method=view.words(LOSSY_METHOD),
        contrast_agent=_contrast(view),
        slice_thickness=_first(measures, SLICE_THICKNESS),
        spacing=_first(measures, SPACING_BETWEEN_SLICES),
        pixel_spacing=_pixel_spacing(measures),
        position=_point(view.decimals(IMAGE_POSITION)),
        orientation=_orientation(view, shared),
        frame_positions=_frame_positions(view),
        view=_view(view),
        laterality=_laterality(view, shared),
        body_parts=tuple(dict.fromkeys((*body_parts(view), *_frame_parts(shared)))),
        kernel=view.val(CONVOLUTION_KERNEL),
        sequences=_sequences(view),
        repetition_time=view.decimal(REPETITION_TIME),
        echo_time=view.decimal(ECHO_TIME),
        field_strength=view.decimal(FIELD_STRENGTH),
        kvp=view.decimal(KVP),
        exposure=_exposure(view),
        dose=view.decimal(CTDI_VOL),
        calibrated=view.moment(CALIBRATION_DATE, CALIBRATION_TIME),
        tracer=tracer,
        activity=activity,
        burned_in=burned,
        quality_control=view.word(QUALITY_CONTROL_IMAGE).upper() or None,
        identity_removed=view.word(IDENTITY_REMOVED).upper() or None,
        conversion=view.word(CONVERSION_TYPE).upper() or None,
        acquired=_acquired(view),
        rejects=rejects,
        reject_code=code,
    )


def _within(views: tuple[View, ...], tag: int) -> tuple[View, ...]:
    return tuple(item for one in views for item in one.items(tag))


def _shared(view: View) -> tuple[View, ...]:
    return view.items(SHARED_GROUPS_SEQUENCE)


def _first(views: tuple[View, ...], tag: int) -> Decimal | None:
    for one in views:
        found = one.decimal(tag)
        if found is not None:
            return found
    return None


def _lossy(view: View, transfer_syntax: str | None) -> bool | None:
    """Lossy by its own word, by its method or ratio, or by how it is written now."""
    stated = view.word(LOSSY_IMAGE_COMPRESSION)
    by_syntax = transfer_syntax in LOSSY
    if by_syntax and stated != "01":
        view.reading.issue("lossy-undeclared", view.path(LOSSY_IMAGE_COMPRESSION), stated)
    if stated == "01" or by_syntax or view.words(LOSSY_METHOD):
        return True
    return False if stated == "00" else None


def _contrast(view: View) -> Val | None:
    found = view.val(CONTRAST_AGENT)
    if found is not None:
        return None if found.text.upper() in _NO_CONTRAST else found
    for one in coded(view, CONTRAST_AGENT_SEQUENCE):
        return Val(one.display or one.code or "", one.path)
    return None


_NO_CONTRAST: Final = frozenset(
    {"NONE", "NO", "N", "NO CONTRAST", "WITHOUT", "无", "平扫", "-", "0"}
)


def _pixel_spacing(measures: tuple[View, ...]) -> tuple[Decimal, Decimal] | None:
    for one in measures:
        for tag in (PIXEL_SPACING, IMAGER_PIXEL_SPACING):
            found = one.decimals(tag)
            if len(found) == 2:
                return found[0], found[1]
    return None


def _point(found: tuple[Decimal, ...]) -> Point | None:
    return (found[0], found[1], found[2]) if len(found) == 3 else None


def _orientation(view: View, shared: tuple[View, ...]) -> tuple[Decimal, ...]:
    for one in (view, *_within(shared, PLANE_ORIENTATION_SEQUENCE)):
        found = one.decimals(IMAGE_ORIENTATION)
        if len(found) == 6:
            return found
    return ()


def _frame_positions(view: View) -> tuple[Point, ...]:
    """Where each frame of an enhanced object lies; () unless every frame says so."""
    element = view.elements.get(PER_FRAME_GROUPS_SEQUENCE)
    if element is None:
        return ()
    reading = view.reading
    items = read_items(reading.buffer, reading.explicit, element, 1)
    if len(items) > _MOST_FRAMES:
        reading.issue("frames-left-out", view.path(PER_FRAME_GROUPS_SEQUENCE))
        return ()
    found = []
    for elements in items:
        frame = View(reading, elements, view.scope, 1, f"{view.path(PER_FRAME_GROUPS_SEQUENCE)}>")
        planes = frame.items(PLANE_POSITION_SEQUENCE)
        point = _point(planes[0].decimals(IMAGE_POSITION)) if planes else None
        if point is None:
            return ()
        found.append(point)
    return tuple(found)


def _view(view: View) -> str | None:
    """ViewPosition, else the view code's meaning as an abbreviation if it has one."""
    stated = view.text(VIEW_POSITION).upper()
    if stated:
        return stated
    for one in coded(view, VIEW_CODE_SEQUENCE):
        words = (one.display or "").casefold()
        return _VIEWS.get(words) or _VIEW_CODES.get(one.code or "") or one.display or one.code
    return None


# Meanings and codes of views (PS3.16, CID 4014 and CID 4010) -> what ViewPosition says.
_VIEWS: Final = {
    "cranio-caudal": "CC",
    "craniocaudal": "CC",
    "medio-lateral oblique": "MLO",
    "mediolateral oblique": "MLO",
    "medio-lateral": "ML",
    "latero-medial": "LM",
    "latero-medial oblique": "LMO",
    "caudo-cranial (from below)": "FB",
    "exaggerated cranio-caudal": "XCC",
    "cranio-caudal exaggerated laterally": "XCCL",
    "cranio-caudal exaggerated medially": "XCCM",
    "postero-anterior": "PA",
    "antero-posterior": "AP",
    "left lateral": "LL",
    "right lateral": "RL",
    "lateral": "LAT",
}
_VIEW_CODES: Final = {
    "R-10242": "CC", "R-10226": "MLO", "R-10224": "ML", "R-10228": "LM", "R-10230": "LMO",
    "R-10244": "FB", "Y-X1770": "XCCL", "Y-X1771": "XCCM", "399162004": "CC",
    "399368009": "MLO", "399260004": "ML", "399352003": "LM", "399099002": "LMO",
}  # fmt: skip


def _laterality(view: View, shared: tuple[View, ...]) -> str | None:
    """ImageLaterality, FrameLaterality, Laterality; two that contradict give neither."""
    frames = _within(shared, FRAME_ANATOMY_SEQUENCE)
    stated = [
        view.word(IMAGE_LATERALITY),
        *(one.word(FRAME_LATERALITY) for one in frames),
        view.word(LATERALITY),
    ]
    known = [side for word in stated if (side := word.upper()) in _SIDES]
    if {"L", "R"} <= set(known):
        view.reading.issue("laterality-conflict", view.path(IMAGE_LATERALITY))
        return None
    return known[0] if known else None


def _frame_parts(shared: tuple[View, ...]) -> tuple[str, ...]:
    return tuple(
        part for one in _within(shared, FRAME_ANATOMY_SEQUENCE) for part in body_parts(one)
    )


def _sequences(view: View) -> tuple[str, ...]:
    """What tells MR sequences apart: their names, and scanning sequence with variant."""
    scanning = "/".join((*view.words(SCANNING_SEQUENCE), *view.words(SEQUENCE_VARIANT)))
    found = (view.text(SEQUENCE_NAME), view.text(PULSE_SEQUENCE_NAME), scanning)
    return tuple(one for one in found if one)


def _exposure(view: View) -> Decimal | None:
    milli = view.decimal(EXPOSURE)
    if milli is not None:
        return milli
    micro = view.decimal(EXPOSURE_UAS)
    return micro / 1000 if micro is not None else None


def _tracer(view: View) -> tuple[Val | None, Decimal | None]:
    """Radiopharmaceutical and total activity of the first item that says any of them."""
    for item in view.items(RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE):
        name = item.val(RADIOPHARMACEUTICAL)
        if name is None:
            codes = (
                *coded(item, RADIOPHARMACEUTICAL_CODE_SEQUENCE),
                *coded(item, RADIONUCLIDE_CODE_SEQUENCE),
            )
            name = next((Val(c.display or c.code or "", c.path) for c in codes), None)
        activity = item.decimal(RADIONUCLIDE_TOTAL_DOSE)
        if name is not None or activity is not None:
            return name, activity
    return view.val(RADIOPHARMACEUTICAL), None


def _title(view: View) -> Val | None:
    label = view.word(CONTENT_LABEL)
    if label:
        return Val(label, view.path(CONTENT_LABEL))
    for item in view.items(CONCEPT_NAME_CODE_SEQUENCE):
        found = item.val(CODE_MEANING)
        if found is not None:
            return found
    return view.val(DOCUMENT_TITLE)


def _acquired(view: View) -> Time | None:
    return (
        view.date_time(ACQUISITION_DATE_TIME)
        or view.moment(ACQUISITION_DATE, ACQUISITION_TIME)
        or view.moment(CONTENT_DATE, CONTENT_TIME)
    )


def _rejection(view: View, sop_class: str) -> tuple[str | None, tuple[str, ...]]:
    """Of a rejection note: its title's code and the instances it names (IHE RAD, IOCM)."""
    if sop_class != KEY_OBJECT_SELECTION:
        return None, ()
    titles = [item.word(CODE_VALUE) for item in view.items(CONCEPT_NAME_CODE_SEQUENCE)]
    code = next((one for one in titles if one in REJECTIONS), None)
    if code is None:
        return None, ()
    path = view.path(CONCEPT_NAME_CODE_SEQUENCE)
    view.reading.issue("rejection-note", path, code)
    named: dict[str, None] = {}
    series = _within(view.items(EVIDENCE_SEQUENCE), REFERENCED_SERIES_SEQUENCE)
    for item in (*series, *view.items(CONTENT_SEQUENCE)):
        for one in item.items(REFERENCED_SOP_SEQUENCE):
            uid = one.word(REFERENCED_SOP_INSTANCE_UID)
            if uid and len(named) < _MOST_REJECTED:
                named[uid] = None
    if not named:
        view.reading.issue("rejection-empty", path)
    return code, tuple(named)
