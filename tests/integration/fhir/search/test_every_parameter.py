"""Every search parameter of every served type, with every modifier: found, not found, or refused.

The resources and the questions are made from the registry (`tests.r4.search_table`).
"""

from pathlib import Path
from typing import Any

import pytest

from hie.store.search.registry import PARAMETERS
from tests.integration.fhir.support import hub_of_writer
from tests.r4.search_table import asked_all, definitions

pytestmark = pytest.mark.anyio


async def test_every_parameter_finds_what_it_is_asked_for_and_nothing_else(
    place: Any, tmp_path: Path
) -> None:
    async with hub_of_writer(place, tmp_path, "hie/client-ids") as (hub, client):
        for tree in definitions():
            answer = await client.put(f"/fhir/{tree['resourceType']}/{tree['id']}", json=tree)
            assert answer.status_code == 201, answer.text
        faults = []
        for kind in sorted(PARAMETERS):
            faults += await asked_all(hub, client, kind)
        assert not faults, "\n".join(faults[:50])
