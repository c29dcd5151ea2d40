"""Who may send, and how the line is closed to others: networks, names, certificates, mutual TLS."""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hie.errors import HubMisconfigured
from hie.intake.mllp_tls import server_context
from hie.settings import Settings
from tests.integration.intake.lis import PROFILE, Door, message, open_door
from tests.places import Place

pytestmark = pytest.mark.anyio


@dataclass
class Authority:
    """An authority made for one test, and what it signs."""

    folder: Path
    name: str

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        self.file = self._write("ca", self._built(self.subject, self.key, is_ca=True))

    def issue(self, name: str) -> tuple[Path, Path]:
        """Certificate and key files for a name."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._write(name, self._built(subject, key, is_ca=False))
        file = self.folder / f"{self.name}-{name}.key"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, file

    def _built(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_ca: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
        )
        if not is_ca:
            built = built.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return built.sign(self.key, hashes.SHA256())

    def _write(self, name: str, certificate: x509.Certificate) -> Path:
        file = self.folder / f"{self.name}-{name}.pem"
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return file


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    folder = tmp_path / "tls"
    folder.mkdir()
    return Authority(folder, "hospitals")


def trusting(authority: Authority, certificate: tuple[Path, Path] | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority.file)
    context.check_hostname = False
    if certificate is not None:
        context.load_cert_chain(*certificate)
    return context


async def hung_up_on(door: Door, context: ssl.SSLContext) -> bool:
    """Whether the hub ends the connection, at the handshake (1.2) or after it (1.3)."""
    try:
        async with door.lis(context=context) as lis:
            return await lis.answer() == []
    except OSError:
        return True


async def test_with_a_certificate_of_a_trusted_authority_a_message_comes_in(
    place: Place, authority: Authority
) -> None:
    cert, key = authority.issue("hub")
    files = {"mllp_tls_cert_file": cert, "mllp_tls_key_file": key}
    async with open_door(place, **files, mllp_tls_ca_file=authority.file) as door:
        async with door.lis(context=trusting(authority, authority.issue("lis"))) as lis:
            version = lis.writer.get_extra_info("ssl_object").version()
            assert version in {"TLSv1.2", "TLSv1.3"}
            assert await lis.code(message()) == "AA"
        other = Authority(authority.folder, "others")
        for certificate in (None, other.issue("lis")):
            assert await hung_up_on(door, trusting(authority, certificate))
        async with door.lis() as plain:
            plain.write(b"\x0b" + message() + b"\x1c\r")
            assert await plain.answer() == []
        assert await door.count("message") == 1


async def test_a_site_may_name_the_certificate_it_comes_with(
    place: Place, authority: Authority
) -> None:
    cert, key = authority.issue("hub")
    files = {"mllp_tls_cert_file": cert, "mllp_tls_key_file": key}
    profile = PROFILE + 'certificates = ["lis.hosp"]\n'
    async with open_door(place, profile, **files, mllp_tls_ca_file=authority.file) as door:
        for name, code in (("lis.hosp", "AA"), ("lis.elsewhere", "AR")):
            async with door.lis(context=trusting(authority, authority.issue(name))) as lis:
                assert await lis.code(message()) == code


async def test_old_tls_is_not_spoken(place: Place, authority: Authority) -> None:
    cert, key = authority.issue("hub")
    context = server_context(
        Settings(data_dir=place.data_dir, mllp_tls_cert_file=cert, mllp_tls_key_file=key)
    )
    assert context is not None
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert all(
        "GCM" in cipher["name"] or "CHACHA20" in cipher["name"] for cipher in context.get_ciphers()
    )


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_off_loopback_the_hub_does_not_start_without_mutual_tls(
    place: Place, authority: Authority
) -> None:
    cert, key = authority.issue("hub")
    for files, missing in (
        ({}, "mllp_tls_cert_file, mllp_tls_key_file, mllp_tls_ca_file"),
        ({"mllp_tls_cert_file": cert, "mllp_tls_key_file": key}, "mllp_tls_ca_file"),
    ):
        with pytest.raises(HubMisconfigured, match=f"mutual TLS there, set {missing}$"):
            async with open_door(place, None, mllp_host="0.0.0.0", **files):  # noqa: S104
                pass
    for files, words in (
        ({"mllp_tls_cert_file": cert}, "set mllp_tls_key_file"),
        ({"mllp_tls_cert_file": key, "mllp_tls_key_file": key}, "hub.key"),
        ({"mllp_tls_cert_file": cert, "mllp_tls_key_file": Path("none")}, "No such file"),
    ):
        with pytest.raises(HubMisconfigured, match=words):
            async with open_door(place, None, **files):
                pass
    both = {"mllp_tls_cert_file": cert, "mllp_tls_key_file": key}
    async with open_door(
        place,
        PROFILE,
        mllp_host="0.0.0.0",  # noqa: S104
        mllp_tls_ca_file=authority.file,
        **both,
    ) as door:
        assert door.listener.is_listening


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_the_door_is_shut_until_a_site_may_send_and_again_when_none_may(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hie.intake.mllp._LOOK_EVERY", 0.05)
    monkeypatch.setattr("hie.intake.mllp_senders._LOOK_EVERY", 0.05)

    async def until(wanted: bool) -> None:
        async with asyncio.timeout(10):
            while door.listener.is_listening is not wanted:
                await asyncio.sleep(0.02)

    async with open_door(place, None) as door:
        assert not door.listener.is_listening
        await door.site('zone = "+08:00"\n')
        await asyncio.sleep(0.2)
        assert not door.listener.is_listening
        await door.site(PROFILE)
        await until(True)
        async with door.lis() as lis:
            assert await lis.code(message()) == "AA"
            await door.site("")
            await until(False)
            assert await lis.answer() == []


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_several_sites_share_a_listener_and_the_most_exact_fit_counts(place: Place) -> None:
    async with open_door(place) as door:
        await door.site('[mllp]\napplications = ["LIS"]\n', "any-facility")
        await door.site('[mllp]\napplications = ["PIS^A"]\n', "wide")
        await door.site('[mllp]\napplications = ["PIS^A"]\nallow = ["127.0.0.1"]\n', "narrow")
        await door.site('[mllp]\napplications = ["TWO^A"]\n', "twin-1")
        await door.site('[mllp]\napplications = ["TWO^A"]\n', "twin-2")
        await asyncio.sleep(0.6)
        async with door.lis() as lis:
            codes = [
                await lis.code(message(str(number), sender=sender))
                for number, sender in enumerate(["LIS|HOSP", "LIS|X", "PIS|A", "TWO|A"])
            ]
        async with door.lis("127.0.0.9") as lis:
            assert await lis.code(message("9", sender="PIS|A")) == "AA"
        assert codes == ["AA", "AA", "AA", "AR"]
        assert [m["site"] for m in await door.messages()] == [
            "lis",
            "any-facility",
            "narrow",
            "wide",
        ]
