"""What comes back from an identity provider and does not fit is an attack; each with its twin."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from hie.exchange.commands import run
from tests.integration.launch.provider import BACK, CLIENT, ID, registered
from tests.integration.launch.rogue import Rogue, answer_of, id_token, rogue
from tests.integration.launch.support import PASSWORD, Desk, csrf_of, desk
from tests.integration.test_doors import BASE
from tests.unit.access.tokens import ec_key, signed

pytestmark = pytest.mark.anyio
CANARY = "canary-of-the-provider"

CLAIMS: dict[str, dict[str, Any]] = {
    "no nonce": {"nonce": None},
    "another's nonce": {"nonce": "n" * 43},
    "a nonce that is no text": {"nonce": 1},
    "another issuer": {"iss": "https://evil.example"},
    "an issuer that begins alike": {"iss": "+.evil.example"},
    "for another client": {"aud": "another"},
    "for two clients": {"aud": [CLIENT, "another"]},
    "for a list of one": {"aud": [CLIENT]},
    "for the hub's own address": {"aud": f"{BASE}/fhir"},
    "authorized party another": {"azp": "another"},
    "nobody": {"sub": None},
    "an empty subject": {"sub": ""},
    "over": {"exp": -60},
    "made long ago": {"iat": -400},
    "made tomorrow": {"iat": 86_400},
    "of no time": {"iat": None},
    "for a while as text": {"exp": "soon"},
}
HEADERS: dict[str, dict[str, Any]] = {
    "unsigned": {"alg": "none"},
    "a shared secret": {"alg": "HS256"},
    "another algorithm": {"alg": "RS256"},
    "no key named": {"kid": None},
    "another key": {"kid": "another"},
    "an access token": {"typ": "at+jwt"},
    "no type": {"typ": None},
    "a key in the header": {"jwk": {"kty": "EC"}},
    "a key's address": {"jku": "https://evil.example/jwks"},
    "critical": {"crit": ["x"]},
}


async def begun(at: Desk) -> tuple[str, str]:
    """State and nonce of a sign-in this browser begins."""
    left = await at.browser.get(f"/sign-in/with/{ID}?next=/patients")
    assert left.status_code == 303, left.text
    asked = parse_qs(urlsplit(left.headers["location"]).query)
    assert asked["redirect_uri"] == [BACK]
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) >= 43
    assert len(asked["nonce"][0]) >= 43
    return asked["state"][0], asked["nonce"][0]


async def came(at: Desk, **said: str) -> httpx.Response:
    return await at.browser.get(f"/sign-in/back/{ID}?{urlencode(said)}")


async def refused_alike(at: Desk, answer: httpx.Response, name: str) -> None:
    """400, an alert, no session, nothing repeated."""
    assert answer.status_code == 400, name
    assert (await at.refused())[-1] == ("oidc", "8"), name
    at.hub.entrance.refusals._noise.clear()  # of the sixth in a minute only a count would be kept
    assert CANARY not in answer.text, name
    assert not any("hie_session" in one for one in answer.headers.get_list("set-cookie")), name
    assert (await at.browser.get("/patients")).status_code == 401, name


async def test_an_id_token_that_does_not_fit_signs_nobody_in(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at, rogue(tmp_path / "idp", at.hub) as idp:
        await registered(at.hub, idp.issuer, algorithm="ES256")

        async def tried(make: Callable[[dict[str, Any]], str], **changes: Any) -> httpx.Response:
            state, nonce = await begun(at)
            idp.id_token = make(idp.claims(nonce, at.hub.entrance.clock(), **changes))
            return await came(at, code="c", state=state, iss=idp.issuer)

        for name, changes in CLAIMS.items():
            moved = _moved(changes, at.hub.entrance.clock(), idp.issuer)
            await refused_alike(at, await tried(id_token, **moved), name)
        for name, header in HEADERS.items():
            answer = await tried(lambda claims, h=header: id_token(claims, **h))  # type: ignore[misc]
            await refused_alike(at, answer, name)
        for name, make in _OTHERS.items():
            await refused_alike(at, await tried(make), name)
        assert (await tried(id_token)).status_code == 303
        assert (await at.browser.get("/patients")).status_code == 200


def _moved(changes: dict[str, Any], now: float, issuer: str) -> dict[str, Any]:
    moved = dict(changes)
    for name in ("iat", "exp"):
        if isinstance(moved.get(name), int):
            moved[name] = int(now) + moved[name]
    if str(moved.get("iss")).startswith("+"):
        moved["iss"] = issuer + moved["iss"][1:]
    return moved


def _foreign(claims: dict[str, Any]) -> str:
    header = {"alg": "ES256", "kid": "k", "typ": "JWT"}
    return signed(header, claims, ec_key("P-256", 8), "ES256")


_OTHERS: dict[str, Callable[[dict[str, Any]], str]] = {
    "signed by another": _foreign,
    "no token": lambda claims: "",
    "a token of four parts": lambda claims: id_token(claims) + ".x",
    "a padded token": lambda claims: id_token(claims) + "=",
    "a changed signature": lambda claims: id_token(claims)[:-8] + "AAAAAAAA",
}


async def test_an_answer_that_is_not_this_browsers_signs_nobody_in(
    place: Any, tmp_path: Path
) -> None:
    async with desk(place, tmp_path) as at, rogue(tmp_path / "idp", at.hub) as idp:
        await registered(at.hub, idp.issuer, algorithm="ES256")
        good = {"code": CANARY, "iss": idp.issuer}
        await refused_alike(at, await came(at, **good, state="s" * 43), "never begun")
        for name, changes in {
            "no state": {"state": None},
            "another state": {"state": "s" * 43},
            "a state of other letters": {"state": "状态"},
            "no issuer": {"iss": None},
            "another issuer": {"iss": "https://evil.example"},
            "an issuer with a slash": {"iss": f"{idp.issuer}/"},
            "no code": {"code": None},
            "a long code": {"code": "c" * 2049},
        }.items():
            state, nonce = await begun(at)
            idp.id_token = id_token(idp.claims(nonce, at.hub.entrance.clock()))
            said = {**good, "state": state, **changes}
            answer = await came(at, **{k: v for k, v in said.items() if v is not None})
            await refused_alike(at, answer, name)
        state, nonce = await begun(at)
        twice = urlencode([*good.items(), ("state", state), ("state", state)])
        await refused_alike(at, await at.browser.get(f"/sign-in/back/{ID}?{twice}"), "twice")

        state, nonce = await begun(at)
        idp.id_token = id_token(idp.claims(nonce, at.hub.entrance.clock()))
        assert (await came(at, **good, state=state)).status_code == 303


async def test_a_state_is_answered_once_and_in_time(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at, rogue(tmp_path / "idp", at.hub) as idp:
        await registered(at.hub, idp.issuer, algorithm="ES256")
        state, nonce = await begun(at)
        kept = dict(at.browser.cookies)
        idp.id_token = "no token"
        await refused_alike(at, await came(at, code="c", state=state, iss=idp.issuer), "first")
        at.browser.cookies.update(kept)
        idp.id_token = id_token(idp.claims(nonce, at.hub.entrance.clock()))
        calls = len(idp.forms)
        await refused_alike(at, await came(at, code="c", state=state, iss=idp.issuer), "again")
        assert len(idp.forms) == calls

        state, nonce = await begun(at)
        clock, now = at.hub.entrance.clock, at.hub.entrance.clock()
        object.__setattr__(at.hub.entrance, "clock", lambda: now + 601)
        late = await came(at, code="c", state=state, iss=idp.issuer)
        object.__setattr__(at.hub.entrance, "clock", clock)
        await refused_alike(at, late, "late")


async def test_a_cookie_that_was_touched_or_moved_is_none(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at, rogue(tmp_path / "idp", at.hub) as idp:
        await registered(at.hub, idp.issuer, algorithm="ES256")
        more = {"client_id": "the-hub-2", "algorithm": "ES256", "provider": "hospital-c"}
        other = {"issuer": f"{idp.issuer}/c", "institution": "91110000802100433B", **more}
        await run(at.hub, "provider-add", other)
        state, nonce = await begun(at)
        idp.id_token = id_token(idp.claims(nonce, at.hub.entrance.clock()))
        name = next(one for one in at.browser.cookies if one.endswith("hie_oidc"))
        whole = at.browser.cookies[name]
        said = {"code": "c", "state": state, "iss": idp.issuer}
        for touched in (whole[:-2] + "AA", whole[:20], "x", ""):
            at.browser.cookies.clear()
            at.browser.cookies.set(name, touched)
            await refused_alike(at, await came(at, **said), touched[:4])
        at.browser.cookies.clear()
        at.browser.cookies.set(name, whole)
        moved = await at.browser.get(f"/sign-in/back/hospital-c?{urlencode(said)}")
        assert moved.status_code == 400
        at.browser.cookies.clear()
        at.browser.cookies.set(name, whole)
        assert (await came(at, **said)).status_code == 303


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example",
        "javascript:alert(1)", "evil.example", "/a\nb", "/evil example", "/<evil>\u0080",
        "/" + "a" * 5000, "///evil.example", "http:evil.example", "/\t/evil.example",
    ],
)  # fmt: skip
async def test_who_would_be_led_elsewhere_after_sign_in_is_not_signed_in(
    place: Any, tmp_path: Path, wanted: str
) -> None:
    async with desk(place, tmp_path) as at, rogue(tmp_path / "idp", at.hub) as idp:
        await registered(at.hub, idp.issuer, algorithm="ES256")
        spoilt = any(ord(sign) < 32 for sign in wanted)  # passes no door
        for path in (f"/sign-in/with/{ID}", "/sign-in"):
            answer = await at.browser.get(f"{path}?{urlencode({'next': wanted})}")
            assert answer.status_code == 400
            assert "evil" not in answer.text
            assert spoilt or (await at.refused())[-1] == ("oidc", "8")
        form = await at.browser.get("/sign-in?next=/patients")
        fields = {"login": "wang", "password": PASSWORD, "csrf": csrf_of(form.text)}
        sent = await at.browser.post("/sign-in", data={**fields, "next": wanted})
        assert sent.status_code == 400
        assert (await at.refused())[-1] == ("oidc", "8")
        assert (await at.browser.get("/patients")).status_code == 401
        sent = await at.browser.post("/sign-in", data={**fields, "next": "/patients?lang=en"})
        assert sent.headers["location"] == "/patients?lang=en"


DISCOVERED: dict[str, Callable[[Rogue], None]] = {
    "another issuer": lambda idp: idp.discovery.update(issuer="https://evil.example"),
    "an issuer with a slash": lambda idp: idp.discovery.update(issuer=f"{idp.issuer}/"),
    "no token endpoint": lambda idp: idp.discovery.update(token_endpoint=None),
    "keys in the hub's network": lambda idp: idp.discovery.update(
        jwks_uri="https://169.254.169.254/jwks"
    ),
    "keys in clear": lambda idp: idp.discovery.update(jwks_uri=f"http://x.example:{idp.port}/jwks"),
    "no JSON": lambda idp: idp.answers.update(
        {"/.well-known/openid-configuration": answer_of("<")}
    ),
    "doubled members": lambda idp: idp.answers.update(
        {"/.well-known/openid-configuration": answer_of('{"issuer":"x","issuer":"y"}')}
    ),
    "a redirect": lambda idp: idp.answers.update(
        {"/jwks": answer_of("", "302 Found", "Location: https://evil.example/jwks")}
    ),
    "endless keys": lambda idp: idp.answers.update({"/jwks": answer_of(" " * 70_000)}),
    "no keys": lambda idp: idp.answers.update({"/jwks": answer_of("[]")}),
}


async def test_a_provider_that_is_not_what_was_pinned_is_not_gone_to(
    place: Any, tmp_path: Path
) -> None:
    async with desk(place, tmp_path) as at, rogue(tmp_path / "idp", at.hub) as idp:
        await registered(at.hub, idp.issuer, algorithm="ES256")
        clock = at.hub.entrance.clock
        for number, (name, spoil) in enumerate(DISCOVERED.items()):
            at.hub.entrance.providers._held.clear()
            at.hub.entrance.providers._failed.clear()
            idp.discovery, idp.answers = {}, {}
            spoil(idp)
            answer = await at.browser.get(f"/sign-in/with/{ID}")
            assert answer.status_code == 503, (name, number)
            assert "location" not in answer.headers
            assert await _signs_in(at) == (
                False,
                f"{ID}: no answer, or not of the registered issuer",
            )
        idp.discovery, idp.answers = {}, {}
        calls = len(idp.asked)
        assert (await at.browser.get(f"/sign-in/with/{ID}")).status_code == 503
        assert len(idp.asked) == calls  # within ten seconds of the last try nobody is called
        now = clock()
        at.hub.entrance.providers._clock = lambda: now + 11
        assert (await at.browser.get(f"/sign-in/with/{ID}")).status_code == 303
        assert await _signs_in(at) == (True, "identity providers that answer: 1")


async def _signs_in(at: Desk) -> tuple[bool, str]:
    """What the doctor says of signing in."""
    checks = (await run(at.hub, "doctor", {}))["checks"]
    (found,) = (one for one in checks if one["check"] == "sign-in")
    return found["ok"], found["text"]


async def test_a_code_that_the_provider_refuses_signs_nobody_in(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at, rogue(tmp_path / "idp", at.hub) as idp:
        await registered(at.hub, idp.issuer, algorithm="ES256")
        idp.answers["/token"] = answer_of('{"error":"invalid_grant"}', "400 Bad Request")
        state, _ = await begun(at)
        await refused_alike(at, await came(at, code="c", state=state, iss=idp.issuer), "400")
        idp.answers["/token"] = answer_of("", "302 Found", "Location: https://evil.example/")
        state, _ = await begun(at)
        away = await came(at, code="c", state=state, iss=idp.issuer)
        assert away.status_code == 503
        form = parse_qs(idp.forms[-1])
        assert form["grant_type"] == ["authorization_code"]
        assert len(form["code_verifier"][0]) >= 43
        assert "client_assertion" in form
