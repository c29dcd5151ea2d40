"""TerminologyCapabilities names the code systems that are known, and no other."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from hie.store.value_sets import at_hand
from tests.integration.fhir.hostile import hostile_field

pytestmark = pytest.mark.anyio


async def test_the_code_systems_that_are_named_are_known(place: Any, tmp_path: Path) -> None:
    async with hostile_field(place, tmp_path) as field:
        told = (await field.client.get("/fhir/metadata?mode=terminology")).json()
        assert told["resourceType"] == "TerminologyCapabilities"
        known = at_hand().systems
        assert len(told["codeSystem"]) == len(known) > 2
        for one in told["codeSystem"]:
            code = quote(min(known[one["uri"]].concepts))
            path = f"/fhir/CodeSystem/$lookup?system={quote(one['uri'])}&code={code}"
            answer = await field.client.get(path)
            assert answer.status_code == 200, (one, answer.text)
