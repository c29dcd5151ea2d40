"""A site is found by network, header and certificate together, or not at all."""

from ipaddress import ip_network

import pytest

from adapters.hl7v2 import adapter
from hie.adapter import Mllp, Site
from hie.intake.mllp_senders import Peer, Sender, Senders


def sender(name: str, *applications: str, allow: str = "10.0.0.0/8", names: str = "") -> Sender:
    door = Mllp(applications, (allow,), tuple(names.split()))
    return Sender(Site(name, "x", "hl7v2", {}), door, adapter, (ip_network(allow),))


SENDERS = Senders(
    [
        sender("a", "LIS^A"),
        sender("any", "LIS"),
        sender("narrow", "LIS^A", allow="10.1.0.0/16"),
        sender("named", "PIS", names="pis.hosp"),
        sender("six", "SIX", allow="2001:db8::/32"),
    ]
)


@pytest.mark.parametrize(
    ("address", "name", "certificate", "expected"),
    [
        ("10.2.0.1", ("LIS", "A"), {}, "a"),
        ("10.1.0.1", ("LIS", "A"), {}, "narrow"),
        ("10.1.0.1", ("LIS", "B"), {}, "any"),
        ("::ffff:10.2.0.1", ("LIS", "A"), {}, "a"),
        ("11.0.0.1", ("LIS", "A"), {}, None),
        ("10.2.0.1", ("lis", "A"), {}, None),
        ("10.2.0.1", ("", ""), {}, None),
        ("10.2.0.1", ("PIS", ""), {}, None),
        ("10.2.0.1", ("PIS", ""), {"subjectAltName": (("DNS", "pis.hosp"),)}, "named"),
        ("10.2.0.1", ("PIS", ""), {"subject": ((("commonName", "pis.hosp"),),)}, "named"),
        ("10.2.0.1", ("PIS", ""), {"subject": ((("organizationName", "pis.hosp"),),)}, None),
        ("2001:db8::1%eth0", ("SIX", ""), {}, "six"),
    ],
)
def test_who_sends(
    address: str, name: tuple[str, str], certificate: dict[str, object], expected: str | None
) -> None:
    found = SENDERS.find(Peer.of(address, certificate), name)
    assert (found.site.id if found else None) == expected


def test_two_equal_fits_are_none() -> None:
    twins = Senders([sender("a", "LIS^A"), sender("b", "LIS^A")])
    assert twins.find(Peer.of("10.0.0.1"), ("LIS", "A")) is None


def test_what_is_no_address_is_no_peer() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        Peer.of("")
