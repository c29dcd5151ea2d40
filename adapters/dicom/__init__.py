"""DICOM: instances as files or their headers; folders, ZIP files and DICOMDIRs of them.

`adapter` is the entry point; a door finds it by that and calls

* `adapter.decode(content, site)`: a file, or the bytes before its pixel data -> `Decoded` with one
  `InstanceRecord`;
* `adapter.header(source)`: the bytes before the pixel data, of bytes, a path or an open file,
  without loading the rest; `adapter.cut(source)` also says where the pixels begin, what the file
  says it is and what is wrong with it: what a door keeps;
* `adapter.unpack(path, into)`: what a ZIP file, a folder or a DICOMDIR holds, one file at a time,
  with the reason for each that is refused.

Modules: `part10` reads a file up to its data set, `reader` finds the data elements, a `view` is
asked for them by tag, `text` and `iso2022` tell the charset; `patient`, `study`, `instance` (with
`frames`, `projection`, `rejection`) read one part each; `decode` is the whole. `headers` cuts
files; `unpacking` (with `archive`, `dicomdir`, `found`) opens what holds several. Pixels are never
decoded.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from adapters.dicom import decode, headers, profile, unpacking
from adapters.dicom.found import Found, Limits
from adapters.dicom.headers import Cut
from adapters.dicom.issues import ISSUE_CODES
from hie.adapter import Coverage, Decoded, Issue, Severity, Site

_MOST_SITES = 256


class DicomAdapter:
    """Reads DICOM instances (PS3.10 files, and data sets without preamble)."""

    name: str = "dicom"
    version: str = "1.0.0"
    media_types: tuple[str, ...] = ("application/dicom", "application/octet-stream")
    profile_schema: Mapping[str, Any] = profile.profile_schema()
    issue_codes: Mapping[str, str] = ISSUE_CODES

    def __init__(self) -> None:
        self._compiled: dict[str, tuple[Mapping[str, Any], profile.Compiled]] = {}

    def native_id(self, content: bytes, site: Site) -> str | None:
        """SOPInstanceUID; None if it is missing or cannot be read."""
        return decode.native_id(content)

    def decode(self, content: bytes, site: Site) -> Decoded:
        """What the instance says; see `hie.adapter.Adapter`."""
        try:
            read_by = self._profile(site)
        except (msgspec.ValidationError, ValueError) as fault:
            issue = Issue("decode", "profile-invalid", Severity.HOLD, "profile", str(fault)[:200])
            native = decode.native_id(content)
            return Decoded(native, "DICOM", None, (), (issue,), Coverage())
        return decode.decode_one(content, read_by)

    def header(self, source: bytes | Path | BinaryIO, limit: int = headers.LIMIT) -> bytes:
        """The file up to its pixel data, at most `limit` bytes; see `cut`."""
        return headers.cut(source, limit).header

    def cut(self, source: bytes | Path | BinaryIO, limit: int = headers.LIMIT) -> Cut:
        """The header, and what is known of the rest; raises MalformedMessage if it is no DICOM."""
        return headers.cut(source, limit)

    def unpack(self, path: Path, into: Path, limits: Limits | None = None) -> Iterator[Found]:
        """What a ZIP file, a folder, a DICOMDIR or a single file holds, one file at a time."""
        return unpacking.unpack(path, into, limits or Limits())

    def _profile(self, site: Site) -> profile.Compiled:
        """The compiled profile of a site, kept while the profile stays the same value."""
        kept = self._compiled.get(site.id)
        if kept is not None and (kept[0] is site.profile or kept[0] == site.profile):
            return kept[1]
        fresh = profile.compile_profile(site.profile)
        if len(self._compiled) >= _MOST_SITES:
            self._compiled.clear()
        self._compiled[site.id] = (site.profile, fresh)
        return fresh


adapter = DicomAdapter()

__all__ = ["Cut", "DicomAdapter", "Found", "Limits", "adapter"]
