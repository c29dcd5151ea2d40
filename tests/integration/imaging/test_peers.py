"""Real peers: DCMTK and Orthanc send, dicomweb-client asks; hub and Orthanc agree on every count."""

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import dicomweb_client
import httpx
import pydicom.data
import pytest
import requests
from pydicom import dcmread

from tests.integration.imaging.orthanc import orthanc
from tests.integration.imaging.support import (
    SITE,
    count,
    free_port,
    headers_of,
    imaging_hub,
    instance,
    profile,
    serving,
    settings_of,
)

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(shutil.which("storescu") is None, reason="DCMTK is not installed"),
]
SAMPLES = Path(pydicom.data.__file__).parent / "test_files"


def ran(*command: str) -> int:
    return subprocess.run(command, capture_output=True, check=False).returncode  # noqa: S603


def storescu(port: int, *paths: Path, title: str = "SCU", called: str = "HIE") -> int:
    """DCMTK's plain sender."""
    where = ("+sd", "+r", "127.0.0.1", str(port))
    return ran("storescu", "-aet", title, "-aec", called, "-nh", *where, *map(str, paths))


def dcmsend(port: int, folder: Path, title: str = "SCU", called: str = "HIE") -> int:
    """DCMTK's sender that offers each file in the transfer syntax it has."""
    where = ("-nh", "-dn", "+sd", "+r", "127.0.0.1", str(port), str(folder))
    return ran("dcmsend", "-aet", title, "-aec", called, *where)


def whole_samples() -> list[Path]:
    """Samples any peer takes by C-STORE: with their UIDs, patient and uncompressed or common."""
    found = []
    for path in sorted(SAMPLES.glob("*.dcm")):
        try:
            data = dcmread(path, stop_before_pixels=True)
        except Exception:  # noqa: BLE001, S112 - samples that are no DICOM files
            continue
        uids = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
        if all(data.get(uid) for uid in uids) and data.file_meta.get("TransferSyntaxUID"):
            found.append(path)
    return found


def of_orthanc(base: str) -> dict[str, tuple[int, int]]:
    """Study UID -> series and instances, as Orthanc counts them."""
    counts = {}
    for study in httpx.get(f"{base}/studies?expand", timeout=20).json():
        found = httpx.get(f"{base}/studies/{study['ID']}/statistics", timeout=20).json()
        counts[study["MainDicomTags"]["StudyInstanceUID"]] = (
            found["CountSeries"],
            found["CountInstances"],
        )
    return counts


def of_hub(base: str, headers: dict[str, str]) -> dict[str, tuple[int, int]]:
    """The same of the hub, by QIDO-RS."""
    found = httpx.get(f"{base}/dicom-web/studies?limit=1000", headers=headers, timeout=30).json()
    return {
        one["0020000D"]["Value"][0]: (one["00201206"]["Value"][0], one["00201208"]["Value"][0])
        for one in found
    }


def settled(settings: Any, headers: dict[str, str], wanted: int) -> dict[str, tuple[int, int]]:
    """The hub's counts once it has worked off what it was sent."""
    base = settings.address
    found: dict[str, tuple[int, int]] = {}
    for _ in range(100):
        found = of_hub(base, headers)
        if sum(number for _, number in found.values()) >= wanted:
            return found
        time.sleep(0.2)
    return found


async def test_storescu_and_orthanc_send_and_every_count_agrees(place: Any, tmp_path: Path) -> None:
    more = {"port": free_port(), "dicom_port": free_port()}
    settings = settings_of(place, **more)
    site = '[dicom]\naets = ["SCU", "PEER"]\noverwrite = false\n[study]\nquiet_seconds = 0\n'
    async with imaging_hub(place, site, **more) as hub:
        headers = await headers_of(hub)
    samples = whole_samples()
    folder = tmp_path / "samples"
    folder.mkdir()
    for path in samples:
        shutil.copy(path, folder / path.name)
    shutil.copytree(SAMPLES / "dicomdirtests" / "77654033", folder / "dir")
    with serving(settings), orthanc(tmp_path / "peer", settings.dicom_port) as archive:
        peer = archive.base
        dcmsend(archive.dicom, folder, called="PEER")
        theirs = of_orthanc(peer)
        assert sum(number for _, number in theirs.values()) > 40
        # The same files from DCMTK and, of what it took, from Orthanc: one study is one study.
        studies = httpx.get(f"{peer}/studies", timeout=20).json()
        for study in studies:
            body = {"Resources": [study], "Synchronous": True, "Permissive": True}
            sent = httpx.post(f"{peer}/modalities/HUB/store", json=body, timeout=60)
            assert sent.status_code == 200, sent.text
        wanted = sum(number for _, number in theirs.values())
        ours = settled(settings, headers, wanted)
        differing = {
            uid: (ours.get(uid), found) for uid, found in theirs.items() if ours.get(uid) != found
        }
        held = await _held(place, more)
        assert set(differing) <= held, differing
        dcmsend(settings.dicom_port, folder)
        time.sleep(2)
        again = of_hub(settings.address, headers)
        assert all(again[uid] == found for uid, found in ours.items())


