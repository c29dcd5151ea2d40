"""Reports of images by HL7 v2: stored, found, corrected, withdrawn, linked.

All people are invented.
"""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hie.access.policy import Restriction
from hie.app import opened
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.exchange.link_study import lock_names, study_arrives
from hie.fhir import ITEM, Resource, extension
from hie.fhir.elements import find_extension
from hie.fhir.profile import check
from hie.store import locate, resources
from hie.store.imaging_keys import ImagingKey, KeyKind
from hie.store.locks import hold
from hie.store.resources import Put
from hie.store.search.query import parse_query
from hie.store.search.search import search
from tests.integration.test_road import _packed, _settings

pytestmark = pytest.mark.anyio
SITE, INSTITUTION = "ris", "91110000802100433B"
EVERYTHING = Restriction()
PROFILE = 'zone = "+08:00"\n'
UID = "1.2.840.99999.1.20260612.7"
MSH = (
    "MSH|^~\\&|RIS|HOSP|HIE|HUB|20260612{minute}||ORU^R01^ORU_R01|R{minute}|P|2.5.1||||||{charset}"
)
PID = "PID|1||{number}^^^HOSP^MR~{resident}^^^^NI||{name}||19491231|F"
OBR = (
    "OBR|1|PL77|FL77|CT0101^胸部CT平扫^99RIS|||20260612080000||||||||^^^CHEST|||ACC77||||20260612110000"
    "||CT|{status}|||||||31&李审核"
)
SEEN, SAYS = "双肺纹理清晰，右上肺见磨玻璃结节。", "右上肺结节，建议复查。"


def message(
    minute: int = 1200,
    status: str = "F",
    *,
    seen: str | None = SEEN,
    says: str | None = SAYS,
    letter: str = "F",
    extra: tuple[str, ...] = (),
    charset: str = "UNICODE UTF-8",
    number: str = "P77",
    resident: str = "11010519491231002X",
    name: str = "张三",
) -> bytes:
    lines = [
        MSH.format(minute=minute, charset=charset),
        PID.format(number=number, resident=resident, name=name),
        "PV1|1|O|放射科^^^HOSP",
        "ORC|RE|PL77|FL77||CM",
        OBR.format(status=status),
    ]
    if seen is not None:
        lines.append(f"OBX|1|TX|1^检查所见^99RIS||{seen}||||||{letter}")
    if says is not None:
        lines.append(f"OBX|2|TX|2^检查结论^99RIS||{says}||||||{letter}")
    text = "\r".join([*lines, *extra, ""])
    return text.encode("gb18030" if charset == "GB18030" else "utf-8")


async def _connected(hub: Hub) -> None:
    arguments = {"site": SITE, "institution": INSTITUTION, "adapter": "hl7v2", "profile": PROFILE}
    await run(hub, "site-add", arguments)


async def _receive(hub: Hub, content: bytes) -> dict[str, Any]:
    answer = await run(hub, "receive", {"site": SITE, "files": [_packed(content)]})
    kept: dict[str, Any] = answer["receipts"][0]
    return kept


def _codes(receipt: dict[str, Any]) -> set[str]:
    return {issue["code"] for issue in receipt["issues"]}


async def _only(hub: Hub, kind: str = "DiagnosticReport", **asked: str) -> Resource:
    found = await _all(hub, kind, **asked)
    assert len(found) == 1
    return found[0]


async def _all(hub: Hub, kind: str = "DiagnosticReport", **asked: str) -> list[Resource]:
    async with hub.db.reading() as reader:
        homes = await reader.fetch("SELECT id FROM patient ORDER BY id")
        patient = ",".join(row[0] for row in homes)
        query = parse_query(kind, [("patient", patient), *asked.items()])
        return [one.resource() for one in (await search(reader, query, EVERYTHING)).matches]


async def _home(hub: Hub) -> tuple[str, Resource]:
    async with hub.db.unit() as unit:
        (row,) = await unit.fetch("SELECT id FROM patient")
        stored = await resources.current(unit, [("Patient", row[0])])
    return row[0], stored["Patient", row[0]].resource()


def _study(key: str, home: str) -> Resource:
    return {
        "resourceType": "ImagingStudy",
        "id": key,
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{UID}"}],
        "status": "available",
        "subject": {"reference": f"Patient/{home}"},
        "started": "2026-06-12T08:00:00+08:00",
    }


