"""DICOMweb as a caller sees it: what was stored comes back, to who may see it, recorded."""

import asyncio
import io
import re
import zipfile
from contextlib import suppress
from email import message_from_bytes
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from hie.app import work
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.exchange.process import drain
from tests.integration.imaging.support import (
    INSTITUTION,
    SITE,
    add_site,
    count,
    headers_of,
    imaging_hub,
    instance,
    profile,
    take,
    web,
)
from tests.treated import treats_everybody

pytestmark = pytest.mark.anyio
STUDY = "/dicom-web/studies/1.2.826.0.1.3680043.8.498.1"
SERIES = f"{STUDY}/series/1.2.826.0.1.3680043.8.498.1.1"
SOP = "1.2.826.0.1.3680043.8.498.1.1.7"
ONE = f"{SERIES}/instances/{SOP}"


def parts_of(answer: httpx.Response) -> list[tuple[str, bytes]]:
    """(content type, bytes) of a multipart answer."""
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    found = message_from_bytes(head + answer.content)
    return [
        (str(part["Content-Type"]), part.get_payload(decode=True))  # type: ignore[misc]
        for part in found.walk()
        if not part.is_multipart()
    ]


def stow(*contents: bytes, kind: str = "application/dicom") -> tuple[bytes, dict[str, str]]:
    """A STOW-RS body and its header."""
    body = b"".join(
        b"--cut\r\nContent-Type: " + kind.encode() + b"\r\n\r\n" + content + b"\r\n"
        for content in contents
    )
    media = 'multipart/related; type="application/dicom"; boundary=cut'
    return body + b"--cut--\r\n", {"Content-Type": media}


def files(name: str) -> bytes:
    found = get_testdata_file(name)
    assert found is not None
    return Path(str(found)).read_bytes()


async def filled(hub: Hub, folder: Path) -> bytes:
    content = instance(SOPInstanceUID=SOP)
    await take(hub, folder, content, instance(InstanceNumber=2))
    return content


async def test_what_was_stored_comes_back_byte_for_byte(place: Any, tmp_path: Path) -> None:
    async with imaging_hub(place) as hub, web(hub) as client:
        content = await filled(hub, tmp_path / "in")
        headers = await headers_of(hub)
        for url, number in ((STUDY, 2), (SERIES, 2), (ONE, 1)):
            answer = await client.get(url, headers=headers)
            assert answer.status_code == 200, answer.text
            found = parts_of(answer)
            assert len(found) == number
            assert content in [data for _, data in found]
            assert "transfer-syntax=1.2.840.10008.1.2.1" in found[0][0]
        alone = await client.get(ONE, headers={**headers, "Accept": "application/dicom"})
        assert alone.content == content
        own = ONE.replace("/dicom-web", f"/dicom-web/sites/{SITE}")
        assert (await client.get(own, headers=headers)).status_code == 200
        other = ONE.replace("/dicom-web", "/dicom-web/sites/elsewhere")
        assert (await client.get(other, headers=headers)).status_code == 404


async def test_metadata_names_bulk_data_that_can_be_had(place: Any, tmp_path: Path) -> None:
    async with imaging_hub(place) as hub, web(hub) as client:
        await filled(hub, tmp_path / "in")
        headers = await headers_of(hub)
        for url, number in ((STUDY, 2), (SERIES, 2), (ONE, 1)):
            answer = await client.get(f"{url}/metadata", headers=headers)
            assert answer.headers["content-type"] == "application/dicom+json"
            assert len(answer.json()) == number
        (found,) = (await client.get(f"{ONE}/metadata", headers=headers)).json()
        name = found["00100010"]["Value"][0]
        assert name == {"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小东"}
        bulk = await client.get(
            found["7FE00010"]["BulkDataURI"],
            headers={**headers, "Accept": "application/octet-stream"},
        )
        assert bulk.content == bytes(range(128))
        wrong = {**headers, "Accept": "application/dicom+xml"}
        assert (await client.get(f"{ONE}/metadata", headers=wrong)).status_code == 406


