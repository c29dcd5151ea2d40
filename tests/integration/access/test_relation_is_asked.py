"""Who does not treat a patient finds nothing of theirs, whichever way they ask.

Clinician a1 treats P1, whose records lie in A and B, and not P2. Every refusal is that for somebody
who does not exist; each has its twin with P1, which is answered.
"""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.access.support import NOT_THERE, Region, ids_of, region, shown

pytestmark = pytest.mark.anyio
_OF_A_REQUEST = ("x-request-id", "date", "hub-audit-id")


def told(answer: httpx.Response, *said: str) -> tuple[int, dict[str, str], str]:
    """What a caller can tell answers apart by; what they said themselves is no answer."""
    headers = {k: v for k, v in answer.headers.items() if k not in _OF_A_REQUEST}
    text = answer.text
    for word in said:
        text = text.replace(word, "…")
        headers = {k: v.replace(word, "…") for k, v in headers.items()}
    headers.pop("content-length", None)
    return answer.status_code, headers, text


async def alike(found: Region, who: str, url: str, hidden: str) -> httpx.Response:
    """The answer for a hidden id, which must be that for an id nobody has."""
    absent = await found.get(url.format(NOT_THERE), who)
    asked = await found.get(url.format(hidden), who)
    assert told(asked, hidden) == told(absent, NOT_THERE), url
    assert shown(asked, [found.canary("P2a"), found.canary("P2b"), "示例P2"]) == []
    return asked


