"""Awkward instances through the doors that take them: what is kept, what it says, what is told.

The numbered cases of the adapters' reference that concern single instances. Elsewhere: truncated and
lying files and bombs (`test_samples_and_bombs`), archives (`test_dicomweb`), changed, late, rejected
and conflicting instances (`test_settling`), interrupted associations (`test_c_store`), structured
reports (`test_fhir`), sources that are away (`test_source`).
"""

import asyncio
import io
import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.sop_class import CTImageStorage  # type: ignore[attr-defined]

from hie.app import opened
from hie.exchange.hub import Hub
from hie.exchange.process import drain
from hie.store.served import STORED, stored
from tests.integration.exchange.test_imaging_orders import _ask, _fired, _home, _put, a_report
from tests.integration.exchange.test_imaging_reports import _connected as connect_ris
from tests.integration.exchange.test_imaging_reports import _receive, message
from tests.integration.imaging.support import (
    SITE,
    add_site,
    count,
    fact,
    headers_of,
    imaging_hub,
    instance,
    profile,
    studies,
    take,
    web,
)
from tests.integration.imaging.test_c_store import door
from tests.integration.test_road import TODAY, _settings

pytestmark = pytest.mark.anyio
DX, MG = "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
STUDY = "1.2.826.0.1.3680043.8.498.1"


def codes(receipt: dict[str, Any]) -> set[str]:
    return {issue["code"] for issue in receipt["issues"]}


async def one_study(hub: Hub, folder: Path, content: bytes) -> tuple[dict[str, Any], set[str]]:
    """The study an instance makes, and what is told of it."""
    (receipt,) = await take(hub, folder, content)
    assert receipt["state"] == "stored", receipt
    (study,) = await studies(hub)
    return study, codes(receipt)


# 141


@pytest.mark.parametrize(
    ("cut", "told"), [(128, "preamble-missing"), (None, "meta-missing")], ids=["preamble", "meta"]
)
async def test_a_file_without_its_head_is_taken_and_told(
    place: Any, tmp_path: Path, cut: int | None, told: str
) -> None:
    content = instance()
    bare = content[cut:] if cut else content[content.index(b"\x08\x00\x05\x00CS") :]
    async with imaging_hub(place) as hub:
        study, said = await one_study(hub, tmp_path / "in", bare[4:] if cut else bare)
        assert told in said
        assert study["numberOfInstances"] == 1


def send_raw(port: int, data: bytes) -> int:
    """The status of a C-STORE whose data set is these bytes."""
    entity = AE(ae_title="SCU")
    entity.add_requested_context(CTImageStorage, "1.2.840.10008.1.2.1")
    association = entity.associate("127.0.0.1", port, ae_title="HIE")
    assert association.is_established
    request = C_STORE()
    request.MessageID = 1
    request.AffectedSOPClassUID = CTImageStorage
    request.AffectedSOPInstanceUID = generate_uid()
    request.Priority = 2
    request.DataSet = io.BytesIO(data)
    association._reactor_checkpoint.clear()  # as its own senders do: the answer is ours to read
    while not association._is_paused:
        time.sleep(0.01)
    association.dimse.send_msg(request, association.accepted_contexts[0].context_id)
    _, answer = association.dimse.get_msg(block=True)
    association._reactor_checkpoint.set()
    association.release()
    return int(answer.Status)


async def test_what_is_no_data_set_is_refused_by_c_store(place: Any) -> None:
    async with imaging_hub(place, dicom_port=0) as hub, door(hub) as port:
        for data in (b"hello, this is no DICOM data set at all", b"\x00" * 64):
            status = await asyncio.to_thread(send_raw, port, data)
            assert status & 0xF000 == 0xC000, (data, hex(status))
        assert await count(hub, "SELECT count(*) FROM message") == 0


# 142: a study or instance without its UID is in test_samples_and_bombs; here the other two.


@pytest.mark.parametrize(
    ("missing", "code"),
    [("SeriesInstanceUID", "series-uid-missing"), ("StudyInstanceUID", "study-uid-missing")],
)
async def test_without_a_uid_an_instance_waits_and_makes_no_study(
    place: Any, tmp_path: Path, missing: str, code: str
) -> None:
    async with imaging_hub(place) as hub:
        (receipt,) = await take(hub, tmp_path / "in", instance(**{missing: None}))
        assert receipt["state"] == "held"
        assert code in codes(receipt)
        assert await studies(hub) == []


# 143


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("uid", ["1.2.03.4", "1.2.840.abc.1"])
async def test_an_odd_uid_is_kept_told_and_found_by(place: Any, tmp_path: Path, uid: str) -> None:
    content = instance(StudyInstanceUID=uid)
    async with imaging_hub(place) as hub, web(hub) as client:
        study, said = await one_study(hub, tmp_path / "in", content)
        assert "uid-invalid" in said
        assert study["identifier"][0]["value"] == f"urn:oid:{uid}"
        answer = await client.get(f"/dicom-web/studies/{uid}", headers=await headers_of(hub))
        assert content in answer.content