@pytest.mark.parametrize(
    ("accept", "name", "status", "kind"),
    [
        ("application/octet-stream", "CT_small.dcm", 200, "application/octet-stream"),
        ('multipart/related; type="application/octet-stream"', "CT_small.dcm", 200, ""),
        ('multipart/related; type="image/jp2"', "MR_small_jp2klossless.dcm", 200, "image/jp2"),
        ("image/jls", "MR_small_jpeg_ls_lossless.dcm", 200, "image/jls"),
        (
            'multipart/related; type="application/octet-stream"; transfer-syntax=*',
            "MR_small_RLE.dcm",
            200,
            "image/dicom-rle",
        ),
        ('multipart/related; type="image/jls"', "CT_small.dcm", 406, ""),
        ("text/html", "CT_small.dcm", 406, ""),
        ("application/octet-stream", "JPGExtended.dcm", 406, ""),
        ("application/octet-stream", "test-SR.dcm", 406, ""),
    ],
)
async def test_frames_as_stored_and_as_plain_samples(
    place: Any, tmp_path: Path, accept: str, name: str, status: int, kind: str
) -> None:
    async with imaging_hub(place) as hub, web(hub) as client:
        await take(hub, tmp_path / "in", files(name))
        headers = {**await headers_of(hub), "Accept": accept}
        base = (await client.get("/dicom-web/instances", headers=_json(headers))).json()[0]
        url = base["00081190"]["Value"][0]
        answer = await client.get(f"{url}/frames/1", headers=headers)
        assert answer.status_code == status, answer.text
        if status == 200:
            media = answer.headers["content-type"]
            found = parts_of(answer) if media.startswith("multipart") else [(media, answer.content)]
            assert found[0][0].startswith(kind)
            assert found[0][1]
        assert (await client.get(f"{url}/frames/99", headers=headers)).status_code in {404, 406}
        assert (await client.get(f"{url}/frames/0", headers=headers)).status_code == 400


async def test_a_compressed_frame_is_the_same_picture_as_the_plain_one(
    place: Any, tmp_path: Path
) -> None:
    async with imaging_hub(place) as hub, web(hub) as client:
        headers = {**await headers_of(hub), "Accept": "application/octet-stream"}
        found = []
        for name in ("MR_small.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm"):
            await add_site(hub, name[:8].lower().replace("_", "-") + str(len(found)), profile())
            site = name[:8].lower().replace("_", "-") + str(len(found))
            await take(hub, tmp_path / site, files(name), site=site)
            base = f"/dicom-web/sites/{site}/instances"
            (one,) = (await client.get(base, headers=_json(headers))).json()
            answer = await client.get(f"{one['00081190']['Value'][0]}/frames/1", headers=headers)
            found.append(np.frombuffer(answer.content, "<i2"))
        assert found[0].shape == (64 * 64,)
        assert all(np.array_equal(found[0], other) for other in found[1:])


