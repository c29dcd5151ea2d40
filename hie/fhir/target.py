"""Where a Subscription wants to be told: only an address that could be a partner's.

This version of the hub stores Subscriptions and calls none of them. An address that leads into the
hub's own network, to the machine itself or to a cloud's metadata is refused all the same when it is
written, so that none is waiting when a version does. No name is resolved here: what a name leads to
is for whoever calls it. WHATWG URL 3.5 (hosts that are numbers).
"""

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from hie.errors import Fault
from hie.fhir import Resource

CODE = "ssrf"
PORTS: frozenset[int | None] = frozenset({None, 443, 8443})
_OTHER_WAYS = {"email": "mailto:", "sms": "tel:"}
_HOST = re.compile(
    r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z")
_SPOILT = re.compile(r"[\x00-\x20\x7f\\<>^`{|}\"]")
# Names of machines and networks that are nobody's on the internet, and names that mean an address.
_INNER = (
    "localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private",
    "arpa", "test", "invalid", "onion", "cluster.local",
    "nip.io", "sslip.io", "xip.io", "localtest.me", "lvh.me", "rbndr.us", "1u.ms", "vcap.me",
    "lacolhost.com", "traefik.me",
)  # fmt: skip
_NEVER = tuple(
    ip_network(one)
    for one in (
        "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15",
        "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "fec0::/10", "::/96",
    )
)  # fmt: skip


def check_target(resource: Resource) -> list[Fault]:
    """What is wrong with the address of a Subscription; [] for any other resource."""
    channel = resource.get("channel") if resource.get("resourceType") == "Subscription" else None
    endpoint = channel.get("endpoint") if isinstance(channel, dict) else None
    if not isinstance(endpoint, str) or not isinstance(channel, dict):
        return []
    way = _OTHER_WAYS.get(str(channel.get("type")))
    if way is not None and endpoint.lower().startswith(way):
        return []
    if is_outside(endpoint):
        return []
    return [Fault("Subscription.channel.endpoint", CODE, "an https address of a partner")]


def is_outside(address: str, ports: frozenset[int | None] = PORTS) -> bool:
    """Whether an address is https, of a public host, on a port of https, and without a user."""
    if _SPOILT.search(address) or not address.isascii():
        return False
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme != "https" or "@" in parts.netloc or port not in ports or not host:
        return False
    if parts.netloc.startswith("["):
        return is_public(host)
    host = host.removesuffix(".")
    last = host.rpartition(".")[2]
    if _NUMBER.match(last):
        return is_public(host)
    inner = any(host == name or host.endswith("." + name) for name in _INNER)
    return is_host(host) and not inner


def is_host(name: str) -> bool:
    """Whether this is a name of a host with at least one dot, and no number in disguise."""
    return _HOST.fullmatch(name) is not None


def is_public(text: str) -> bool:
    """Whether a literal, in its one usual spelling, is an address of the internet."""
    try:
        found = ip_address(text)
    except ValueError:
        return False
    inside = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    looked: IPv4Address | IPv6Address = found if inside is None else inside
    never = any(looked in one for one in _NEVER if _alike(one, looked))
    return looked.is_global and not looked.is_multicast and not never


def _alike(network: object, address: IPv4Address | IPv6Address) -> bool:
    return isinstance(network, IPv6Network) == isinstance(address, IPv6Address)