# 150


async def test_a_later_series_waits_for_quiet_again(place: Any, tmp_path: Path) -> None:
    async with imaging_hub(place, profile(quiet=600)) as hub:
        await take(hub, tmp_path / "in", instance())
        first = await count(hub, "SELECT due_us FROM study")
        await take(hub, tmp_path / "in", instance(SeriesInstanceUID="1.2.9", InstanceNumber=2))
        assert await count(hub, "SELECT due_us FROM study") > first
        async with hub.db.unit() as unit:
            await unit.execute("UPDATE study SET due_us = 1")
        (study,) = await studies(hub)
        assert (study["numberOfSeries"], study["numberOfInstances"]) == (2, 2)


# 152


@pytest.mark.filterwarnings("ignore::UserWarning")
async def test_a_private_class_is_kept_unclassed_or_held_by_profile(
    place: Any, tmp_path: Path
) -> None:
    content = instance(SOPClassUID="1.3.12.2.1107.5.9.1", Modality="OT")
    async with imaging_hub(place) as hub, web(hub) as client:
        study, said = await one_study(hub, tmp_path / "in", content)
        assert "sop-class-private" in said
        assert fact(study, "class") is None
        answer = await client.get(f"/dicom-web/studies/{STUDY}", headers=await headers_of(hub))
        assert content in answer.content
        await add_site(hub, "strict", profile(more="private_sop_classes = false"))
        (receipt,) = await take(hub, tmp_path / "in2", content, site="strict")
        assert (receipt["state"], "sop-class-refused" in codes(receipt)) == ("held", True)


@pytest.mark.filterwarnings("ignore::UserWarning")
async def test_a_private_transfer_syntax_is_kept_as_it_came(place: Any, tmp_path: Path) -> None:
    content = instance().replace(b"1.2.840.10008.1.2.1\0", b"1.3.12.2.1107.5.77.1")
    async with imaging_hub(place) as hub, web(hub) as client:
        _, said = await one_study(hub, tmp_path / "in", content)
        assert "transfer-syntax-unknown" in said
        answer = await client.get(f"/dicom-web/studies/{STUDY}", headers=await headers_of(hub))
        assert content in answer.content


# 153


@pytest.mark.parametrize(
    ("modality", "sop_class", "klass"),
    [
        ("DR", DX, "XRAY"),
        ("OT", "1.2.840.10008.5.1.4.1.1.2", "CT"),
        (None, MR, "MRI"),
        ("", MG, "MG"),
        ("CT\\MR", MR, "MRI"),
    ],
)
async def test_a_modality_that_says_nothing_gives_way_to_the_sop_class(
    place: Any, tmp_path: Path, modality: str | None, sop_class: str, klass: str
) -> None:
    values = modality.split("\\") if modality and "\\" in modality else modality
    async with imaging_hub(place) as hub:
        content = instance(Modality=values, SOPClassUID=sop_class)
        study, _ = await one_study(hub, tmp_path / "in", content)
        assert fact(study, "class") == klass


# 155, 156


async def test_loss_counts_by_the_transfer_syntax_whatever_the_tag_says(
    place: Any, tmp_path: Path
) -> None:
    name = get_testdata_file("JPEG-lossy.dcm")
    assert name is not None
    content = Path(str(name)).read_bytes()
    async with imaging_hub(place) as hub:
        study, _ = await one_study(hub, tmp_path / "in", content)
        assert fact(study, "lossy") is True


@pytest.mark.parametrize(("said", "known"), [("YES", "yes"), ("NO", "no"), (None, None)])
async def test_words_in_the_picture_are_flagged(
    place: Any, tmp_path: Path, said: str | None, known: str | None
) -> None:
    async with imaging_hub(place) as hub:
        study, told = await one_study(hub, tmp_path / "in", instance(BurnedInAnnotation=said))
        assert fact(study, "burned-in") == known
        assert ("burned-in" in told) == (said == "YES")


# 157


def _named(charset: str | list[str], declared: bytes, instead: bytes) -> bytes:
    """An instance with a Chinese name in one charset that declares another."""
    content = instance(SpecificCharacterSet=charset, PatientName="王^小东")
    assert content.count(declared) == 1
    assert len(declared) == len(instead)
    return content.replace(declared, instead)


@pytest.mark.parametrize(
    "content",
    [
        instance(SpecificCharacterSet="GB18030", PatientName="王^小东"),
        instance(SpecificCharacterSet=["", "ISO 2022 IR 58"], PatientName="王^小东"),
        _named("GB18030", b"GB18030 ", b"ISO_IR 6"),
        _named("GB18030", b"GB18030 ", b"        "),
        _named("ISO_IR 192", b"ISO_IR 192", b"GB18030   "),
    ],
    ids=["gb18030", "ir58", "gbk-as-ascii", "undeclared", "utf8-as-gb18030"],
)
async def test_a_chinese_name_is_read_whatever_is_declared(
    place: Any, tmp_path: Path, content: bytes
) -> None:
    async with imaging_hub(place) as hub:
        await one_study(hub, tmp_path / "in", content)
        async with hub.db.reading() as reader:
            row = await reader.fetchrow(
                f"SELECT {STORED} FROM patient"  # noqa: S608
            )
            assert row is not None
            patient = json.loads(stored(reader.db, "Patient", row).body)
        (name,) = patient["name"]
        assert (name["family"], name["given"]) == ("王", ["小东"])