async def test_pictures_for_people(place: Any, tmp_path: Path) -> None:
    async with imaging_hub(place) as hub, web(hub) as client:
        await take(hub, tmp_path / "in", files("CT_small.dcm"))
        headers = await headers_of(hub)
        (one,) = (await client.get("/dicom-web/instances", headers=headers)).json()
        url = one["00081190"]["Value"][0]
        jpeg = await client.get(f"{url}/rendered", headers=headers)
        assert jpeg.headers["content-type"] == "image/jpeg"
        png = {**headers, "Accept": "image/png"}
        dark = await client.get(f"{url}/rendered?window=3000,100", headers=png)
        bright = await client.get(f"{url}/frames/1/rendered?window=-2000,100", headers=png)
        assert _mean(dark) == 0
        assert _mean(bright) == 255
        small = await client.get(f"{url}/rendered?viewport=40,60", headers=png)
        assert max(Image.open(io.BytesIO(small.content)).size) == 40
        study = url.split("/series/")[0]
        for place_ in (study, url.split("/instances/")[0], url, f"{url}/frames/1"):
            answer = await client.get(f"{place_}/thumbnail", headers=headers)
            assert answer.headers["content-type"] == "image/jpeg"
            assert max(Image.open(io.BytesIO(answer.content)).size) <= 128
        for wrong in ("window=1", "window=a,b", "window=1,0", "viewport=0,9", "colour=red"):
            assert (await client.get(f"{url}/rendered?{wrong}", headers=png)).status_code == 400


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("", 2),
        ("PatientID=P1", 1),
        ("00100020=P2", 1),
        ("PatientName=*XIAODONG", 1),
        ("PatientName=王*", 1),
        ("PatientName=Li*", 1),
        ("PatientName=Nobody", 0),
        ("StudyDate=20260610", 1),
        ("StudyDate=20260601-20260630", 2),
        ("StudyDate=20260701-", 0),
        ("StudyDate=-20260610", 1),
        ("AccessionNumber=A2", 1),
        ("AccessionNumber=A?", 2),
        ("ModalitiesInStudy=CT", 1),
        ("ModalitiesInStudy=MR", 1),
        ("StudyInstanceUID=1.2.826.0.1.3680043.8.498.1", 1),
        ("StudyInstanceUID=1.2.826.0.1.3680043.8.498.1,1.2.77", 2),
        ("StudyDescription=*CHEST*", 1),
        ("PatientBirthDate=19700102", 2),
        ("limit=1", 1),
        ("offset=1", 1),
        ("offset=2", 0),
        ("includefield=all&includefield=StudyDescription", 2),
        ("fuzzymatching=true&PatientID=P1", 1),
    ],
)
async def test_studies_are_found_by_what_is_asked(
    place: Any, tmp_path: Path, query: str, number: int
) -> None:
    async with imaging_hub(place) as hub, web(hub) as client:
        await take(hub, tmp_path / "in", instance(), _other())
        headers = await headers_of(hub)
        answer = await client.get(f"/dicom-web/studies?{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert len(found) == number
        assert ("warning" in answer.headers) == ("fuzzy" in query or query == "limit=1")
        for one in found:
            assert one["00201208"]["Value"] == [1]
            assert one["00081190"]["Value"][0].endswith(one["0020000D"]["Value"][0])


def _other() -> bytes:
    return instance(
        StudyInstanceUID="1.2.77",
        SeriesInstanceUID="1.2.77.1",
        PatientID="P2",
        PatientName="Li^Na",
        AccessionNumber="A2",
        StudyDate="20260620",
        Modality="MR",
        SOPClassUID="1.2.840.10008.5.1.4.1.1.4",
        StudyDescription="MR HEAD",
    )


@pytest.mark.parametrize(
    "query",
    [
        "patinet=1",
        "StudyDate=2026",
        "StudyDate=20261301",
        "limit=x",
        "offset=-1",
        "PatientWeight=70",
        "PatientName=a*b*c*d*e*f",
        "PatientID=P1&PatientID=P2",
        "includefield=Nonsense",
        "Modality=CT",
        "StudyInstanceUID=a b",
        "fuzzymatching=maybe",
    ],
)
async def test_a_question_that_cannot_be_answered_is_refused(
    place: Any, tmp_path: Path, query: str
) -> None:
    async with imaging_hub(place) as hub, web(hub) as client:
        headers = await headers_of(hub)
        answer = await client.get(f"/dicom-web/studies?{query}", headers=headers)
        assert answer.status_code == 400
        assert answer.json()["errors"]


async def test_series_and_instances_are_found_below_and_beside_studies(
    place: Any, tmp_path: Path
) -> None:
    async with imaging_hub(place) as hub, web(hub) as client:
        await take(hub, tmp_path / "in", instance(SOPInstanceUID=SOP), instance(), _other())
        headers = await headers_of(hub)

        async def number(url: str) -> int:
            answer = await client.get(f"/dicom-web{url}", headers=headers)
            assert answer.status_code == 200, answer.text
            return len(answer.json())

        study = STUDY.removeprefix("/dicom-web")
        series = SERIES.removeprefix("/dicom-web")
        assert await number("/series") == 2
        assert await number("/series?Modality=CT") == 1
        assert await number(f"{study}/series") == 1
        assert await number("/instances") == 3
        assert await number(f"{study}/instances") == 2
        assert await number(f"{series}/instances") == 2
        assert await number(f"{series}/instances?SOPInstanceUID={SOP}") == 1
        assert await number("/instances?PatientID=P2") == 1
        assert await number("/instances?limit=2") == 2
        assert await number("/studies/1.2.3/series") == 0


async def test_stow_keeps_each_part_and_says_which(place: Any) -> None:
    async with imaging_hub(place) as hub, web(hub) as client:
        headers = await headers_of(hub)
        first, second = instance(SOPInstanceUID=SOP), _other()
        body, media = stow(first, second)
        answer = await client.post("/dicom-web/studies", content=body, headers={**headers, **media})
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["00081199"]["Value"]) == 2
        again = await client.post("/dicom-web/studies", content=body, headers={**headers, **media})
        assert again.status_code == 200
        await drain(hub)
        assert await count(hub, "SELECT count(*) FROM instance WHERE state = 'current'") == 2
        got = await client.get(ONE, headers={**headers, "Accept": "application/dicom"})
        assert got.content == first

        body, media = stow(instance(), b"no DICOM at all, but long enough to be looked at")
        mixed = await client.post("/dicom-web/studies", content=body, headers={**headers, **media})
        assert mixed.status_code == 202
        assert len(mixed.json()["00081198"]["Value"]) == 1
        body, media = stow(_other())
        wrong = await client.post(STUDY, content=body, headers={**headers, **media})
        assert wrong.status_code == 409
        assert wrong.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xA900]
        assert list((place.data_dir / "instances").glob("incoming/*")) == []


