"""Every decision of a Consent is in the log, for auditors; nobody else learns from it."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.access.consents import denying, give, rule, treating
from tests.integration.access.support import INSTITUTIONS, NOT_THERE, Region
from tests.integration.fhir.auditing import client_with

pytestmark = pytest.mark.anyio


async def logged(found: Region) -> list[tuple[str, str, str | None, str]]:
    """Type, outcome, reason of each event since the last Consent was written, and its subjects."""
    async with found.hub.db.reading() as reader:
        rows = await reader.fetch(
            "SELECT a.type, a.outcome, a.reason, coalesce(s.resources, ''), coalesce(s.home, '')"
            " FROM audit_access AS a LEFT JOIN audit_subject AS s ON s.access = a.id"
            " ORDER BY a.at_us, a.n"
        )
    last = max(n for n, row in enumerate(rows) if "Consent/" in row[3] and row[0] == "write")
    return [(row[0], row[1], row[2], row[3]) for row in rows[last + 1 :]]


async def test_a_denied_read_is_refused_for_consent_and_the_decision_is_named(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        key = await give(found, "a", found.patients["P5a"], denying())
        await found.get(f"Observation/{found.results['P5a']}", "b")
        assert await logged(found) == [
            ("refused", "4", "consent", ""),
            ("consent-decision", "4", "consent", f"Consent/{key}"),
        ]


@pytest.mark.parametrize("way", ["_history", "_history/1"])
async def test_denied_versions_are_logged_like_a_denied_read(
    place: Any, tmp_path: Path, way: str
) -> None:
    async with treating(place, tmp_path) as found:
        key = await give(found, "a", found.patients["P5a"], denying())
        await found.get(f"Observation/{found.results['P5a']}/{way}", "b")
        assert await logged(found) == [
            ("refused", "4", "consent", ""),
            ("consent-decision", "4", "consent", f"Consent/{key}"),
        ]


async def test_a_permitted_read_names_the_consent_that_permits(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        key = await give(found, "a", found.patients["P5a"], rule("permit", purpose="TREAT"))
        await found.get(f"Observation/{found.results['P5a']}", "b")
        first, second = await logged(found)
        assert first[:3] == ("read", "0", None)
        assert second == ("consent-decision", "0", None, f"Consent/{key}")


async def test_where_no_consent_speaks_nothing_is_decided(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        await give(found, "a", found.patients["P6a"], denying("c"))
        await found.get(f"Observation/{found.results['P6a']}", "b")
        assert [one[0] for one in await logged(found)] == ["read"]


async def test_an_empty_search_of_a_denied_patient_has_its_decision(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        key = await give(found, "a", found.patients["P5a"], denying())
        answer = await found.get(f"Observation?patient={found.patients['P5b']}", "b")
        assert answer.status_code == 200
        events = await logged(found)
        assert [one[:2] for one in events] == [("search", "0"), ("consent-decision", "4")]
        assert events[1][3] == f"Consent/{key}"


async def test_the_reasons_for_nothing_differ_in_the_log_alone(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        await give(found, "a", found.patients["P5a"], denying())
        for key in (found.results["P5a"], found.results["P2a"], NOT_THERE):
            await found.get(f"Observation/{key}", "b")
        reasons = [one[2] for one in await logged(found) if one[0] == "refused"]
        assert reasons == ["consent", "rel", "absent"]


async def test_the_caller_learns_nothing_from_the_log_and_its_auditor_everything(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        key = await give(found, "a", found.patients["P5a"], denying())
        await found.get(f"Observation/{found.results['P5a']}", "b")
        own = await found.get("AuditEvent?_count=50&_sort=-date", "b")
        assert own.status_code == 200, own.text
        assert "consent" not in own.text
        assert key not in own.text
        refused = [one["resource"] for one in own.json()["entry"]]
        assert "absent" in {one.get("outcomeDesc") for one in refused}
        found.headers["auditor"] = await client_with(
            found.hub,
            "audit-b",
            "system/AuditEvent.rs",
            purpose="HCOMPL",
            institution=INSTITUTIONS["b"],
        )
        told = await found.get("AuditEvent?_count=50&_sort=-date", "auditor")
        assert told.status_code == 200, told.text
        (decision,) = [
            one["resource"]
            for one in told.json()["entry"]
            if one["resource"]["subtype"][0]["code"] == "AuthZ-Consent"
        ]
        assert decision["outcome"] == "4"
        assert decision["outcomeDesc"] == "consent"
        entities = {one["what"].get("reference", "") for one in decision["entity"]}
        assert {f"Consent/{key}", f"Patient/{found.patients['P5a']}"} <= entities
        assert "authserver" in str(decision["agent"])
