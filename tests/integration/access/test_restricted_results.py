"""P4's HIV result lies in B: who treats P4 in A sees everything but that, and no sign of it."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.access.support import (
    NOT_THERE,
    Region,
    encounter_of,
    ids_of,
    region,
    result_of,
    shown,
)
from tests.integration.access.test_relation_is_asked import told

pytestmark = pytest.mark.anyio
CANARY = "canary-hiv-7f3c"


async def planted(found: Region) -> tuple[str, str, str]:
    """The HIV result of P4 in B, the report that lists it with another, and that other."""
    patient = found.patients["P4b"]
    tree = {**result_of(patient, "hiv", "75622-1"), "note": [{"text": CANARY}]}
    hiv = await found.made("b", tree)
    plain = await found.made("b", result_of(patient, "na", "2951-2"))
    report = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"text": "示例"},
        "subject": {"reference": f"Patient/{patient}"},
        "result": [{"reference": f"Observation/{one}"} for one in (hiv, plain)],
        "conclusion": CANARY,
    }
    return hiv, await found.made("b", report), plain


async def test_a_restricted_result_is_nowhere_for_who_is_not_cleared(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        hiv, report, plain = await planted(found)
        patient = found.patients["P4b"]
        for who in ("a1", "a"):
            for kind, key in (("Observation", hiv), ("DiagnosticReport", report)):
                for url in ("{}", "{}/_history/1", "{}/_history"):
                    answers = [
                        await found.get(f"{kind}/{url}".format(one), who)
                        for one in (key, NOT_THERE)
                    ]
                    assert answers[0].status_code == 404
                    assert told(answers[0], key) == told(answers[1], NOT_THERE)
            results = await found.get(f"Observation?patient={patient}&_total=accurate", who)
            assert set(ids_of(results)) == {plain, found.results["P4b"]}
            assert results.json()["total"] == 2
            for url in (
                f"Observation?patient={patient}&code=75622-1",
                f"Observation?_id={hiv}",
                f"DiagnosticReport?patient={patient}",
                f"DiagnosticReport?result=Observation/{hiv}&patient={patient}",
                f"Patient?_id={patient}&_has:Observation:subject:code=75622-1",
            ):
                assert ids_of(await found.get(url, who)) == [], url
            for url in (
                f"Patient/{patient}/$everything",
                f"Observation?patient={patient}&_revinclude=DiagnosticReport:result",
                f"Patient?_id={patient}&_revinclude=Observation:subject",
                f"Observation/$lastn?patient={patient}&max=3",
            ):
                answer = await found.get(url, who)
                assert shown(answer, [CANARY, hiv, report, "75622"]) == [], url


async def test_who_keeps_it_sees_it(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as found:
        hiv, report, _ = await planted(found)
        await found.person("b1", "b")
        assert (await found.get(f"Observation/{hiv}", "b1")).status_code == 404
        await found.made("b", encounter_of(found.patients["P4b"]))
        for who in ("b", "b1"):
            for url in (f"Observation/{hiv}", f"DiagnosticReport/{report}"):
                answer = await found.get(url, who)
                assert answer.status_code == 200, (who, url)
                assert CANARY in answer.text
