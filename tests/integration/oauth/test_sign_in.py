"""People: signed in by password, kept by a session that ends, each form proved to be ours."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from hie.access.reason import Reason
from hie.errors import HubError, NotAuthenticated, NotPermitted, TooMany, UnprocessableRequest
from hie.oauth.forms import form_token, local_path, read_form_without_session
from hie.oauth.people import add_person, set_password
from hie.oauth.sign_in import SignedIn
from tests.integration.oauth.asking import COOKIE, a_scope, enter, home
from tests.integration.oauth.conftest import OPERATOR, PASSWORD, Hub, Making, a_person
from tests.unit.access.tokens import HUB

pytestmark = pytest.mark.anyio


async def test_a_person_signs_in_and_is_known_by_name_and_role(hub: Hub) -> None:
    entered = await enter(hub)
    answer = await home(hub, entered.secret)
    assert answer.json() == {"name": "王医生", "role": "clinician", "csrf": entered.csrf}
    (row,) = await hub.audit("sign-in")
    assert (row["outcome"], row["network"], row["kind"]) == ("0", "10.1.2.3", "user")
    assert entered.secret not in str(row)


async def test_a_login_is_read_without_regard_to_case_and_spaces(hub: Hub) -> None:
    await enter(hub, login=" WANG ")


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("wang", "wrong password here"),
        ("nobody", PASSWORD),
        ("wang", ""),
        ("", ""),
        ("wang", PASSWORD + " "),
        ("wang", PASSWORD.upper()),
        ("wang", "x" * 100_000),
        ("wang' OR '1'='1", PASSWORD),
    ],
)
async def test_every_failed_sign_in_sounds_the_same(hub: Hub, login: str, password: str) -> None:
    with pytest.raises(NotAuthenticated) as caught:
        await enter(hub, password, login)
    assert caught.value.text == "not accepted"
    (row,) = await hub.audit("refused")
    assert (row["reason"], row["client"]) == ("password", "")
    await enter(hub)


async def test_an_unknown_login_takes_as_much_hashing_as_a_known_one(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hie.oauth import passwords

    verified: list[str] = []
    original = passwords._verify

    def counted(stored: str, password: str) -> bool:
        verified.append(stored)
        return original(stored, password)

    monkeypatch.setattr(passwords, "_verify", counted)
    for login in ("wang", "nobody"):
        with pytest.raises(NotAuthenticated):
            await enter(hub, "wrong password here", login)
    assert len(verified) == 2
    assert verified[0].rsplit("$", 2)[0] == verified[1].rsplit("$", 2)[0]  # the same parameters


async def test_a_session_ends_after_eight_hours_in_use(hub: Hub) -> None:
    secret = (await enter(hub)).secret
    for _ in range(48):
        hub.clock.now += 10 * 60
        assert (await home(hub, secret)).status_code == 200
    hub.clock.now += 10
    assert (await home(hub, secret)).status_code == 401


async def test_a_session_cannot_be_given_to_a_browser_beforehand(hub: Hub) -> None:
    entered = await enter(hub, cookie="chosen-by-somebody-else-0123456789")
    assert entered.secret != "chosen-by-somebody-else-0123456789"
    assert (await home(hub, "chosen-by-somebody-else-0123456789")).status_code == 401


async def test_guessing_one_login_is_slowed_from_everywhere(hub: Hub) -> None:
    for number in range(10):
        with pytest.raises(NotAuthenticated):
            await enter(hub, "wrong password here", address=f"10.0.0.{number}")
    with pytest.raises(TooMany) as caught:
        await enter(hub, address="10.0.0.99")
    assert 0 < int(caught.value.faults[0].expected) <= 6
    assert caught.value.faults[0].code == Reason.RATE  # what the audit log has a word for
    hub.clock.now += 6
    await enter(hub, address="10.0.0.99")


async def test_guessing_many_logins_from_one_network_is_slowed(hub: Hub) -> None:
    for number in range(10):
        with pytest.raises(NotAuthenticated):
            await enter(hub, "wrong password here", login=f"user{number}")
    with pytest.raises(TooMany):
        await enter(hub)
    await enter(hub, address="10.7.7.7")


async def test_guesses_at_one_moment_are_counted_before_they_are_looked_at(hub: Hub) -> None:
    async def guess() -> str:
        try:
            await enter(hub, "wrong password here")
        except HubError as error:
            return type(error).__name__
        return "in"

    found = Counter(await asyncio.gather(*(guess() for _ in range(30))))
    assert found == {"NotAuthenticated": 10, "TooMany": 20}


async def test_a_right_password_is_never_counted(hub: Hub) -> None:
    for _ in range(15):
        await enter(hub)


@pytest.mark.parametrize("secret", ["", "x", "a" * 5000, "\N{SNOWMAN}", "../..", "null"])
async def test_a_made_up_session_is_none(hub: Hub, secret: str) -> None:
    async with hub.client() as http:
        cookie = f"{COOKIE}={secret}".encode()
        assert (await http.get("/", headers=[(b"Cookie", cookie)])).status_code == 401


async def test_two_session_cookies_are_none(hub: Hub) -> None:
    secret = (await enter(hub)).secret
    async with hub.client() as http:
        cookie = {"Cookie": f"{COOKIE}={secret}; {COOKIE}={secret}"}
        assert (await http.get("/", headers=cookie)).status_code == 401


async def test_the_session_opens_no_door_for_systems(hub: Hub) -> None:
    secret = (await enter(hub)).secret
    async with hub.client(headers={"Cookie": f"{COOKIE}={secret}"}) as http:
        assert (await http.get("/fhir/Observation/1")).status_code == 401
        assert (await http.post("/v1/order-check")).status_code == 401


async def test_the_database_holds_no_secret(hub: Hub) -> None:
    secret = (await enter(hub)).secret
    async with hub.entrance.db.reading() as reader:
        rows = await reader.fetch("SELECT * FROM session")
        people = await reader.fetch("SELECT * FROM user_account")
    assert secret not in str([tuple(row) for row in rows])
    assert PASSWORD not in str([tuple(row) for row in people])


# --- forms


async def post(hub: Hub, entered: SignedIn, fields: Any = None, **headers: str) -> httpx.Response:
    fields = {"csrf": entered.csrf} if fields is None else fields
    cookie = {"Cookie": f"{COOKIE}={entered.secret}"}
    async with hub.client() as http:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await http.post("/", headers=cookie | named, data=fields)


async def test_a_form_of_our_own_is_taken(hub: Hub) -> None:
    entered = await enter(hub)
    assert (await post(hub, entered)).status_code == 200
    assert (await post(hub, entered, Origin=HUB, Sec_Fetch_Site="same-origin")).status_code == 200
    assert (await post(hub, entered, {}, X_CSRF_Token=entered.csrf)).status_code == 415
    assert (await post(hub, entered, {"a": "1"}, X_CSRF_Token=entered.csrf)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "https://hub.example.evil"},
        {"Origin": "https://hub.example:8443"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
async def test_a_form_from_elsewhere_is_refused(hub: Hub, headers: dict[str, str]) -> None:
    answer = await post(hub, await enter(hub), **headers)
    assert answer.status_code == 403
    (row,) = await hub.audit("refused")
    assert (row["reason"], row["kind"]) == ("csrf", "user")


@pytest.mark.parametrize("fields", [{"a": "1"}, {"csrf": ""}, {"csrf": "x" * 43}, {"csrf": "☃"}])
async def test_a_form_without_its_token_is_refused(hub: Hub, fields: dict[str, str]) -> None:
    assert (await post(hub, await enter(hub), fields)).status_code == 403


async def test_another_sessions_token_is_refused(hub: Hub) -> None:
    mine, theirs = await enter(hub), await enter(hub)
    assert (await post(hub, mine, {"csrf": theirs.csrf})).status_code == 403


async def test_a_field_that_occurs_twice_is_refused(hub: Hub) -> None:
    entered = await enter(hub)
    assert (await post(hub, entered, {"csrf": entered.csrf, "a": ["1", "2"]})).status_code == 400


def sign_in_request(cookie: str | None, token: str | None, **headers: str) -> Request:
    body = b"login=wang" + (f"&csrf={token}".encode() if token else b"")
    scope = a_scope(content_type="application/x-www-form-urlencoded", host="hub.example", **headers)
    if cookie:
        scope["headers"].append((b"cookie", f"__Host-hie_form={cookie}".encode()))

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(scope, receive)


async def test_the_sign_in_form_is_proved_without_a_session() -> None:
    token, cookie = form_token(sign_in_request(None, None), secure=True)
    assert cookie is not None
    again, kept = form_token(sign_in_request(cookie, None), secure=True)
    assert (again, kept) == (token, None)
    form = await read_form_without_session(sign_in_request(cookie, token), secure=True)
    assert form["login"] == "wang"
    for bad in (
        sign_in_request(None, token),
        sign_in_request(cookie, None),
        sign_in_request("another-cookie-of-the-same-length-00", token),
        sign_in_request(cookie, token, origin="https://evil.example"),
    ):
        with pytest.raises(NotPermitted):
            await read_form_without_session(bad, secure=True)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/patients?q=1", "/patients?q=1"),
        ("/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("/a b", "/"),
        ("", "/"),
        (None, "/"),
        ("/" + "x" * 5000, "/"),
    ],
)
def test_after_sign_in_a_browser_stays_in_the_hub(target: Any, path: str) -> None:
    assert local_path(target) == path


async def test_over_plain_http_on_this_machine_the_cookie_has_a_plain_name(making: Making) -> None:
    assert making("http://localhost:8000").entrance.secure is False
    assert making("http://hub.example").entrance.secure is True
    assert making("https://hub.example").entrance.secure is True


# --- people


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"login": "Wang"}, "login"),
        ({"login": ""}, "login"),
        ({"login": "a b"}, "login"),
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"role": "root"}, "role"),
        ({"institution": "1"}, "institution"),
        ({"lang": "de"}, "lang"),
        ({"password": "short"}, "password"),
        ({"password": "aaaaaaaaaaaaaaaa"}, "password"),
        ({"password": "li-li-li-1234567", "login": "li-li"}, "password"),
    ],
)
async def test_a_person_that_cannot_be_is_refused_by_field(
    hub: Hub, changes: dict[str, Any], path: str
) -> None:
    with pytest.raises(UnprocessableRequest) as caught:
        await add_person(hub.entrance, OPERATOR, a_person(**({"login": "li"} | changes)))
    assert [fault.path for fault in caught.value.faults] == [path]


async def test_every_fault_of_a_person_is_named_at_once(hub: Hub) -> None:
    with pytest.raises(UnprocessableRequest) as caught:
        await add_person(hub.entrance, OPERATOR, a_person(login="", role="x", password="x"))
    assert [fault.path for fault in caught.value.faults] == ["login", "role", "password"]


async def test_a_login_is_taken_once(hub: Hub) -> None:
    with pytest.raises(HubError) as caught:
        await add_person(hub.entrance, OPERATOR, a_person())
    assert "taken" in caught.value.text


async def test_changes_to_people_are_recorded_without_names_or_passwords(hub: Hub) -> None:
    await set_password(hub.entrance, OPERATOR, "wang", "sieben blaue Fische im Tal")
    rows = await hub.audit("user-change")
    assert len(rows) == 2
    assert "Fische" not in str(rows)
    assert "王" not in str(rows)
