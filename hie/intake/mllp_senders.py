"""Who may send over MLLP: the site is found by the peer's network and by MSH-3 and MSH-4 together.

Either alone proves little: an address is shared, a header is written by anyone. With mutual TLS a
site may also name the certificate it comes with. What fits two sites equally fits none.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import cast

import msgspec
import structlog

from hie.adapter import Answering, Mllp, Site
from hie.errors import Unavailable
from hie.exchange import sites
from hie.exchange.hub import Hub
from hie.fhir.elements import instant
from hie.store.sites import KnownSite

_log = structlog.get_logger(__name__)
_SHUT = "withdrawn"
_LOOK_EVERY = 0.5  # seconds between two looks for a change
_PARTS = ("split", "batch_issues", "envelope", "objection", "acknowledge", "gather")
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end: its address, and the names its certificate bears."""

    address: Address
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, host: str, certificate: Mapping[str, object] | None = None) -> "Peer":
        """The peer at an address as the socket tells it. Raises ValueError for no IP address."""
        address: Address = ip_address(host.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return cls(address, _names(certificate or {}))


@dataclass(frozen=True, slots=True)
class Sender:
    """A site that may send over MLLP, with its `[mllp]` table and the adapter that answers it."""

    site: Site
    door: Mllp
    adapter: Answering
    networks: tuple[Network, ...]

    def width(self, peer: Peer) -> int:
        """The longest prefix of an allowed network that holds the peer; -1: none does."""
        fits = (net.prefixlen for net in self.networks if peer.address in net)
        return max(fits, default=-1)


class Senders:
    """The sites that may send over MLLP, as they stand now."""

    def __init__(self, senders: Iterable[Sender]) -> None:
        self._senders = tuple(senders)
        self._by_name: dict[str, list[tuple[Sender, str | None]]] = {}
        for one in self._senders:
            for name in one.door.applications:
                application, caret, facility = name.partition("^")
                entry = (one, facility.strip() if caret else None)
                self._by_name.setdefault(application.strip(), []).append(entry)

    def __bool__(self) -> bool:
        return bool(self._senders)

    def knows(self, peer: Peer) -> bool:
        """Whether any site is allowed to send from there."""
        return any(one.width(peer) >= 0 for one in self._senders)

    def answering(self) -> Answering | None:
        """An adapter to refuse strangers with."""
        return self._senders[0].adapter if self._senders else None

    def find(self, peer: Peer, name: tuple[str, str]) -> Sender | None:
        """The one site that a header from this peer belongs to: the most exact fit, if single."""
        best: list[Sender] = []
        rank = (-1, -1)
        for one, facility in self._by_name.get(name[0], ()):
            if facility is not None and facility != name[1]:
                continue
            if one.door.certificates and peer.names.isdisjoint(one.door.certificates):
                continue
            width = one.width(peer)
            this = (int(facility is not None), width)
            if width < 0 or this < rank:
                continue
            best = [*best, one] if this == rank else [one]
            rank = this
        if len({one.site.id for one in best}) > 1:
            _log.warning("mllp-ambiguous-sender", sites=sorted(one.site.id for one in best))
            return None
        return best[0] if best else None


class SenderBook:
    """The senders of a hub, renewed when sites change; at most a second behind."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._seen: Mapping[str, KnownSite] | None = None
        self._looked = float("-inf")
        self._senders = Senders(())

    async def current(self) -> Senders:
        """The senders now; those known last while the database is away."""
        now = time.monotonic()
        if now - self._looked >= _LOOK_EVERY:
            self._looked = now
            try:
                known = await sites.all_sites(self._hub)
                if known is not self._seen:
                    found = [await self._sender(one) for one in known.values()]
                    self._senders = Senders(one for one in found if one is not None)
                    self._seen = known
            except Unavailable as away:
                _log.warning("mllp-senders-not-renewed", reason=away.text)
        return self._senders

    async def _sender(self, known: KnownSite) -> Sender | None:
        """What a site's profile says; None if it may not send here."""
        table = known.site.profile.get("mllp")
        adapter = self._hub.adapters.get(known.site.adapter)
        if table is None or adapter is None or not known.enabled:
            return None
        if not all(hasattr(adapter, part) for part in _PARTS):
            return None
        registers, _ = await self._hub.registers.current()
        row = registers.institution(known.site.institution, instant(time.time_ns() // 1000).date())
        if row is not None and row.status == _SHUT:
            return None
        try:
            door = msgspec.convert(table, Mllp)
            networks = tuple(ip_network(text, strict=False) for text in door.allow)
        except (msgspec.ValidationError, ValueError) as fault:
            _log.error("mllp-profile-invalid", site=known.site.id, fault=str(fault)[:200])
            return None
        return Sender(known.site, door, cast("Answering", adapter), networks)


def _names(certificate: Mapping[str, object]) -> frozenset[str]:
    """Subject alternative names and the common name of a verified certificate."""
    found = set()
    for _, name in cast("tuple[tuple[str, str], ...]", certificate.get("subjectAltName", ())):
        found.add(name)
    subject = cast("tuple[tuple[tuple[str, str], ...], ...]", certificate.get("subject", ()))
    found |= {value for part in subject for key, value in part if key == "commonName"}
    return frozenset(found)
