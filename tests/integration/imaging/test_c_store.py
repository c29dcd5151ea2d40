"""C-STORE from a peer that misbehaves: breaks off, sends too much, speaks TLS or should have."""

import asyncio
import datetime
import io
import ipaddress
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydicom import dcmread
from pynetdicom import AE
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    CTImageStorage,
    Verification,
)

from hie.errors import HubMisconfigured, Unavailable
from hie.exchange.hub import Hub
from hie.exchange.process import drain
from hie.intake.dicom import DicomDoor
from hie.store.instance_files import InstanceFiles
from tests.integration.imaging.support import (
    SITE,
    add_site,
    count,
    imaging_hub,
    instance,
    profile,
    studies,
)

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def door(hub: Hub) -> AsyncIterator[int]:
    opened = DicomDoor(hub)
    await opened.look()
    assert opened.port is not None
    try:
        yield opened.port
    finally:
        await opened.close()


def send(
    port: int, *contents: bytes, end: str = "release", title: str = "SCU", **more: Any
) -> list[int]:
    """Statuses of C-STORE over one association; [] when it was not accepted."""
    entity = AE(ae_title=title)
    entity.add_requested_context(CTImageStorage, "1.2.840.10008.1.2.1")
    entity.add_requested_context(Verification)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 20
    association = entity.associate("127.0.0.1", port, ae_title="HIE", **more)
    if not association.is_established:
        return []
    statuses = [
        int(association.send_c_store(dcmread(io.BytesIO(content))).Status) for content in contents
    ]
    if end == "release":
        association.release()
    elif end == "abort":
        association.abort()
    else:
        association.dul.socket.socket.close()
        association.kill()
    return statuses


async def outcomes(hub: Hub, number: int) -> set[str]:
    """How arrivals ended, once there are so many that did."""
    for _ in range(100):
        sql = "SELECT count(*) FROM arrival WHERE outcome IS NOT NULL"
        if await count(hub, sql) >= number:
            break
        await asyncio.sleep(0.1)
    async with hub.db.reading() as reader:
        return {row[0] for row in await reader.fetch("SELECT outcome FROM arrival")}


@pytest.mark.parametrize("end", ["abort", "vanish"])
async def test_an_association_that_breaks_off_leaves_the_study_registered(
    place: Any, end: str
) -> None:
    contents = [instance(InstanceNumber=n) for n in (1, 2, 3)]
    async with imaging_hub(place, dicom_port=0) as hub, door(hub) as port:
        assert await asyncio.to_thread(send, port, *contents[:2], end=end) == [0, 0]
        assert await outcomes(hub, 1) == {"lost"}
        await drain(hub)
        (study,) = await studies(hub)
        assert study["status"] == "registered"
        assert await asyncio.to_thread(send, port, *contents) == [0, 0, 0]
        assert await outcomes(hub, 2) == {"lost", "released"}
        (study,) = await studies(hub)
        assert (study["status"], study["numberOfInstances"]) == ("available", 3)


async def test_what_is_too_large_or_cannot_be_kept_is_refused_for_later(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with imaging_hub(place, dicom_port=0, instance_limit=4096) as hub, door(hub) as port:
        big = instance(NumberOfFrames=100, PixelData=bytes(12_800))
        assert await asyncio.to_thread(send, port, big, instance()) == [0xA700, 0]

        def full(self: InstanceFiles, files: Any) -> None:
            raise Unavailable("the disk of the data directory is full")

        with monkeypatch.context() as patched:
            patched.setattr(InstanceFiles, "keep", full)
            again = instance(InstanceNumber=2)
            assert await asyncio.to_thread(send, port, again) == [0xA700]
        assert await asyncio.to_thread(send, port, again) == [0]
        assert await count(hub, "SELECT count(*) FROM instance") == 2
        assert list((place.data_dir / "instances").glob("incoming/*")) == []


async def test_a_disk_that_is_full_while_an_instance_arrives_is_answered(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with imaging_hub(place, dicom_port=0) as hub, door(hub) as port:

        def full(self: InstanceFiles) -> None:
            raise Unavailable("the disk of the data directory is full")

        with monkeypatch.context() as patched:
            patched.setattr(InstanceFiles, "new", full)
            assert await asyncio.to_thread(send, port, instance()) == [0xA700]
        assert await asyncio.to_thread(send, port, instance()) == [0]


async def test_no_more_associations_than_allowed(place: Any) -> None:
    async with imaging_hub(place, dicom_port=0, dicom_associations=1) as hub, door(hub) as port:
        entity = AE(ae_title="SCU")
        entity.add_requested_context(Verification)
        first = await asyncio.to_thread(entity.associate, "127.0.0.1", port, ae_title="HIE")
        assert first.is_established
        assert await asyncio.to_thread(send, port, instance()) == []
        await asyncio.to_thread(first.release)
        sent: list[int] = []
        async with asyncio.timeout(20):  # the place is free once the other's thread has ended
            while not sent:
                sent = await asyncio.to_thread(send, port, instance())
        assert sent == [0]


async def test_the_door_follows_the_sites(place: Any) -> None:
    async with imaging_hub(place, "[study]\nquiet_seconds = 0\n", dicom_port=0) as hub:
        listener = DicomDoor(hub)
        await listener.look()
        assert listener.port is None
        await _profile(hub, profile())
        await listener.look()
        assert listener.port is not None
        assert await asyncio.to_thread(send, listener.port, instance()) == [0]
        await _profile(hub, "")
        await listener.look()
        assert listener.port is None


async def _profile(hub: Hub, text: str) -> None:

    await add_site(hub, SITE, text)


async def test_networks_that_are_no_sites_are_not_answered(place: Any) -> None:
    more = 'allow = ["10.0.0.0/8"]'
    async with imaging_hub(place, profile(more=more), dicom_port=0) as hub, door(hub) as port:
        began = time.monotonic()
        assert await asyncio.to_thread(send, port, instance()) == []
        assert time.monotonic() - began < 10


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for this machine and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert, private


async def test_tls_and_the_caller_s_certificate(place: Any, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    files = {"dicom_tls_cert": cert, "dicom_tls_key": key, "dicom_tls_ca": cert}
    async with imaging_hub(place, dicom_port=0, **files) as hub, door(hub) as port:
        context = ssl.create_default_context(cafile=str(cert))
        context.check_hostname = False
        context.load_cert_chain(cert, key)
        tls = (context, None)
        assert await asyncio.to_thread(send, port, instance(), tls_args=tls) == [0]
        nobody = ssl.create_default_context(cafile=str(cert))
        nobody.check_hostname = False
        assert await asyncio.to_thread(send, port, instance(), tls_args=(nobody, None)) == []
        assert await asyncio.to_thread(send, port, instance()) == []
        assert await count(hub, "SELECT count(*) FROM instance") == 1


async def test_off_loopback_without_tls_the_hub_does_not_start(place: Any) -> None:
    async with imaging_hub(place, dicom_host="0.0.0.0", dicom_port=0) as hub:  # noqa: S104
        with pytest.raises(HubMisconfigured, match="TLS"):
            DicomDoor(hub)
