"""Which addresses keys may be fetched from, and which IP addresses may be connected to."""

import pytest

from hie.errors import HubMisconfigured
from hie.oauth.jwks_address import Reachable, reachable

INNER = [
    *("127.0.0.1", "127.1.2.3", "0.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1"),
    *("169.254.169.254", "100.100.100.200", "100.64.0.1", "192.0.0.192", "198.18.0.1"),
    *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1"),
    *("ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "::ffff:127.0.0.1"),
    *("::ffff:10.0.0.1", "2001::1", "fec0::1", "::7f00:1", "", "x", "127.1", "2130706433"),
]
OUTER = ["8.8.8.8", "114.114.114.114", "2400:3200::1", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", INNER)
def test_an_inner_address_is_not_connected_to(address: str) -> None:
    assert not Reachable().permits(address)


@pytest.mark.parametrize("address", OUTER)
def test_an_address_of_the_internet_is(address: str) -> None:
    assert Reachable().permits(address)


def test_a_partners_network_is_named_and_nothing_beside_it() -> None:
    reach = reachable(["10.20.0.0/16", "fd00:1::/64"])
    assert reach.permits("10.20.3.4")
    assert reach.permits("::ffff:10.20.3.4")
    assert reach.permits("fd00:1::9")
    assert not reach.permits("10.21.0.1")
    assert not reach.permits("127.0.0.1")
    assert not reach.permits("169.254.169.254")
    assert reach.permits("8.8.8.8")


ADDRESSES = [
    *("http://keys.example.org/", "ftp://keys.example.org/", "file:///etc/passwd"),
    *("gopher://keys.example.org/", "https://", "https:///x", "keys.example.org", ""),
    *("https://127.1/", "https://0/", "https://2130706433/", "https://0x7f000001/"),
    *("https://0177.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/"),
    *("https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://169.254.169.254/"),
    *("https://100.100.100.200/", "https://localhost/", "https://x.localhost/"),
    *("https://metadata.google.internal/", "https://keys.local/", "https://127.0.0.1.nip.io/"),
    *(
        "https://a@keys.example.org/",
        "https://a:b@keys.example.org/",
        "https://keys.example.org:22/",
    ),
    *(
        "https://keys.example.org:6379/",
        "https://keys.example.org:80/",
        "https://k\u00e9ys.example.org/",
    ),
    *("https://keys.example.org/#x", "https://keys.example.org\\@evil.example/", "https://keys"),
    *("https://keys.example.org/\r\nHost: x", "https://keys.example.org/ x", "https://keys..org/"),
    "https://keys.example.org/" + "x" * 600,
]


@pytest.mark.parametrize("url", ADDRESSES)
def test_an_address_that_could_lead_inside_is_not_registered(url: str) -> None:
    assert Reachable().fault(url) is not None
    inner = (
        "https://keys.local",
        "https://metadata.google",
        "https://127.0.0.1.nip",
        "https://x.local",
    )
    if not url.startswith(inner):  # names of an inner zone: what they lead to decides, each time
        assert reachable(["10.20.0.0/16"]).fault(url) is not None


@pytest.mark.parametrize(
    "url",
    [
        "https://keys.example.org/jwks.json",
        "https://keys.example.org:8443/a?b=c",
        "https://8.8.8.8/jwks",
        "https://xn--fiqs8s.example.org/",
    ],
)
def test_a_partners_address_is_registered(url: str) -> None:
    assert Reachable().fault(url) is None
    assert reachable(["10.20.0.0/16"]).fault(url) is None


def test_on_a_private_network_an_inner_name_and_a_partners_literal_are() -> None:
    reach = reachable(["10.20.0.0/16"])
    assert reach.fault("https://lis.hospital.local/jwks") is None
    assert reach.fault("https://10.20.0.9/jwks") is None
    assert reach.fault("https://10.21.0.9/jwks") is not None
    assert Reachable().fault("https://lis.hospital.local/jwks") is not None


def test_a_network_that_is_none_stops_the_hub() -> None:
    with pytest.raises(HubMisconfigured, match="outbound_networks"):
        reachable(["10.20.0.0/99"])
