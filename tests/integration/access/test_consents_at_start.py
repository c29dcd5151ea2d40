"""What a deployment chooses about Consents holds from its start on, for those that stand too."""

from pathlib import Path
from typing import Any

import pytest

from hie.app import opened
from hie.consent.provision import Level
from hie.consent.terms import Terms, terms_in_force, use_terms
from hie.store import consents
from tests.integration.access.consents import consent_of, denying, give, rule, treating
from tests.integration.test_doors import _settings

pytestmark = pytest.mark.anyio


async def rules(db: Any, home: str) -> int:
    async with db.reading() as reader:
        found: int = await reader.fetchval(
            "SELECT count(*) FROM consent_rule WHERE home = $1", home
        )
    return found


async def test_other_terms_make_the_rules_anew(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        home = found.patients["P5b"]
        await give(found, "a", found.patients["P5a"], rule("deny", labels="HIV"))
        assert await rules(found.hub.db, home) == 1
    settings = _settings(place)
    try:
        implicit = settings.model_copy(update={"consent_level": "implicit"})
        async with opened(implicit) as hub:
            assert terms_in_force() == Terms(Level.IMPLICIT)
            assert await rules(hub.db, home) == 0
        async with opened(settings) as hub:
            assert await rules(hub.db, home) == 1
            async with hub.db.unit() as unit:
                await consents.write_rules(unit, [home], [])
        async with opened(settings) as hub:
            assert await rules(hub.db, home) == 0  # the same terms: nothing is made anew
    finally:
        use_terms(Terms())


async def test_a_consent_beyond_the_level_is_refused(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        try:
            use_terms(Terms(Level.BASIC))
            patient = found.patients["P5a"]
            for root in (rule("deny", labels="HIV"), rule("permit", rule("deny"))):
                answer = await found.post("Consent", "a", consent_of(patient, root))
                assert answer.status_code == 422
                assert "level" in answer.text
            await give(found, "a", patient, denying("c"))
            use_terms(Terms(Level.IMPLICIT))
            answer = await found.post("Consent", "a", consent_of(patient, denying("b")))
            assert answer.status_code == 422
        finally:
            use_terms(Terms())
