"""The instance itself: what its header says about the image, as facts that may be unknown.

PS3.3 sections C.7.6 and C.8. None means that the tag is absent or unusable, never "no": whether a
fact is good enough is asked by the rules, not here. Enhanced multi-frame objects keep the same
facts in functional groups (section C.7.6.16).
"""

from decimal import Decimal
from typing import Final

from adapters.dicom.frames import (
    frame_parts,
    read_orientation,
    read_point,
    read_positions,
    shared_groups,
    within,
)
from adapters.dicom.projection import read_projection
from adapters.dicom.rejection import read_rejection
from adapters.dicom.study import body_parts, coded
from adapters.dicom.syntaxes import LOSSY
from adapters.dicom.tags import (
    ACQUISITION_DATE,
    ACQUISITION_DATE_TIME,
    ACQUISITION_TIME,
    BITS_STORED,
    BURNED_IN_ANNOTATION,
    CALIBRATION_DATE,
    CALIBRATION_TIME,
    CODE_MEANING,
    COLUMNS,
    CONCEPT_NAME_CODE_SEQUENCE,
    CONTENT_DATE,
    CONTENT_LABEL,
    CONTENT_TIME,
    CONTRAST_AGENT,
    CONTRAST_AGENT_SEQUENCE,
    CONVERSION_TYPE,
    CONVOLUTION_KERNEL,
    CTDI_VOL,
    DOCUMENT_TITLE,
    ECHO_TIME,
    EXPOSURE,
    EXPOSURE_UAS,
    FIELD_STRENGTH,
    FRAME_ANATOMY_SEQUENCE,
    FRAME_LATERALITY,
    IDENTITY_REMOVED,
    IMAGE_LATERALITY,
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
    PIXEL_MEASURES_SEQUENCE,
    PIXEL_SPACING,
    PULSE_SEQUENCE_NAME,
    QUALITY_CONTROL_IMAGE,
    RADIONUCLIDE_CODE_SEQUENCE,
    RADIONUCLIDE_TOTAL_DOSE,
    RADIOPHARMACEUTICAL,
    RADIOPHARMACEUTICAL_CODE_SEQUENCE,
    RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE,
    REPETITION_TIME,
    ROWS,
    SCANNING_SEQUENCE,
    SEQUENCE_NAME,
    SEQUENCE_VARIANT,
    SLICE_THICKNESS,
    SPACING_BETWEEN_SLICES,
)
from adapters.dicom.view import View
from hie.records import InstancePart, Time, Val

_SIDES: Final = frozenset({"L", "R", "B", "U"})


def read_instance(
    view: View, uid: str, sop_class: str, transfer_syntax: str | None
) -> InstancePart:
    """The instance as its header states it."""
    shared = shared_groups(view)
    rows, columns = view.integer(ROWS), view.integer(COLUMNS)
    frames = view.integer(NUMBER_OF_FRAMES) or (1 if rows and columns else None)
    lossy = _lossy(view, transfer_syntax)
    burned = view.word(BURNED_IN_ANNOTATION).upper() or None
    if burned == "YES":
        view.reading.issue("burned-in", view.path(BURNED_IN_ANNOTATION))
    tracer, activity = _tracer(view)
    code, rejects = read_rejection(view, sop_class)
    measures = (view, *within(shared, PIXEL_MEASURES_SEQUENCE))
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
        position=read_point(view.decimals(IMAGE_POSITION)),
        orientation=read_orientation(view, shared),
        frame_positions=read_positions(view),
        view=read_projection(view),
        laterality=_laterality(view, shared),
        body_parts=tuple(dict.fromkeys((*body_parts(view), *frame_parts(shared)))),
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


def _laterality(view: View, shared: tuple[View, ...]) -> str | None:
    """ImageLaterality, FrameLaterality, Laterality; two that contradict give neither."""
    frames = within(shared, FRAME_ANATOMY_SEQUENCE)
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
