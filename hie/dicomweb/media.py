"""Media types of DICOMweb: what a caller accepts (PS3.18 8.7), and what frames are stored as."""

import re
from dataclasses import dataclass, field

from starlette.requests import Request

DICOM = "application/dicom"
JSON = "application/dicom+json"
OCTETS = "application/octet-stream"
PLAIN = "1.2.840.10008.1.2.1"  # Explicit VR Little Endian
# Media types of frames as stored, by transfer syntax (PS3.18 table 8.7.3-2).
FRAME_MEDIA = {
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
    "1.2.840.10008.1.2.4.92": "image/jpx",
    "1.2.840.10008.1.2.4.93": "image/jpx",
    "1.2.840.10008.1.2.4.201": "image/jphc",
    "1.2.840.10008.1.2.4.202": "image/jphc",
    "1.2.840.10008.1.2.4.203": "image/jphc",
    "1.2.840.10008.1.2.5": "image/dicom-rle",
}

_MOST = 32
_PARAMETER = re.compile(r';\s*([A-Za-z0-9_.-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;,\s]*)')
_RANGE = re.compile(
    r'\s*([^;,\s"]+)((?:\s*;\s*[A-Za-z0-9_.-]+\s*=\s*(?:"[^"]*"|[^;,"]*))*)\s*(?:,|$)'
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing a caller accepts: `media` of each part when `multipart`, else of the body.

    `syntax` is the transfer syntax asked for: None when none is named, "*" for as stored.
    """

    media: str
    multipart: bool | None  # None: either
    syntax: str | None = None
    quality: float = field(default=1.0, compare=False)

    def takes(self, media: str) -> bool:
        """Whether a body or part of this type is accepted."""
        return self.media in {"*/*", media, f"{media.partition('/')[0]}/*"}


def wanted(request: Request) -> list[Wanted]:
    """What the caller accepts, best first: query parameter `accept`, else the header (8.3.3.1)."""
    text = request.query_params.get("accept") or request.headers.get("accept") or "*/*"
    found = []
    for match in list(_RANGE.finditer(text))[:_MOST]:
        media = match[1].lower()
        given = {k.lower(): v.strip().strip('"') for k, v in _PARAMETER.findall(match[2])}
        quality = _quality(given.get("q", "1"))
        if quality <= 0:
            continue
        syntax = given.get("transfer-syntax")
        if media == "multipart/related":
            found.append(Wanted(given.get("type", "*/*").lower(), True, syntax, quality))
        else:
            either = None if media in {"*/*", "application/*"} else False
            found.append(Wanted(media, either, syntax, quality))
    return sorted(found, key=lambda one: -one.quality)


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0
