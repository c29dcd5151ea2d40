"""Every sample of pydicom is kept with right counts or refused with a reason; bombs end nothing."""

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pydicom.data
import pytest
from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian

from hie.exchange.commands import run
from tests.integration.imaging.support import (
    SITE,
    count,
    headers_of,
    imaging_hub,
    instance,
    studies,
    take,
    web,
)

pytestmark = pytest.mark.anyio
DATA = Path(pydicom.data.__file__).parent


def samples() -> list[Path]:
    aside = {".py", ".pyc", ".json", ".txt", ".md"}
    return [p for p in sorted(DATA.rglob("*")) if p.is_file() and p.suffix not in aside]


async def test_every_sample_is_kept_with_right_counts_or_refused_with_a_reason(place: Any) -> None:
    paths = samples()
    assert len(paths) > 180
    async with imaging_hub(place) as hub:
        receipts = []
        for start in range(0, len(paths), 40):
            batch = [str(path) for path in paths[start : start + 40]]
            receipts += (await run(hub, "receive", {"site": SITE, "paths": batch}))["receipts"]
        for one in receipts:
            assert one["state"] in {"stored", "held", "refused"}
            if one["state"] != "stored":
                assert [i for i in one["issues"] if i["severity"] in {"hold", "error"}], one
        assert sum(one["state"] == "stored" for one in receipts) > 120
        found = {s["identifier"][0]["value"]: s for s in await studies(hub)}
        async with hub.db.reading() as reader:
            rows = await reader.fetch(
                "SELECT study, count(DISTINCT series), count(*) FROM instance"
                " WHERE state = 'current' GROUP BY study"
            )
        assert len(rows) == len(found)
        for uid, series, instances in rows:
            study = found[f"urn:oid:{uid}"]
            assert (study["numberOfSeries"], study["numberOfInstances"]) == (series, instances)
        assert await count(hub, "SELECT count(*) FROM message WHERE state = 'kept'") == 0


async def test_a_folder_a_directory_file_and_an_archive_hold_the_same(
    place: Any, tmp_path: Path
) -> None:
    folder = DATA / "test_files" / "dicomdirtests"
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in folder.rglob("*"):
            archive.write(path, path.relative_to(folder))
    async with imaging_hub(place) as hub:
        counted = []
        for path in (folder / "DICOMDIR", folder, packed):
            await run(hub, "receive", {"site": SITE, "paths": [str(path)]})
            counted.append(await count(hub, "SELECT count(*) FROM instance"))
        assert counted == [31, 81, 81]  # the directory file names some, folder and archive hold all
        assert all(path.exists() for path in (folder / "DICOMDIR", packed))


def deflated(size: int) -> bytes:
    """A deflated instance whose data set inflates to `size` bytes."""
    plain = dcmread(io.BytesIO(instance()))
    head = io.BytesIO()
    plain.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    pydicom.dcmwrite(head, plain, enforce_file_format=True)
    whole = head.getvalue()
    group = struct.unpack_from("<I", whole, 140)[0]
    begin = 144 + group
    body = io.BytesIO()
    pixels = plain.PixelData
    del plain.PixelData
    plain.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    pydicom.dcmwrite(body, plain, enforce_file_format=True)
    data = body.getvalue()
    data = data[144 + struct.unpack_from("<I", data, 140)[0] :]
    data += b"\xe0\x7f\x10\x00OW\0\0" + struct.pack("<I", size) + pixels
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(data)
    for _ in range(size // (1 << 20)):
        packed += packer.compress(bytes(1 << 20))
    return whole[:begin] + packed + packer.flush()


def nested(depth: int) -> bytes:
    """An instance with sequences in sequences, of undefined length."""
    whole = instance()
    at = whole.rindex(b"\xe0\x7f\x10\x00OW")
    begin = b"\x40\x00\x75\x02SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    end = b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
    return whole[:at] + begin * depth + end * depth + whole[at:]


def lying() -> bytes:
    """An element that says it is longer than the file."""
    whole = instance()
    at = whole.index(b"\x08\x00\x30\x10LO")
    return whole[: at + 6] + b"\xff\xff" + whole[at + 8 :]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (deflated(200 << 20), "inflate-bomb"),
        (nested(50_000), "nesting-too-deep"),
        (nested(1_000), "nesting-too-deep"),
        (instance()[:-1], "truncated"),
        (instance(StudyInstanceUID=None), "study-uid-missing"),
        (instance(SOPInstanceUID=None), "sop-uid-missing"),
    ],
    ids=["deflated", "nested", "nested-less", "cut", "no-study", "no-sop"],
)
async def test_what_is_broken_waits_for_a_person_and_the_next_is_stored(
    place: Any, tmp_path: Path, content: bytes, code: str
) -> None:
    async with imaging_hub(place) as hub, web(hub) as client:
        receipts = await take(hub, tmp_path / "in", content, instance(InstanceNumber=2))
        assert receipts[1]["state"] == "stored"
        assert receipts[0]["state"] == "held"
        assert code in [issue["code"] for issue in receipts[0]["issues"]]
        headers = await headers_of(hub)
        for one in (await client.get("/dicom-web/instances", headers=headers)).json():
            answer = await client.get(
                f"{one['00081190']['Value'][0]}/rendered", headers=headers, timeout=60
            )
            assert answer.status_code in {200, 406}
        assert await count(hub, "SELECT count(*) FROM message WHERE state = 'kept'") == 0


async def test_a_lying_length_is_held(place: Any, tmp_path: Path) -> None:
    async with imaging_hub(place) as hub:
        (receipt,) = await take(hub, tmp_path / "in", lying())
        assert receipt["state"] == "held"


async def test_a_frame_too_large_to_decode_is_refused_and_the_next_is_shown(
    place: Any, tmp_path: Path
) -> None:
    async with imaging_hub(place) as hub, web(hub) as client:
        await take(
            hub,
            tmp_path / "in",
            instance(Rows=65535, Columns=65535, SOPInstanceUID="1.2.8"),
            instance(SOPInstanceUID="1.2.9", InstanceNumber=2),
        )
        headers = await headers_of(hub)
        base = "/dicom-web/studies/1.2.826.0.1.3680043.8.498.1/series/1.2.826.0.1.3680043.8.498.1.1"
        bomb = await client.get(f"{base}/instances/1.2.8/rendered", headers=headers)
        assert bomb.status_code == 413
        fine = await client.get(f"{base}/instances/1.2.9/rendered", headers=headers)
        assert fine.status_code == 200


async def test_an_archive_that_grows_without_end_is_refused(place: Any, tmp_path: Path) -> None:
    packed = tmp_path / "bomb.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.dcm", instance() + bytes(100 << 20))
        archive.writestr("fine.dcm", instance())
    async with imaging_hub(place) as hub:
        answer = await run(hub, "receive", {"site": SITE, "paths": [str(packed)]})
        states = {one["file"]: one["state"] for one in answer["receipts"]}
        assert states == {"bomb.dcm": "refused", "fine.dcm": "stored"}
        assert list((place.data_dir / "instances").glob("incoming/*")) == []
