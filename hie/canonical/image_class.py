"""Which of the six classes an image is of, and whether it is an image at all.

By modality, else by SOP class (PS3.4 annex B.5); private SOP classes are of none.
"""

from collections.abc import Collection, Iterable
from typing import Final

from hie.records import InstanceRecord

_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."
_BY_MODALITY: Final = {
    "CR": "XRAY", "DX": "XRAY", "DR": "XRAY", "CT": "CT", "MR": "MRI", "US": "US", "IVUS": "US",
    "BDUS": "US", "NM": "NM", "PT": "NM", "ST": "NM", "MG": "MG",
}  # fmt: skip
# X-ray of other kinds: kept, of none of the six classes.
_OTHER_MODALITIES: Final = frozenset({"RF", "XA", "IO", "PX", "RG"})
_BY_SOP_CLASS: Final = {
    "1": "XRAY", "1.1": "XRAY", "1.1.1": "XRAY", "2": "CT", "2.1": "CT", "2.2": "CT", "4": "MRI",
    "4.1": "MRI", "4.3": "MRI", "4.4": "MRI", "6": "US", "6.1": "US", "6.2": "US", "3": "US",
    "3.1": "US", "20": "NM", "5": "NM", "128": "NM", "128.1": "NM", "130": "NM", "1.2": "MG",
    "1.2.1": "MG", "13.1.3": "MG", "13.1.4": "MG", "13.1.5": "MG",
}  # fmt: skip
# No images: structured reports and key objects, presentation states, registrations,
# segmentations, waveforms, encapsulated documents, radiotherapy other than its images.
_NO_IMAGE: Final = ("11", "66", "67", "68", "88", "104", "9", "78", "79", "481.2", "481.3",
                    "481.4", "481.5", "481.6", "481.7", "481.8", "481.9")  # fmt: skip
_DOCUMENTS: Final = ("88", "104")
# PS3.4 annex B.5: secondary capture, and photographs.
_CAPTURED: Final = ("7", "77.1.4")


def is_image(record: InstanceRecord) -> bool:
    """Whether the instance is an image, not an object that speaks about images."""
    return not _under(record.instance.sop_class, _NO_IMAGE)


def class_of(record: InstanceRecord) -> str | None:
    """The class of one image; None: not one of the six, or a private SOP class."""
    sop_class = record.instance.sop_class
    if not sop_class.startswith("1.2.840.10008."):
        return None
    modality = record.series.modality or ""
    if modality in _OTHER_MODALITIES:
        return None
    return _BY_MODALITY.get(modality) or _BY_SOP_CLASS.get(sop_class.removeprefix(_STORAGE))


def study_class(images: Iterable[InstanceRecord]) -> str | None:
    """The one class of a study's images; with nuclear medicine among them, that; else None."""
    found = {klass for one in images if (klass := class_of(one)) is not None}
    if "NM" in found:
        return "NM"
    return found.pop() if len(found) == 1 else None


def is_captured(record: InstanceRecord) -> bool:
    """Whether the image was taken from another: secondary capture, or a photograph."""
    return _under(record.instance.sop_class, _CAPTURED)


def is_document(record: InstanceRecord) -> bool:
    """Whether it is a report of its own: structured (dose, CAD, measurements) or encapsulated.

    Key objects (PS3.3 A.35.4) point at images; they are no report.
    """
    key_object = f"{_STORAGE}88.59"
    return _under(record.instance.sop_class, _DOCUMENTS) and (
        record.instance.sop_class != key_object
    )


def _under(sop_class: str, roots: Collection[str]) -> bool:
    rest = sop_class.removeprefix(_STORAGE)
    return rest != sop_class and any(rest == root or rest.startswith(f"{root}.") for root in roots)
