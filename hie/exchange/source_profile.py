"""Where a site's images are fetched from when they are left at the source: one address, its keys.

The address is the profile's and nobody else's: no request, redirect or answer can name another. The
files it names lie in `sources/` of the data directory, by plain names: a profile reaches no other.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hie.adapter import Site
from hie.errors import SourceRefused

FOLDER = "sources"


@dataclass(frozen=True, slots=True)
class SourceProfile:
    """The DICOMweb of one source; `base` has no slash at its end."""

    site: str
    base: str
    ca: str | None
    certificate: str | None
    key: str | None
    token: str | None
    timeout: float
    most_bytes: int
    at_once: int
    shown: bool

    @property
    def host(self) -> str:
        """Where to connect to."""
        return urlsplit(self.base).hostname or ""

    @property
    def port(self) -> int:
        """The port, by scheme when it is not stated."""
        parts = urlsplit(self.base)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def authority(self) -> str:
        """What the Host header says."""
        return urlsplit(self.base).netloc

    @property
    def path(self) -> str:
        """The path of the base."""
        return urlsplit(self.base).path

    @property
    def is_secure(self) -> bool:
        """Whether TLS is spoken."""
        return self.base.startswith("https:")


def source_profile(site: Site) -> SourceProfile | None:
    """Where images that this site does not leave here are fetched from; None: nowhere.

    Named, it is asked for what was left there even when the site keeps its images here by now.
    """
    told = _table(site.profile.get("source"))
    if not told.get("url"):
        return None
    return SourceProfile(
        site=site.id,
        base=str(told["url"]).rstrip("/"),
        ca=told.get("ca"),
        certificate=told.get("certificate"),
        key=told.get("key"),
        token=told.get("token"),
        timeout=float(told.get("timeout_seconds", 10)),
        most_bytes=int(told.get("most_bytes", 2**31 - 1)),
        at_once=int(told.get("at_once", 4)),
        shown=bool(told.get("shown", False)),
    )


def tls_of(source: SourceProfile, data_dir: Path) -> ssl.SSLContext | None:
    """How the source proves who it is, and the hub who it is. Raises SourceRefused: no such file.

    TLS 1.2 or 1.3; the system's authorities unless the profile names its own.
    """
    if not source.is_secure:
        return None
    folder = data_dir / FOLDER
    try:
        context = ssl.create_default_context(cafile=folder / source.ca if source.ca else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if source.certificate is not None:
            key = folder / source.key if source.key else None
            context.load_cert_chain(folder / source.certificate, key)
    except (OSError, ssl.SSLError) as fault:
        raise SourceRefused.because("source-misconfigured", "TLS files that can be used") from fault
    return context


def token_of(source: SourceProfile, data_dir: Path) -> str | None:
    """The bearer token, read anew each time: it may be renewed. Raises SourceRefused."""
    if source.token is None:
        return None
    try:
        found = (data_dir / FOLDER / source.token).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise SourceRefused.because("source-misconfigured", "a token file to read") from fault
    if not found or not found.isprintable() or len(found) > 8192:
        raise SourceRefused.because("source-misconfigured", "one token in the token file")
    return found


def _table(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}
