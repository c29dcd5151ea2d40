"""What a site's profile says about its images: for the doors, for settling and for publishing.

The adapter owns the profile and its schema, and a site with a wrong one is not added; here the few
keys that are the hub's business are read, each with the schema's default.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hie.adapter import Site
from hie.errors import Fault

ADAPTER = "dicom"
LOOPBACK = ("127.0.0.0/8", "::1/128")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class ImagingProfile:
    """Who may send here, and what becomes of it."""

    quiet_us: int
    titles: frozenset[str]
    networks: tuple[Network, ...]
    keeps_files: bool
    overwrites: bool
    private_classes: bool
    counts_header: bool

    def admits(self, title: str, address: str) -> bool:
        """Whether this application entity may call from this address."""
        return title in self.titles and self.knows(address)

    def knows(self, address: str) -> bool:
        """Whether the address lies in one of the site's networks."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        mapped = getattr(found, "ipv4_mapped", None)
        return any((mapped or found) in network for network in self.networks)


def imaging_profile(site: Site) -> ImagingProfile:
    """The profile of one site; a network that is none counts as no network."""
    dicom = _table(site.profile, "dicom")
    quiet = _table(site.profile, "study").get("quiet_seconds", 120)
    allowed = tuple(dicom.get("allow") or LOOPBACK)
    networks = [network for text in allowed if (network := find_network(text)) is not None]
    return ImagingProfile(
        quiet_us=int(quiet) * 1_000_000,
        titles=frozenset(str(title).strip() for title in dicom.get("aets", ())),
        networks=tuple(networks),
        keeps_files=dicom.get("keep", "hub") == "hub",
        overwrites=bool(dicom.get("overwrite", False)),
        private_classes=bool(dicom.get("private_sop_classes", True)),
        counts_header="header" in _table(site.profile, "study").get("expected", ("header",)),
    )


def takes_images(site: Site) -> bool:
    """Whether what this site sends are DICOM instances."""
    return site.adapter == ADAPTER


def find_network(text: str) -> Network | None:
    """The network a text names ("10.1.0.0/16", "10.1.2.3"), or None."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def network_faults(profile: Mapping[str, Any]) -> list[Fault]:
    """Entries of `allow`, of either listener, that are no networks: they would let nobody in."""
    return [
        Fault(f"profile.{door}.allow.{n}", "profile-invalid", "a network, e.g. 10.1.0.0/16")
        for door in ("dicom", "mllp")
        for n, text in enumerate(_table(profile, door).get("allow", ()))
        if find_network(str(text)) is None
    ]


def _table(profile: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = profile.get(name, {})
    return found if isinstance(found, Mapping) else {}
