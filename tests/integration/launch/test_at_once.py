"""Two who come with one code, one ticket or one answer at the same moment: one of them is let in."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hie.oauth.upkeep import tidy
from hie.store import auth_codes
from hie.store.auth_codes import AuthCode
from hie.store.session import Reader
from tests.integration.launch.provider import registered
from tests.integration.launch.rogue import id_token, rogue
from tests.integration.launch.support import APP, VERIFIER, answered, desk, events_of
from tests.integration.launch.test_hostile_answers import begun, came

pytestmark = pytest.mark.anyio
SCOPE = "launch patient/Patient.r"


async def test_a_code_is_changed_by_one_of_many(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        code = await at.code(at.region.patients["P1a"])
        answers = await asyncio.gather(*(at.token(code) for _ in range(8)))
        assert sorted(one.status_code for one in answers) == [200] + [400] * 7
        issued = [one for one in await events_of(at.hub, "token-issued") if one[0] == APP]
        assert len(issued) == 1
        told = [one for one in await at.refused() if one[0] in {"replay", "oidc"}]
        assert len(told) == min(7, len(told)) >= 5  # of the sixth in a minute a count is kept


@pytest.mark.parametrize("verifier", [VERIFIER, VERIFIER[::-1]])
async def test_who_comes_with_a_code_at_the_same_moment_ends_the_token_as_who_comes_later(
    place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verifier: str
) -> None:
    turn, looked, find = asyncio.Event(), asyncio.Event(), auth_codes.find

    async def found(reader: Reader, code: str) -> AuthCode | None:
        """The second looks while the code is unused, and goes on when it was changed."""
        answer = await find(reader, code)
        if asyncio.current_task() is second and not looked.is_set():
            looked.set()
            await turn.wait()
        return answer

    async with desk(place, tmp_path) as at:
        await at.sign_in()
        patient = at.region.patients["P1a"]
        code = await at.code(patient)
        monkeypatch.setattr(auth_codes, "find", found)
        second = asyncio.create_task(at.token(code, code_verifier=verifier))
        await looked.wait()
        token = (await at.token(code)).json()["access_token"]
        assert (await at.fhir(f"Patient/{patient}", token)).status_code == 200
        turn.set()
        assert (await second).json()["error"] == "invalid_grant"
        assert (await at.fhir(f"Patient/{patient}", token)).status_code == 401
        assert ("replay", "8") in await at.refused()


async def test_a_ticket_opens_once_for_many(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        asked = {"app": APP, "patient": at.region.patients["P1a"]}
        headers = at.region.headers["a"]
        ticket = await at.region.client.post("/v1/launch-tickets", json=asked, headers=headers)
        launch = ticket.json()["launch"]
        answers = await asyncio.gather(
            *(at.authorize(scope=SCOPE, launch=launch) for _ in range(6))
        )
        said = [answered(one) for one in answers]
        assert sum("code" in one for one in said) == 1
        assert sum(one.get("error") == "invalid_request" for one in said) == 5


async def test_an_answer_of_a_provider_opens_one_session(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at, rogue(tmp_path / "idp", at.hub) as idp:
        await registered(at.hub, idp.issuer, algorithm="ES256")
        state, nonce = await begun(at)
        idp.id_token = id_token(idp.claims(nonce, at.hub.entrance.clock()))
        said = {"code": "c", "state": state, "iss": idp.issuer}
        answers = await asyncio.gather(*(came(at, **said) for _ in range(5)))
        assert sorted(one.status_code for one in answers) == [303] + [400] * 4
        assert len(await events_of(at.hub, "sign-in")) == 1


async def test_what_is_over_is_forgotten(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        patient = at.region.patients["P1a"]
        await at.token(await at.code(patient))
        asked = {"patient": patient}
        headers = at.region.headers["a"]
        await at.region.client.post("/v1/launch-tickets", json=asked, headers=headers)
        assert await _kept(at) == (1, 1)
        await tidy(at.hub.entrance)
        assert await _kept(at) == (1, 1)
        now = at.hub.entrance.clock()
        object.__setattr__(at.hub.entrance, "clock", lambda: now + 3600)
        await tidy(at.hub.entrance)
        assert await _kept(at) == (0, 0)


async def _kept(at: Any) -> tuple[int, int]:
    async with at.hub.db.reading() as reader:
        codes = await reader.fetchval("SELECT count(*) FROM auth_code")
        return codes, await reader.fetchval("SELECT count(*) FROM launch")