@pytest.mark.parametrize(
    ("media", "body", "status"),
    [
        ("application/dicom", b"x", 415),
        ('multipart/related; type="application/dicom+json"; boundary=cut', b"--cut--\r\n", 415),
        ('multipart/related; type="application/dicom"', b"x", 400),
        ('multipart/related; type="application/dicom"; boundary=cut', b"nothing", 400),
        ('multipart/related; type="application/dicom"; boundary=cut', b"--cut\r\n\r\nx", 400),
        ('multipart/related; type="application/dicom"; boundary=cut', b"--cut--\r\n", 409),
    ],
)
async def test_a_body_that_is_no_stow_is_refused(
    place: Any, media: str, body: bytes, status: int
) -> None:
    async with imaging_hub(place) as hub, web(hub) as client:
        headers = {**await headers_of(hub), "Content-Type": media}
        answer = await client.post("/dicom-web/studies", content=body, headers=headers)
        assert answer.status_code == status, answer.text
        assert list((place.data_dir / "instances").glob("incoming/*")) == []


async def test_who_may_not_see_learns_nothing(place: Any, tmp_path: Path) -> None:
    async with imaging_hub(place) as hub, web(hub) as client:
        await filled(hub, tmp_path / "in")
        assert (await client.get(STUDY)).status_code == 401
        blind = await headers_of(hub, ["system/Patient.rs"], client="blind")
        for url in (STUDY, f"{STUDY}/metadata", f"{ONE}/frames/1", f"{STUDY}/thumbnail"):
            assert (await client.get(url, headers=blind)).status_code == 403
        assert (await client.get("/dicom-web/studies", headers=blind)).status_code == 403
        reader = await headers_of(hub, ["system/ImagingStudy.r"], client="reader")
        assert (await client.get(STUDY, headers=reader)).status_code == 200
        assert (await client.get("/dicom-web/studies", headers=reader)).status_code == 403
        body, media = stow(instance())
        refused = await client.post("/dicom-web/studies", content=body, headers={**reader, **media})
        assert refused.status_code == 403
        foreign = await headers_of(hub, client="foreign", institution="12110102400000101U")
        refused = await client.post(
            "/dicom-web/studies", content=body, headers={**foreign, **media}
        )
        assert refused.status_code == 404