async def _study_arrives(
    hub: Hub, home: str, patient: Resource, numbers: list[ImagingKey]
) -> tuple[str, list[str]]:
    """What the road of images does when a study is stored; its id, and the issues' codes."""
    async with hub.db.unit() as unit:
        await hold(unit, lock_names(INSTITUTION, numbers))
        claim = ("ImagingStudy", "urn:dicom:uid", f"urn:oid:{UID}")
        key = (await locate.claim(unit, INSTITUTION, [claim]))[claim][0]
        await resources.put(unit, [Put("ImagingStudy", home, key, _study(key, home))])
        issues = await study_arrives(
            unit, INSTITUTION, key, home, patient, numbers, on=date(2026, 6, 12), now_us=1
        )
    return key, [issue.code for issue in issues]


async def test_a_ct_report_is_stored_found_and_recorded(place: Any) -> None:
    async with opened(_settings(place)) as hub:
        await _connected(hub)
        kept = await _receive(hub, message())
        assert kept["state"] == "stored"
        assert _codes(kept) >= {"study-not-found"}
        report = await _only(hub, category="CT")
        assert report == await _only(hub, code="CT0101")
        assert report == await _only(hub, code=f"{ITEM}|CT")
        assert check(report) == []
        assert (report["status"], report["conclusion"]) == ("final", SAYS)
        assert report["code"]["coding"][0] | {"extension": []} == {
            "extension": [],
            "system": ITEM,
            "code": "CT",
        }
        assert find_extension(report, extension("findings"))["valueString"] == SEEN
        facts = find_extension(report, extension("study-facts"))["extension"]
        assert [(f["url"], *[f[k] for k in f if k != "url"]) for f in facts] == [
            ("class", "CT"),
            ("body-part", "CHEST"),
            ("contrast", "none"),
            ("texts", True),
        ]
        assert report["effectiveDateTime"] == "2026-06-12T08:00:00+08:00"
        assert report["resultsInterpreter"][0]["display"] == "李审核"
        async with hub.db.reading() as reader:
            row = await reader.fetchrow("SELECT item, mapping FROM diagnostic_report")
            types = await reader.fetch("SELECT type FROM audit_access")
            provenance = await reader.fetchval("SELECT count(*) FROM provenance")
        assert tuple(row) == ("CT", "confirmed")
        assert ("process",) in [tuple(one) for one in types]
        assert provenance == 1


async def test_the_same_report_again_changes_nothing(place: Any) -> None:
    async with opened(_settings(place)) as hub:
        await _connected(hub)
        await _receive(hub, message(1200))
        await _receive(hub, message(1201))
        assert (await _only(hub))["meta"]["versionId"] == "1"


async def test_a_correction_replaces_what_it_says_and_keeps_what_it_does_not(place: Any) -> None:
    async with opened(_settings(place)) as hub:
        await _connected(hub)
        await _receive(hub, message(1200))
        await _receive(hub, message(1210, "C", seen=None, says="左上肺结节。", letter="C"))
        report = await _only(hub)
        assert (report["status"], report["conclusion"]) == ("corrected", "左上肺结节。")
        assert find_extension(report, extension("findings"))["valueString"] == SEEN
        assert report["meta"]["versionId"] == "2"
        # the first report, sent once more, is late now
        assert "late-version" in _codes(await _receive(hub, message(1220)))
        again = await _only(hub)
        assert (again["status"], again["conclusion"]) == ("corrected", "左上肺结节。")


async def test_a_correction_before_its_original_stands(place: Any) -> None:
    async with opened(_settings(place)) as hub:
        await _connected(hub)
        await _receive(hub, message(1210, "C", says="左上肺结节。", letter="C"))
        await _receive(hub, message(1200))
        assert (await _only(hub))["conclusion"] == "左上肺结节。"


@pytest.mark.parametrize(
    ("status", "letter", "expected"),
    [("X", "X", "cancelled"), ("F", "D", "entered-in-error"), ("F", "W", "entered-in-error")],
)
async def test_a_withdrawn_report_says_nothing_any_more_and_its_words_stay_in_history(
    place: Any, status: str, letter: str, expected: str
) -> None:
    async with opened(_settings(place)) as hub:
        await _connected(hub)
        await _receive(hub, message(1200))
        await _receive(hub, message(1230, status, letter=letter))
        report = await _only(hub)
        assert report["status"] == expected
        assert "conclusion" not in report
        assert find_extension(report, extension("findings")) is None
        async with hub.db.reading() as reader:
            assert await reader.fetchval("SELECT count(*) FROM resource_history") >= 1
        # nothing of lower rank revives it
        await _receive(hub, message(1240))
        assert (await _only(hub))["status"] == expected


async def test_a_report_in_gb18030_says_the_same(place: Any) -> None:
    async with opened(_settings(place)) as hub:
        await _connected(hub)
        kept = await _receive(hub, message(charset="GB18030", name="王㐂喆"))
        assert kept["state"] == "stored"
        report = await _only(hub, category="CT")
        assert report["conclusion"] == SAYS
        assert report["code"]["text"] == "胸部CT平扫"
        assert (await _home(hub))[1]["name"][0]["text"] == "王㐂喆"