async def test_a_result_of_a_patient_not_treated_is_not_there(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        hidden = found.results["P2b"]
        for who in ("a1", "a"):
            for url in ("{}", "{}/_history/1", "{}/_history/2", "{}/_history", "{}/_history/3"):
                answer = await alike(found, who, f"Observation/{url}", hidden)
                assert answer.status_code == 404
                assert await found.last_audit() == ("4", "rel")
            for url in ("{}", "{}/_history/2", "{}/_history"):
                path = f"Observation/{url}".format(found.results["P1b"])
                seen = await found.get(path, who)
                assert seen.status_code == 200
                assert found.canary("P1b") in seen.text


async def test_a_record_of_the_own_house_is_a_systems_and_no_persons(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        own = found.results["P2a"]
        assert (await found.get(f"Observation/{own}", "a")).status_code == 200
        assert (await alike(found, "a1", "Observation/{}", own)).status_code == 404


NAMING = [
    "Observation?patient={}",
    "Observation?subject={}",
    "Observation?patient=Patient/{}",
    "Observation?subject=Patient/{}",
    "Observation?subject:Patient={}",
    "Observation?patient=http://localhost:8000/fhir/Patient/{}",
    "Observation?patient=http://elsewhere.example/fhir/Patient/{}",
    "Observation?patient=Patient/{}/_history/1",
    "Observation?patient._id={}",
    "Observation?patient=urn:uuid:{}",
    "Observation?patient={}&code=2823-3",
    "Observation?patient={}&_total=accurate",
    "Observation?patient={}&_summary=count",
    "Observation?patient={}&_sort=-date",
    "DiagnosticReport?patient={}",
    "Encounter?patient={}",
    "Patient/{}/Observation",
    "Patient/{}/$everything",
    "Observation/$lastn?patient={}&max=1",
]


async def test_a_search_about_a_patient_not_treated_is_refused_as_for_nobody(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        for url in NAMING:
            for hidden in (found.patients["P2a"], found.patients["P2b"]):
                answer = await alike(found, "a1", url, hidden)
                assert answer.status_code == 403, (url, answer.text)
                assert answer.json()["issue"][0]["code"] == "forbidden"
                assert await found.last_audit() == ("4", "rel")
            if "elsewhere" in url or "urn:" in url or "_history" in url:
                continue
            twin = await found.get(url.format(found.patients["P1b"]), "a1")
            assert twin.status_code == 200, (url, twin.text)


async def test_a_chain_names_a_patient_as_an_id_does(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        url = "Observation?subject.identifier=urn:his:b|b-{}"
        hidden, absent, seen = [await found.get(url.format(n), "a1") for n in ("P2", "P9", "P1")]
        assert told(hidden) == told(absent)
        assert hidden.status_code == 403
        assert ids_of(seen) == [found.results["P1b"]]


async def test_of_two_patients_each_must_be_treated(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        first, second = found.patients["P1b"], found.patients["P2b"]
        both = await alike(found, "a1", f"Observation?patient={first},{{}}", second)
        assert both.status_code == 403
        twice = await found.get(f"Observation?patient={first}&patient={second}", "a1")
        assert twice.status_code == 400
        either = await found.get(f"Observation?patient={first}&subject={second}", "a1")
        assert either.status_code == 403
        mine = await found.get(f"Observation?patient={first},{found.patients['P1a']}", "a1")
        assert set(ids_of(mine)) == {found.results["P1a"], found.results["P1b"]}
        assert shown(mine, [found.canary("P2a"), found.canary("P2b")]) == []


async def test_a_person_names_a_patient_also_where_what_is_misspelt_is_left_out(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        none = await found.get("Observation?code=2823-3", "a1")
        assert (none.status_code, none.json()["issue"][0]["code"]) == (400, "required")
        first = found.patients["P1a"]
        wrong = await found.get(f"Observation?patinet={first}", "a1")
        assert wrong.status_code == 400
        assert await found.last_audit() == ("4", "param")
        lenient = await found.get(f"Observation?patinet={first}", "a1", Prefer="handling=lenient")
        assert (lenient.status_code, lenient.json()["issue"][0]["code"]) == (400, "required")
        right = await found.get(f"Observation?patient={first}", "a1")
        assert ids_of(right) == [found.results["P1a"]]


EMPTY = [
    "Patient?_id={}",
    "Observation?_id={result}",
    "Observation?identifier=urn:lab|P2b-1",
    "Patient?identifier=urn:his:b|b-P2",
    "Patient?identifier=urn:his:b|b-P2&_total=accurate",
    "Patient?_id={}&_has:Observation:subject:code=2823-3",
    "Patient?_id={}&_revinclude=Observation:subject",
    "Observation?_id={result}&_include=Observation:subject",
    "Observation?_id={result}&_summary=count",
]


async def test_what_is_found_without_naming_a_patient_leaves_others_out(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        for url in EMPTY:
            asked = url.format(found.patients["P2b"], result=found.results["P2b"])
            for who in ("a1", "a"):
                answer = await found.get(asked, who)
                assert ids_of(answer) == []
                assert answer.json().get("total", 0) == 0
                assert shown(answer, [found.canary("P2b"), "示例P2"]) == []
            theirs = await found.get(asked, "b")
            assert theirs.json().get("total", 1) == 1
            assert "count" in url or len(ids_of(theirs)) == 1


async def test_the_history_of_a_type_shows_visible_versions_alone(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        answer = await found.get("Observation/_history?_count=200", "c")
        assert answer.status_code == 200
        every = [found.canary(one) for one in found.results]
        assert shown(answer, every) == [found.canary("P6c")]
        mine = await found.get("Observation/_history?_count=200", "b")
        assert found.canary("P2b") in mine.text
        assert found.canary("P2a") not in mine.text
        system = await found.get("_history", "b")
        assert (system.status_code, system.json()["issue"][0]["code"]) == (403, "forbidden")
        person = await found.get("Observation/_history", "a1")
        assert person.status_code == 400


async def test_everything_of_a_patient_is_that_patients_alone(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        answer = await found.get(f"Patient/{found.patients['P1b']}/$everything", "a1")
        assert answer.status_code == 200
        every = [found.canary(one) for one in found.results]
        assert shown(answer, every) == [found.canary("P1b")]
        homes = set(re.findall(r"Patient/([A-Za-z0-9_-]{16,})", answer.text))
        assert homes == {found.patients["P1b"]}


async def test_a_system_is_told_nothing_of_a_patient_not_treated(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        hidden = found.patients["P2b"]
        for url in NAMING:
            answer = await alike(found, "a", url, hidden)
            if "$everything" in url:
                assert answer.status_code == 404
            elif answer.status_code == 200:
                assert ids_of(answer) == []
                assert answer.json().get("total", 0) == 0
            else:
                assert answer.json()["issue"][0]["code"] == "too-costly", url
