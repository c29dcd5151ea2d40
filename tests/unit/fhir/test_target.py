"""A Subscription may name a partner's address and no other."""

import pytest

from hie.fhir.profile import check
from hie.fhir.target import CODE, check_target, is_outside

INSIDE = [
    "http://partner.example.com/hook",
    "https://127.0.0.1/", "https://127.1/", "https://0/", "https://0.0.0.0/", "https://2130706433/",
    "https://0x7f000001/", "https://0x7f.1/", "https://0177.0.0.1/", "https://017700000001/",
    "https://127.0.0.1./", "https://127.000.000.001/", "https://[::1]/", "https://[::]/",
    "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/", "https://[64:ff9b:1::1]/", "https://[2002:7f00:1::]/",
    "https://[2001:0:1::1]/", "https://[fe80::1%25eth0]/", "https://[fe80::1]/", "https://[fd00::1]/",
    "https://[fd00:ec2::254]/", "https://[fec0::1]/", "https://[ff02::1]/",
    "https://169.254.169.254/latest/meta-data/", "https://100.100.100.200/latest/meta-data/",
    "https://100.64.0.1/", "https://10.0.0.1/", "https://172.16.0.1/", "https://192.168.1.1/",
    "https://192.0.0.192/", "https://198.18.0.1/", "https://224.0.0.1/", "https://255.255.255.255/",
    "https://localhost/", "https://LOCALHOST./", "https://a.localhost/", "https://metadata/",
    "https://metadata.google.internal/", "https://kubernetes.default.svc.cluster.local/",
    "https://127.0.0.1.nip.io/", "https://7f000001.rbndr.us/", "https://localtest.me/",
    "https://partner.example.com@127.0.0.1/", "https://user:secret@partner.example.com/",
    "https://partner.example.com\\@127.0.0.1/", "https://partner.example.com:22/",
    "https://partner.example.com:6379/", "https://partner.example.com:99999/", "https://①②⑦.⓪.⓪.①/",
    "https://ｌocalhost/", "https://例子.com/", "https://par tner.example.com/", "https://a..b.com/",
    "https://partner.example.com\r\nX: y/", "https:///x", "https://", "//127.0.0.1/", "127.0.0.1",
    "file:///etc/passwd", "gopher://partner.example.com/", "ftp://partner.example.com/", "dict://x.com/",
    "javascript:alert(1)", "data:text/plain,x", "urn:uuid:x", "", "https://%31%32%37.0.0.1/",
    "https://0x7f000001.", "https://partner.example.com%00.internal/",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused(address: str) -> None:
    assert not is_outside(address)


@pytest.mark.parametrize(
    "address",
    [
        "https://partner.example.com/fhir/hook?x=1",
        "https://PARTNER.example.com:443/",
        "https://hooks.hospital.cn:8443/a",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://xn--fsqu00a.com/",
        "https://localhost.example.com/",
        "https://10.example.com/",
    ],
)
def test_a_partners_address_is_taken(address: str) -> None:
    assert is_outside(address)


def test_only_a_subscription_is_asked_and_mail_is_no_address_of_a_host() -> None:
    assert check_target({"resourceType": "Endpoint", "address": "https://127.0.0.1/"}) == []
    channel = {"type": "email", "endpoint": "mailto:someone@partner.example.com"}
    assert check_target({"resourceType": "Subscription", "channel": channel}) == []
    assert check_target({"resourceType": "Subscription", "channel": {"type": "websocket"}}) == []
    inside = {"type": "email", "endpoint": "https://127.0.0.1/"}
    assert check_target({"resourceType": "Subscription", "channel": inside}) != []


def test_the_address_is_looked_at_whenever_a_subscription_is_checked() -> None:
    found = check(
        {
            "resourceType": "Subscription",
            "status": "requested",
            "reason": "示例",
            "criteria": "Observation?code=K",
            "channel": {"type": "rest-hook", "endpoint": "https://169.254.169.254/"},
        }
    )
    assert [(fault.path, fault.code) for fault in found] == [
        ("Subscription.channel.endpoint", CODE)
    ]
    assert "169" not in repr(found)
