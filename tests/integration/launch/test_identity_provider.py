"""People sign in by their hospital's identity provider, unchanged from npm; the hub's tokens follow."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.exchange.commands import run
from tests.clients.node import needs_packages
from tests.integration.access.support import INSTITUTIONS
from tests.integration.launch.provider import (
    ID,
    SECRET,
    IdentityProvider,
    provider,
    registered,
)
from tests.integration.launch.support import Desk, answered, desk, events_of
from tests.integration.test_doors import BASE

pytestmark = [pytest.mark.anyio, needs_packages]


async def back_from(at: Desk, idp: IdentityProvider, wanted: str = "/patients") -> str:
    """The path of the hub that the provider sends the browser back to."""
    left = await at.browser.get(f"/sign-in/with/{ID}", params={"next": wanted})
    assert left.status_code == 303, left.text
    assert left.headers["location"].startswith(f"{idp.issuer}/")
    return idp.go(left.headers["location"]).removeprefix(BASE)


async def signed_in(at: Desk, idp: IdentityProvider, wanted: str = "/patients") -> httpx.Response:
    return await at.browser.get(await back_from(at, idp, wanted))


@pytest.mark.parametrize(
    ("method", "algorithm"),
    [
        ("private_key_jwt", "RS256"),
        ("client_secret_basic", "PS256"),
        ("none", "ES256"),
    ],
)
async def test_a_clinician_signs_in_at_her_hospital(
    place: Any, tmp_path: Path, method: str, algorithm: str
) -> None:
    async with desk(place, tmp_path) as at:
        with provider(tmp_path / "idp", at.hub, method=method, algorithm=algorithm) as idp:
            secret = SECRET if method == "client_secret_basic" else None
            told = {"method": method, "algorithm": algorithm, "secret": secret}
            await registered(at.hub, idp.issuer, **told)
            form = await at.browser.get("/sign-in?next=/patients")
            assert f'href="/sign-in/with/{ID}?next=/patients"' in form.text
            entered = await signed_in(at, idp)
            assert (entered.status_code, entered.headers["location"]) == (303, "/patients")
            assert (await at.browser.get("/patients")).status_code == 200
            events = await events_of(at.hub, "sign-in")
            assert [detail for _, _, detail in events] == [f"by {ID}"]
            assert await at.refused() == []


async def test_the_hub_mints_the_token_of_an_app_after_it(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        with provider(tmp_path / "idp", at.hub) as idp:
            await registered(at.hub, idp.issuer)
            asked = await at.authorize(scope="user/Patient.r")
            wanted = "/oauth/authorize?" + asked.request.url.query.decode()
            entered = await signed_in(at, idp, wanted)
            assert entered.headers["location"] == wanted
            code = answered(await at.browser.get(wanted))["code"]
            token = (await at.token(code)).json()["access_token"]
            patient = at.region.patients["P1a"]
            assert (await at.fhir(f"Patient/{patient}", token)).status_code == 200


async def test_an_answer_is_taken_once_and_from_the_browser_that_asked(
    place: Any, tmp_path: Path
) -> None:
    async with desk(place, tmp_path) as at:
        with provider(tmp_path / "idp", at.hub) as idp:
            await registered(at.hub, idp.issuer)
            path = await back_from(at, idp)
            from tests.integration.test_doors import _client

            async with _client(at.hub) as another:
                planted = await another.get(path)
                assert planted.status_code == 400
                assert "set-cookie" not in planted.headers or "hie_session" not in str(
                    planted.headers.get_list("set-cookie")
                )
            kept = dict(at.browser.cookies)
            assert (await at.browser.get(path)).status_code == 303
            at.browser.cookies.update(kept)
            again = await at.browser.get(path)
            assert again.status_code == 400
            assert await at.refused() == [("oidc", "8")] * 2


async def test_whom_the_hub_does_not_know_it_does_not_let_in(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        with provider(tmp_path / "idp", at.hub) as idp:
            await registered(at.hub, idp.issuer)
            await run(at.hub, "user-unlink", {"login": "wang", "provider": ID})
            stranger = await signed_in(at, idp)
            assert stranger.status_code == 401
            assert "e-0017" not in stranger.text
            assert (await at.browser.get("/patients")).status_code == 401
            linked = {"login": "wang", "provider": ID, "subject": "e-0017"}
            await run(at.hub, "user-link", linked)
            assert (await signed_in(at, idp)).status_code == 303
            await run(at.hub, "user-suspend", {"login": "wang"})
            assert (await signed_in(at, idp)).status_code == 401
            assert [one for one, _ in await at.refused() if one == "status"] == ["status"] * 2


async def test_a_provider_signs_in_nobody_of_another_institution(
    place: Any, tmp_path: Path
) -> None:
    from hie.errors import UnprocessableRequest
    from hie.store import providers, users

    async with desk(place, tmp_path) as at:
        with provider(tmp_path / "idp", at.hub, account="e-0099") as idp:
            await registered(at.hub, idp.issuer)
            other = {"login": "zhao", "provider": ID, "subject": "e-0099"}
            with pytest.raises(UnprocessableRequest):
                await run(at.hub, "user-link", other)
            async with at.hub.db.unit() as unit:  # as if the person had changed houses since
                account = await users.by_login(unit, "zhao")
                assert account is not None
                assert account.institution == INSTITUTIONS["b"]
                await providers.link(unit, ID, "e-0099", account.id, 1)
            assert (await signed_in(at, idp)).status_code == 401
            assert await at.refused() == [("org-spoof", "8")]


async def test_who_is_refused_there_is_told_so_and_a_suspended_provider_is_gone(
    place: Any, tmp_path: Path
) -> None:
    async with desk(place, tmp_path) as at:
        with provider(tmp_path / "idp", at.hub, refuses=True) as idp:
            await registered(at.hub, idp.issuer)
            refused = await signed_in(at, idp)
            assert refused.status_code == 401
            assert await at.refused() == [("password", "4")]
            await run(at.hub, "provider-suspend", {"provider": ID})
            assert (await at.browser.get(f"/sign-in/with/{ID}")).status_code == 404
            assert "/sign-in/with/" not in (await at.browser.get("/sign-in")).text