async def test_each_look_is_recorded_with_whose_images_they_were(
    place: Any, tmp_path: Path
) -> None:
    async with imaging_hub(place) as hub, web(hub) as client:
        await filled(hub, tmp_path / "in")
        headers = await headers_of(hub)
        for n, url in enumerate(
            (STUDY, f"{ONE}/metadata", f"{ONE}/frames/1", f"{ONE}/rendered"), 1
        ):
            assert (await client.get(url, headers=headers)).status_code == 200
            assert await count(hub, "SELECT count(*) FROM audit_access WHERE type = 'read'") == n
        await client.get("/dicom-web/studies", headers=headers)
        assert await count(hub, "SELECT count(*) FROM audit_access WHERE type = 'search'") == 1
        home = await count(hub, "SELECT home FROM imaging_study")
        async with hub.db.reading() as reader:
            subjects = await reader.fetchval(
                "SELECT count(*) FROM audit_subject AS s JOIN audit_access AS a ON a.id = s.access"
                " WHERE a.type = 'read' AND s.home = $1",
                home,
            )
        assert subjects == 4


async def test_intake_takes_a_file_or_an_archive_of_them(place: Any) -> None:
    async with imaging_hub(place) as hub, web(hub) as client:
        headers = await headers_of(hub)
        working = asyncio.create_task(work(hub))
        one = await client.post(
            f"/intake/{SITE}?wait=5",
            content=instance(),
            headers={**headers, "Content-Type": "application/dicom"},
        )
        assert (one.status_code, one.json()["state"]) == (202, "stored")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("a/1.dcm", instance(InstanceNumber=2))
            archive.writestr("a/2.dcm", instance(InstanceNumber=3))
            archive.writestr("../evil.dcm", instance(InstanceNumber=4))
            archive.writestr("readme.txt", "hello, this is no image")
        many = await client.post(
            f"/intake/{SITE}?wait=5",
            content=packed.getvalue(),
            headers={**headers, "Content-Type": "application/zip"},
        )
        assert many.status_code == 202, many.text
        assert [m["state"] for m in many.json()["messages"]] == ["stored", "stored"]
        assert {r["code"] for r in many.json()["refused"]} == {"path-unsafe", "not-dicom"}
        for content, kind, status in (
            (b"hello, this is no image at all", "application/dicom", 400),
            (instance(), "text/plain", 415),
        ):
            answer = await client.post(
                f"/intake/{SITE}", content=content, headers={**headers, "Content-Type": kind}
            )
            assert answer.status_code == status
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


async def test_without_decoders_the_rest_is_still_served(place: Any, tmp_path: Path) -> None:
    async with imaging_hub(place, pixel_workers=0) as hub, web(hub) as client:
        await filled(hub, tmp_path / "in")
        headers = await headers_of(hub)
        assert (await client.get(STUDY, headers=headers)).status_code == 200
        answer = await client.get(f"{ONE}/rendered", headers=headers)
        assert answer.status_code == 503
        assert answer.headers["retry-after"]


def _json(headers: dict[str, str]) -> dict[str, str]:
    return {**headers, "Accept": "application/dicom+json"}


def _mean(answer: httpx.Response) -> float:
    assert answer.status_code == 200, answer.text
    return float(np.asarray(Image.open(io.BytesIO(answer.content))).mean())


async def test_a_signed_in_clinician_looks_with_the_session_and_changes_nothing_by_it(
    place: Any, tmp_path: Path
) -> None:
    async with imaging_hub(place) as hub, web(hub) as client:
        await filled(hub, tmp_path / "in")
        await headers_of(hub)
        for role in ("clinician", "auditor"):
            person = {"login": role, "name": role, "role": role, "institution": INSTITUTION}
            more = {"department": "", "password": "a long pass phrase"}
            await run(hub, "user-add", {**person, **more})
        await treats_everybody(hub, INSTITUTION)
        for role, status in (("auditor", 403), ("clinician", 200)):
            client.cookies.clear()
            form = (await client.get("/sign-in")).text
            token = re.findall(r'name="csrf" value="([^"]+)"', form)[0]
            data = {"csrf": token, "login": role, "password": "a long pass phrase"}
            assert (await client.post("/sign-in", data=data)).status_code == 303
            for url in (f"{SERIES}/metadata", f"{SERIES}/thumbnail", f"{ONE}/frames/1"):
                assert (await client.get(url)).status_code == status
        body, media = stow(instance())
        assert (
            await client.post("/dicom-web/studies", content=body, headers=media)
        ).status_code == 401
        client.cookies.clear()
        assert (await client.get(STUDY)).status_code == 401
