"""A lock file as plain values, and what is wrong with it: floors, hashes, what is never taken."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata

from packaging.markers import Marker
from packaging.utils import canonicalize_name
from packaging.version import Version

# Below these a known hole is open.
FLOORS = {
    "pyjwt": ("2.13", "CVE-2022-29217, CVE-2024-53861, CVE-2026-32597, CVE-2026-48522 to 48526"),
    "cryptography": ("49", "SM3, SM4 and an OpenSSL that is kept"),
    "starlette": ("0.49.1", "CVE-2025-62727: a Range header that costs quadratic time"),
    "python-multipart": ("0.0.26", "forms that cost without end"),
    "jinja2": ("3.1.6", "CVE-2025-27516: out of the sandbox by a filter"),
    "h11": ("0.16", "CVE-2025-43859: chunked bodies read in two ways"),
    "joserfc": ("1.8", "the second opinion about tokens"),
    "authlib": ("1.6.9", "CVE-2025-59420, CVE-2025-61920, CVE-2026-27962"),
    "urllib3": ("2.6", "CVE-2025-66418, CVE-2025-66471: decompression without end"),
    "requests": ("2.32.4", "CVE-2024-47081: credentials of another host"),
}
# No version of these: what they do is done by another.
NEVER = {
    "python-jose": "CVE-2024-33663 is open, and wrong tokens are accepted",
    "jwcrypto": "LGPL, and over-long ES256 signatures are accepted",
    "pymerkle": "GPL",
    "pylibjpeg-libjpeg": "GPL",
    "pycrypto": "abandoned, CVE-2013-7459",
}
COPYLEFT = re.compile(r"\b(A|L)?GPL|\bGNU\b|\bMPL\b|Mozilla|EUPL|\bSSPL|CC-BY-(SA|NC)", re.I)
# Used while the wheel is built, and not by the hub; hatchling needs it.
BUILD_ONLY = frozenset({"pathspec"})
_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)\s*(?:;\s*([^\\]+?))?\s*\\?$")
_HASH = re.compile(r"^\s+--hash=sha256:([0-9a-f]{64})\s*\\?$")


@dataclass(frozen=True)
class Pinned:
    """One package: its version, the SHA-256 of each of its files, and where it is installed."""

    name: str
    version: str
    hashes: tuple[str, ...]
    marker: str = ""

    @property
    def here(self) -> bool:
        """Whether this machine and Python install it."""
        return not self.marker or Marker(self.marker).evaluate()


def parse(text: str) -> list[Pinned]:
    """The packages of a lock file; raises ValueError at a line that is neither pin nor hash."""
    found: list[Pinned] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        kept, pinned = _HASH.match(line), _PIN.match(line)
        if kept is not None and found:
            last = found.pop()
            hashes = (*last.hashes, kept[1])
            found.append(Pinned(last.name, last.version, hashes, last.marker))
        elif pinned is not None:
            found.append(Pinned(canonicalize_name(pinned[1]), pinned[2], (), pinned[3] or ""))
        else:
            raise ValueError(f"line {number}: expected name==version or --hash=sha256:…")
    return found


def faults(packages: Iterable[Pinned]) -> list[str]:
    """What is wrong, each in a sentence; empty when nothing is."""
    told = []
    for one in packages:
        if not one.hashes:
            told.append(f"{one.name}: no hash")
        if one.name in NEVER:
            told.append(f"{one.name}: not taken ({NEVER[one.name]})")
        floor, reason = FLOORS.get(one.name, ("0", ""))
        if Version(one.version) < Version(floor):
            told.append(f"{one.name} {one.version}: below {floor} ({reason})")
    return told


def licence_of(name: str) -> str:
    """What the installed package says of its licence: the expression, the classifiers, the field.

    Raises PackageNotFoundError when it is not installed here.
    """
    told = metadata.metadata(name)
    classifiers = [one for one in told.get_all("Classifier") or () if one.startswith("License")]
    # The field may hold the whole text of a licence; its first line names it.
    field = (told.get("License") or "").strip().partition("\n")[0]
    return "; ".join(filter(None, (told.get("License-Expression"), *classifiers, field)))


def copyleft(packages: Iterable[Pinned]) -> list[str]:
    """Packages installed here whose licence is copyleft, or not said; each in a sentence."""
    told = []
    for one in packages:
        if not one.here or one.name in BUILD_ONLY:
            continue
        licence = licence_of(one.name)
        if not licence or COPYLEFT.search(licence):
            told.append(f"{one.name}: licence {licence or 'not said'}")
    return told
