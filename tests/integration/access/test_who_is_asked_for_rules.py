"""The log asks which Consents decided only where the look saw that the patient has rules."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.access.consents import denying, give, treating
from tests.integration.access.support import Region
from tests.integration.store.plans import watched

pytestmark = pytest.mark.anyio
LOOKS = (
    "Observation/{result}",
    "Patient/{patient}",
    "Observation?patient={patient}",
    "Observation?patient={patient}&_include=Observation:subject",
    "Observation?patient={patient}&_total=accurate&_count=0",
    "Observation?patient={patient}&value-quantity=gt1",
    "Patient?_id={patient}&_revinclude=Observation:subject",
    "DiagnosticReport?patient={patient}",
    "Observation/$lastn?patient={patient}",
    "Patient/{patient}/$everything",
)


async def asks(found: Region, look: str) -> bool:
    """Whether one look of hospital A makes the log ask for rules."""
    question = look.format(patient=found.patients["P1a"], result=found.results["P1a"])
    async with found.hub.db.reading() as reader:
        with watched(reader) as seen:
            answer = await found.get(question, "a")
    assert answer.status_code == 200, answer.text
    return any(", home FROM consent_rule" in sql for sql, _ in seen)


async def test_only_who_has_rules_is_asked_for_them(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        assert [look for look in LOOKS if await asks(found, look)] == []
        await give(found, "a", found.patients["P1a"], denying("c"))
        assert [look for look in LOOKS if not await asks(found, look)] == []