async def _held(place: Any, more: dict[str, int]) -> set[str]:
    """Studies some instance of which the hub held: two patients or accessions under one UID."""
    import asyncpg

    if place.url is not None:
        connection = await asyncpg.connect(place.url)
        rows = await connection.fetch(
            "SELECT DISTINCT study FROM instance WHERE state <> 'current'"
        )
        await connection.close()
        return {row[0] for row in rows}
    import sqlite3

    with sqlite3.connect(place.data_dir / "hie.sqlite3") as connection_:
        sql = "SELECT DISTINCT study FROM instance WHERE state <> 'current'"
        return {row[0] for row in connection_.execute(sql)}


async def test_who_is_not_on_the_list_is_rejected(place: Any, tmp_path: Path) -> None:
    more = {"port": free_port(), "dicom_port": free_port()}
    async with imaging_hub(place, profile(title="SCU"), **more):
        pass
    path = tmp_path / "one.dcm"
    path.write_bytes(instance())
    settings = settings_of(place, **more)
    with serving(settings):
        port = settings.dicom_port
        assert storescu(port, path, title="STRANGER") != 0
        assert storescu(port, path, called="OTHER") != 0
        assert storescu(port, path) == 0
        assert ran("echoscu", "-aet", "SCU", "-aec", "HIE", "127.0.0.1", str(port)) == 0
    async with imaging_hub(place, profile(title="SCU"), **more) as hub:
        assert await count(hub, "SELECT count(*) FROM instance") == 1
        refused = "SELECT count(*) FROM audit_access WHERE type = 'refused'"
        assert await count(hub, refused) == 2


async def test_dicomweb_client_stores_finds_and_retrieves(place: Any) -> None:
    more = {"port": free_port(), "dicom_port": free_port()}
    settings = settings_of(place, **more)
    async with imaging_hub(place, **more) as hub:
        headers = await headers_of(hub)
    with serving(settings):
        session = requests.Session()
        session.headers.update(headers)
        url = f"{settings.address}/dicom-web/sites/{SITE}"
        client = dicomweb_client.DICOMwebClient(url, session=session)
        data = dcmread(SAMPLES / "CT_small.dcm")
        small = dcmread(SAMPLES / "MR_small_jp2klossless.dcm")
        answer = client.store_instances([data, small])
        assert len(answer.ReferencedSOPSequence) == 2
        for _ in range(100):
            found = client.search_for_studies()
            if len(found) == 2:
                break
            time.sleep(0.1)
        study, series, sop = data.StudyInstanceUID, data.SeriesInstanceUID, data.SOPInstanceUID
        assert len(client.search_for_studies(search_filters={"PatientID": data.PatientID})) == 1
        assert len(client.search_for_series(study)) == 1
        assert len(client.search_for_instances(study, series)) == 1
        (whole,) = client.retrieve_study(study)
        assert whole.SOPInstanceUID == sop
        assert whole.PixelData == data.PixelData
        assert client.retrieve_instance(study, series, sop).PatientID == data.PatientID
        (told,) = client.retrieve_study_metadata(study)
        assert told["00080018"]["Value"] == [str(sop)]
        (frame,) = client.retrieve_instance_frames(study, series, sop, [1])
        assert frame == data.PixelData
        picture = client.retrieve_instance_rendered(study, series, sop, media_types=("image/png",))
        assert picture.startswith(b"\x89PNG")
