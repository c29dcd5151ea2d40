"""Which addresses the hub may fetch a client's keys from: https, a partner's, never its own.

The address is the registered one, character for character. What its name leads to is looked at when
it is registered and again before every connection, each of the addresses it resolves to; the hub
then connects to one of these and resolves nothing twice. A region on a
private network names its partners' networks in `outbound_networks`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from hie.errors import HubMisconfigured
from hie.fhir.target import PORTS, is_host, is_outside, is_public

LONGEST = 512
_EXPECTED = "an https address of a partner, on port 443 or 8443"


@dataclass(frozen=True, slots=True)
class Reachable:
    """Where the hub may connect to; `networks` are partners' besides the internet."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    ports: frozenset[int | None] = PORTS

    def fault(self, url: str) -> str | None:
        """What was expected of this address; None when it may be registered."""
        if len(url) > LONGEST:
            return f"at most {LONGEST} characters"
        if "#" in url:
            return "an address without a fragment"
        if self.networks:
            return None if self._inside(url) else _EXPECTED
        return None if is_outside(url, self.ports) else _EXPECTED

    def permits(self, address: str) -> bool:
        """Whether a connection may go to this IP address."""
        try:
            found = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
        looked: IPv4Address | IPv6Address = found if mapped is None else mapped
        if any(looked.version == one.version and looked in one for one in self.networks):
            return True
        return is_public(str(found))

    def _inside(self, url: str) -> bool:
        """As on the internet, but a name may be of an inner zone, a literal of a partner."""
        if is_outside(url, self.ports):
            return True
        if not url.isascii() or any(ord(sign) <= 32 or sign in '\\<>^`{|}"\x7f' for sign in url):
            return False
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        if parts.scheme != "https" or "@" in parts.netloc or port not in self.ports:
            return False
        return self.permits(host) if _is_literal(host) else is_host(host)


def reachable(networks: Sequence[str]) -> Reachable:
    """The rule for a hub whose partners are also in these networks; raises HubMisconfigured."""
    try:
        return Reachable(tuple(ip_network(one) for one in networks))
    except ValueError as fault:
        raise HubMisconfigured(f"outbound_networks: {fault}") from fault


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
