"""Transfer syntaxes and SOP classes that are told apart here (PS3.6 annex A, PS3.4 annex B)."""

from typing import Final

IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"
GE_IMPLICIT: Final = "1.2.840.113619.5.2"  # implicit little endian, pixels big endian
DEFLATED: Final = frozenset(
    {"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"}
)
DICOMS_OWN: Final = "1.2.840.10008."

# JPEG baseline, extended and the retired lossy processes; JPEG-LS near-lossless; JPEG 2000 and
# HTJ2K that may lose; JPEG XL; MPEG2, MPEG-4 and HEVC. `.91` and `.203` may be reversible: they
# count as lossy all the same, because nothing in the header proves it.
LOSSY: Final = frozenset(
    f"1.2.840.10008.1.2.4.{number}"
    for number in (
        *range(50, 57), *range(59, 65), 81, 91, 93, *range(100, 109),
        "100.1", "101.1", "102.1", "103.1", "104.1", "105.1", "106.1", 112, 203,
    )
)  # fmt: skip

MEDIA_STORAGE_DIRECTORY: Final = "1.2.840.10008.1.3.10"
KEY_OBJECT_SELECTION: Final = "1.2.840.10008.5.1.4.1.1.88.59"
# IHE RAD TF-3, Imaging Object Change Management: titles of a rejection note (DCM, CID 7010).
REJECTIONS: Final = frozenset({"113001", "113037", "113038", "113039"})
