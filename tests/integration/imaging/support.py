"""A hub with an archive's site, drawn instances, and the hub as a process. People are invented."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from hie.app import opened, web_app
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.exchange.process import drain
from hie.settings import Settings
from hie.store.served import STORED, stored

SITE, INSTITUTION = "pacs", "91110000802100433B"
CT, SECONDARY = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.7"
KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"
CLINICAL = ["system/*.rs", "hie/intake"]


def profile(*, quiet: int = 0, more: str = "", title: str = "SCU") -> str:
    """A site profile that publishes at once."""
    return f'[dicom]\naets = ["{title}"]\n{more}\n[study]\nquiet_seconds = {quiet}\n'


def instance(**given: Any) -> bytes:
    """One CT slice of 8 by 8 pixels as a file; keywords replace elements, None leaves one out."""
    data = Dataset()
    data.SpecificCharacterSet = "ISO_IR 192"
    values: dict[str, Any] = {
        "SOPClassUID": CT,
        "SOPInstanceUID": generate_uid(),
        "StudyInstanceUID": "1.2.826.0.1.3680043.8.498.1",
        "SeriesInstanceUID": "1.2.826.0.1.3680043.8.498.1.1",
        "Modality": "CT",
        "PatientID": "P1",
        "PatientName": "Wang^XiaoDong=王^小东",
        "PatientSex": "M",
        "PatientBirthDate": "19700102",
        "StudyDate": "20260610",
        "StudyTime": "081500",
        "StudyDescription": "CT CHEST",
        "AccessionNumber": "A1",
        "InstanceNumber": 1,
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "Rows": 8,
        "Columns": 8,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "WindowCenter": "40",
        "WindowWidth": "400",
        "PixelData": bytes(range(128)),
    }
    for name, value in {**values, **given}.items():
        if value is not None:
            setattr(data, name, value)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data.get("SOPClassUID", CT)
    meta.MediaStorageSOPInstanceUID = data.get("SOPInstanceUID", "1.2")
    meta.TransferSyntaxUID = UID(ExplicitVRLittleEndian)
    data.file_meta = meta
    out = io.BytesIO()
    dcmwrite(out, data, enforce_file_format=True)
    return out.getvalue()


def rejection(*sops: str, code: str = "113001") -> bytes:
    """A key object note that rejects instances (IHE IOCM)."""
    title = Dataset()
    title.CodeValue, title.CodingSchemeDesignator = code, "DCM"
    title.CodeMeaning = "Rejected for Quality Reasons"
    references = []
    for sop in sops:
        one = Dataset()
        one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID = CT, sop
        references.append(one)
    series = Dataset()
    series.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.1.1"
    series.ReferencedSOPSequence = Sequence(references)
    study = Dataset()
    study.StudyInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    study.ReferencedSeriesSequence = Sequence([series])
    return instance(
        SOPClassUID=KEY_OBJECTS,
        Modality="KO",
        SeriesInstanceUID="1.2.826.0.1.3680043.8.498.1.9",
        ConceptNameCodeSequence=Sequence([title]),
        CurrentRequestedProcedureEvidenceSequence=Sequence([study]),
        ValueType="CONTAINER",
        Rows=None,
        Columns=None,
        PixelData=None,
        ImageType=None,
    )


def settings_of(place: Any, **more: Any) -> Settings:
    """Settings of a test's hub."""
    values = {"data_dir": place.data_dir, "database_url": place.url, "rate_limits": False}
    return Settings(**{**values, "log_level": "error", **more})


@asynccontextmanager
async def imaging_hub(
    place: Any, site_profile: str | None = None, **more: Any
) -> AsyncIterator[Hub]:
    """An opened hub that knows one archive."""
    async with opened(settings_of(place, **more)) as hub:
        await add_site(hub, SITE, site_profile or profile())
        yield hub


async def add_site(hub: Hub, site: str, site_profile: str, institution: str = INSTITUTION) -> None:
    """An archive of an institution."""
    arguments = {"site": site, "institution": institution, "adapter": "dicom"}
    await run(hub, "site-add", {**arguments, "profile": site_profile})


async def headers_of(
    hub: Hub,
    scopes: list[str] | None = None,
    *,
    client: str = "his",
    institution: str = INSTITUTION,
) -> dict[str, str]:
    """The headers of a registered client."""
    key = ec.generate_private_key(ec.SECP384R1()).public_key()
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    arguments = {
        "client": client,
        "institution": institution,
        "key": {"pem": pem.decode()},
        "scopes": scopes or CLINICAL,
        "name": client,
        "purposes": ["TREAT"],
    }
    await run(hub, "client-add", arguments)
    answer = await run(hub, "client-token", {"client": client, "scopes": None})
    return {"Authorization": f"Bearer {answer['access_token']}"}


def web(hub: Hub) -> httpx.AsyncClient:
    """The hub's web application, without a socket."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=web_app(hub)), base_url=hub.settings.address
    )


async def take(hub: Hub, folder: Path, *contents: bytes, site: str = SITE) -> list[dict[str, Any]]:
    """Take files in by the command, process and publish; their receipts."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for content in contents:
        path = folder / f"{len(list(folder.iterdir()))}.dcm"
        path.write_bytes(content)
        paths.append(str(path))
    receipts = []
    for path in paths:  # one after the other: which came first matters
        answer = await run(hub, "receive", {"site": site, "paths": [path]})
        receipts += answer["receipts"]
    return receipts


async def studies(hub: Hub) -> list[dict[str, Any]]:
    """Every ImagingStudy, as stored."""
    await drain(hub)
    async with hub.db.reading() as reader:
        rows = await reader.fetch(
            f"SELECT {STORED} FROM imaging_study ORDER BY updated_us, id"  # noqa: S608
        )
        return [json.loads(stored(reader.db, "ImagingStudy", row).body) for row in rows]


def fact(study: dict[str, Any], name: str) -> Any:
    """One of the facts of a study; None: unknown."""
    for extension in study["extension"]:
        for part in extension.get("extension", ()):
            if part["url"] == name:
                return next(value for key, value in part.items() if key.startswith("value"))
    return None


async def count(hub: Hub, sql: str) -> Any:
    """One number out of the database."""
    async with hub.db.reading() as reader:
        return await reader.fetchval(sql)


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(settings: Settings, mllp_port: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    """`hie serve` as a process, ready; ended with SIGTERM."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HIE_")},
        "HIE_DATA_DIR": str(settings.data_dir),
        "HIE_PORT": str(settings.port),
        "HIE_DICOM_PORT": str(settings.dicom_port),
        "HIE_RATE_LIMITS": "false",
        "HIE_MLLP_PORT": str(mllp_port),
    }
    if settings.database_url:
        environment["HIE_DATABASE_URL"] = settings.database_url
    process = subprocess.Popen(
        [sys.executable, "-m", "hie", "serve"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(f"http://127.0.0.1:{settings.port}/readyz", process)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        with suppress(httpx.HTTPError):
            if httpx.get(url, timeout=1).status_code == 200:
                return
        assert process.poll() is None, "the hub ended"
        time.sleep(0.1)
    raise AssertionError("the hub did not come up")