# 158


async def test_the_other_side_than_the_one_ordered_stands_in_for_nothing(
    place: Any, tmp_path: Path
) -> None:
    yesterday = TODAY - timedelta(days=1)
    content = instance(
        SOPClassUID=DX,
        Modality="DX",
        BodyPartExamined="HAND",
        ImageLaterality="R",
        StudyDescription="HAND AP",
        StudyDate=yesterday.strftime("%Y%m%d"),
        PatientName="Zhang^San=张^三",
        PatientBirthDate="19491231",
        PatientSex="F",
    )
    async with opened(_settings(place)) as hub:
        home = await _home(hub, tmp_path)
        await add_site(hub, SITE, profile(), "12110102999900011H")
        await take(hub, tmp_path / "in", content)
        (study,) = await studies(hub)
        assert fact(study, "laterality") == "R"
        # the same study as the example's person has it
        own = {**study, "id": "s1"}
        await _put(
            hub, home, own, a_report("r1", "s1", item="XRAY", taken=f"{yesterday}T09:00:00+08:00")
        )
        hand: dict[str, Any] = {"item": "XRAY", "body_part": "HAND"}
        answer = await _ask(hub, {**hand, "laterality": "L"}, {**hand, "laterality": "R"})
        left, right = answer["orders"]
        assert "R-603" in _fired(left)
        assert left["outcome"] == "do_not_recognise"
        assert "R-603" not in _fired(right)


# 159


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"StudyDate": "00010101", "StudyTime": "081500"}, "time-placeholder"),
        ({"StudyDate": None, "StudyTime": None}, "study-date-missing"),
        ({"StudyDate": "20261399", "StudyTime": "081500"}, "time-invalid"),
    ],
)
async def test_a_date_that_is_none_is_absent(
    place: Any, tmp_path: Path, given: dict[str, Any], told: str
) -> None:
    content = instance(**{key: value for key, value in given.items() if value != "20261399"})
    if given["StudyDate"] == "20261399":
        content = instance().replace(b"20260610", b"20261399")
    async with imaging_hub(place) as hub:
        study, said = await one_study(hub, tmp_path / "in", content)
        assert told in said
        assert "started" not in study


async def test_a_time_that_is_none_leaves_the_day(place: Any, tmp_path: Path) -> None:
    async with imaging_hub(place) as hub:
        content = instance().replace(b"081500", b"99:99 ")
        study, said = await one_study(hub, tmp_path / "in", content)
        assert "time-invalid" in said
        assert study["started"] == "2026-06-10"


# 160


async def test_an_accession_number_used_twice_leads_a_report_to_its_own_patient(
    place: Any, tmp_path: Path
) -> None:
    def study_of(uid: str, number: str, name: str, birth: str) -> bytes:
        return instance(
            StudyInstanceUID=uid,
            SeriesInstanceUID=f"{uid}.1",
            AccessionNumber="ACC77",
            PatientID=number,
            PatientName=name,
            PatientBirthDate=birth,
            PatientSex="F",
        )

    async with imaging_hub(place) as hub:
        await take(
            hub,
            tmp_path / "in",
            study_of("1.2.71", "Q1", "Zhang^San=张^三", "19491231"),
            study_of("1.2.72", "Q2", "Li^Na=李^娜", "19800101"),
        )
        ids = {one["identifier"][0]["value"]: one["id"] for one in await studies(hub)}
        assert len(ids) == 2
        await connect_ris(hub)
        kept = await _receive(hub, message())
        await drain(hub)
        assert kept["state"] == "stored"
        assert "accession-reused" in codes(kept)
        async with hub.db.reading() as reader:
            row = await reader.fetchrow(
                f"SELECT {STORED} FROM diagnostic_report"  # noqa: S608
            )
            assert row is not None
            report = json.loads(stored(reader.db, "DiagnosticReport", row).body)
        assert report["imagingStudy"] == [{"reference": f"ImagingStudy/{ids['urn:oid:1.2.71']}"}]


async def test_two_studies_of_one_patient_may_share_an_accession_number(
    place: Any, tmp_path: Path
) -> None:
    async with imaging_hub(place) as hub:
        receipts = await take(
            hub,
            tmp_path / "in",
            instance(),
            instance(StudyInstanceUID="1.2.77", SeriesInstanceUID="1.2.77.1"),
        )
        assert [one["state"] for one in receipts] == ["stored", "stored"]
        assert len(await studies(hub)) == 2