@pytest.mark.parametrize(
    ("stated", "known"),
    [
        (("OBX|3|ST|113014^DICOM Study^DCM||" + UID + "||||||F",), ImagingKey(KeyKind.STUDY, UID)),
        ((f"ZDS|{UID}^HUB^Application^DICOM",), ImagingKey(KeyKind.STUDY, UID)),
        ((), ImagingKey(KeyKind.ACCESSION, "ACC77")),
        ((), ImagingKey(KeyKind.ORDER, "PL77")),
        ((), ImagingKey(KeyKind.ACCESSION, "FL77")),
    ],
)
async def test_report_and_study_find_each_other_in_either_order(
    place: Any, tmp_path: Path, stated: tuple[str, ...], known: ImagingKey
) -> None:
    async with opened(_settings(place)) as hub:
        await _connected(hub)
        await _receive(hub, message(1200, extra=stated))
        home, patient = await _home(hub)
        study, codes = await _study_arrives(hub, home, patient, [known])
        assert codes == []
        linked = await _only(hub)
        assert linked["imagingStudy"] == [{"reference": f"ImagingStudy/{study}"}]
        assert linked["meta"]["versionId"] == "2"
        assert check(linked) == []
        # a correction keeps the link, and is told of nothing
        kept = await _receive(hub, message(1210, "C", letter="C", extra=stated))
        assert "study-not-found" not in _codes(kept)
        assert (await _only(hub))["imagingStudy"] == linked["imagingStudy"]


async def test_a_study_that_came_first_is_named_by_its_report_at_once(place: Any) -> None:
    async with opened(_settings(place)) as hub:
        await _connected(hub)
        await _receive(hub, message(1150).replace(b"77", b"66"))
        home, patient = await _home(hub)
        numbers = [ImagingKey(KeyKind.STUDY, UID), ImagingKey(KeyKind.ACCESSION, "ACC77")]
        study, codes = await _study_arrives(hub, home, patient, numbers)
        assert codes == ["report-not-found"]
        kept = await _receive(hub, message().replace(b"P77^^^", b"P66^^^"))
        assert kept["state"] == "stored"
        assert "study-not-found" not in _codes(kept)
        named = [one for one in await _all(hub) if "imagingStudy" in one]
        assert [one["imagingStudy"][0]["reference"] for one in named] == [f"ImagingStudy/{study}"]
        assert named[0]["meta"]["versionId"] == "1"


async def test_a_study_of_another_patient_holds_the_report(place: Any) -> None:
    async with opened(_settings(place)) as hub:
        await _connected(hub)
        await _receive(hub, message(1150).replace(b"77", b"66"))
        home, patient = await _home(hub)
        await _study_arrives(hub, home, patient, [ImagingKey(KeyKind.ACCESSION, "ACC77")])
        kept = await _receive(hub, message(resident="110105199003078888", name="赵六"))
        assert kept["state"] == "held"
        assert "study-of-another-patient" in _codes(kept)
        assert len(await _all(hub)) == 1


async def test_a_report_of_another_patient_is_told_to_the_study(place: Any) -> None:
    async with opened(_settings(place)) as hub:
        await _connected(hub)
        await _receive(hub, message())
        other = {"name": [{"text": "赵六"}], "gender": "male", "birthDate": "1990-03-07"}
        async with hub.db.unit() as unit:
            stranger = "Stranger00000001"
            made = {"resourceType": "Patient", **other}
            await resources.put(unit, [Put("Patient", stranger, stranger, made)])
        _, codes = await _study_arrives(
            hub, stranger, made, [ImagingKey(KeyKind.ACCESSION, "ACC77")]
        )
        assert codes == ["report-of-another-patient"]
        assert all("imagingStudy" not in one for one in await _all(hub))


async def test_one_person_under_two_numbers_of_the_site_is_one_patient_here(place: Any) -> None:
    """The picture archive often knows a patient by another number than the report system."""
    async with opened(_settings(place)) as hub:
        await _connected(hub)
        await _receive(hub, message())
        made = {
            "resourceType": "Patient",
            "name": [{"text": "张三"}],
            "gender": "female",
            "birthDate": "1949-12-31",
        }
        async with hub.db.unit() as unit:
            await resources.put(
                unit, [Put("Patient", "Archive000000001", "Archive000000001", made)]
            )
        study, codes = await _study_arrives(
            hub, "Archive000000001", made, [ImagingKey(KeyKind.ACCESSION, "ACC77")]
        )
        assert codes == []
        (report,) = [one for one in await _all(hub) if "imagingStudy" in one]
        assert report["imagingStudy"] == [{"reference": f"ImagingStudy/{study}"}]
