"""What an app may ask, where it may be answered, and what a person gives it: values alone."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hie.access.policy import ROLE_SCOPES, Role
from hie.access.scopes import covered
from hie.errors import InvalidRequest
from hie.oauth.app_scopes import check_app_scopes, wanted
from hie.oauth.apps import is_redirect_uri, is_web_address, origin_of
from hie.oauth.authorize_request import AuthorizeRefused, read_asked, read_target
from hie.oauth.forms import local_path
from hie.oauth.pkce import challenge_of, is_verifier_of, new_verifier

FHIR = "https://hub.example/fhir"
REGISTERED = ("patient/*.rs", "user/Observation.rs", "hie/order-check", "hie/maps")
GOOD = {
    "response_type": "code",
    "client_id": "viewer",
    "redirect_uri": "https://app.example/back",
    "scope": "launch/patient patient/Observation.rs",
    "state": "a-state-of-the-app",
    "aud": FHIR,
    "code_challenge": "x" * 43,
    "code_challenge_method": "S256",
}
letters = st.text(st.characters(codec="utf-8"), max_size=60)


def test_the_challenge_is_that_of_the_standard() -> None:
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert challenge_of(verifier) == challenge
    assert is_verifier_of(challenge, verifier)


@given(letters)
def test_no_other_verifier_fits(text: str) -> None:
    verifier = new_verifier()
    assert is_verifier_of(challenge_of(verifier), verifier)
    assert is_verifier_of(challenge_of(verifier), text) == (text == verifier)


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), letters, max_size=3))
def test_a_request_is_read_as_it_is_or_refused(changes: dict[str, str]) -> None:
    said = {**GOOD, **changes}
    target = read_target(list(said.items()))
    assert (target.client, target.redirect_uri) == (said["client_id"], said["redirect_uri"])
    assert target.state in {None, said["state"]}
    try:
        asked = read_asked(list(said.items()), FHIR)
    except AuthorizeRefused:
        return
    assert said["code_challenge_method"] == "S256"
    assert (asked.challenge, target.state) == (said["code_challenge"], said["state"])
    assert said["aud"].rstrip("/") == FHIR


@pytest.mark.parametrize("name", sorted(set(GOOD) - {"client_id", "redirect_uri"}))
def test_what_was_sent_is_not_repeated(name: str) -> None:
    canary = "canary of the app"
    with pytest.raises(AuthorizeRefused) as refused:
        wanted(read_asked(list({**GOOD, name: canary}.items()), FHIR).scopes, (), Role.CLINICIAN)
    assert canary not in refused.value.told
    assert "canary" not in refused.value.told


@given(st.lists(st.tuples(st.sampled_from(["client_id", "redirect_uri", "state"]), letters)))
def test_who_asks_is_said_once_or_nobody_is_answered(pairs: list[tuple[str, str]]) -> None:
    names = [name for name, _ in pairs]
    once = all(names.count(name) == 1 for name in ("client_id", "redirect_uri"))
    try:
        read_target(pairs)
    except InvalidRequest:
        assert not once
    else:
        assert once


@given(
    st.one_of(letters, letters.map(lambda text: f"/{text}"), st.from_regex(r"[/\\]{1,3}[a-z.]+"))
)
def test_after_sign_in_a_browser_stays_here(target: str) -> None:
    path = local_path(target)
    assert path.startswith("/")
    parts = urlsplit(f"https://hub.example{path}")
    assert parts.netloc == "hub.example"
    assert not path.startswith(("//", "/\\"))
    assert "\\" not in path
    assert path in {"/", target}


@given(letters, st.sampled_from(["https://", "http://", "//", "", "https:", "javascript:", "\t"]))
@example("'", "https://")
@example("a.example/it's", "https://")
@example("a.example;script-src/", "https://")
@example("user@a.example/", "https://")
def test_what_may_be_registered_has_one_reading(text: str, before: str) -> None:
    uri = before + text
    if not is_redirect_uri(uri):
        return
    parts = urlsplit(uri)
    assert uri.isascii()
    assert not parts.fragment
    assert not any(sign in parts.netloc for sign in "@;,*")
    assert not any(sign in uri for sign in "\\ \"'<>`{}|^\t\r\n#")
    if is_web_address(uri):
        assert origin_of(uri) == f"{parts.scheme}://{parts.netloc}"
    else:
        assert "." in parts.scheme


@given(st.lists(st.sampled_from([
    "patient/Observation.rs", "patient/*.rs", "patient/*.cruds", "user/Observation.r", "user/*.rs",
    "system/*.rs", "launch", "launch/patient", "openid", "fhirUser", "offline_access", "hie/maps",
    "hie/order-check", "x", "",
]), max_size=6), st.sampled_from(list(Role)))  # fmt: skip
def test_what_is_given_was_asked_registered_and_is_the_persons(
    asked: list[str], role: Role
) -> None:
    try:
        found = wanted(asked, REGISTERED, role)
    except AuthorizeRefused:
        return
    words = {"launch", "launch/patient", "openid", "fhirUser"}
    assert set(found.scopes) <= set(asked)
    data = [scope for scope in found.scopes if scope not in words]
    assert covered(data, REGISTERED)
    for scope in data:
        whole = scope.replace("patient/", "user/")
        assert covered([whole], ROLE_SCOPES[role])
    named = any(scope.startswith("patient/") for scope in data) or "launch/patient" in found.scopes
    assert found.needs_patient == named


@pytest.mark.parametrize("scope", ["system/*.rs", "launch", "openid", "patient/Nothing.r", "x", ""])
def test_an_app_is_registered_with_scopes_of_people_alone(scope: str) -> None:
    assert check_app_scopes([scope], frozenset({"Observation"}))
    assert not check_app_scopes(["patient/Observation.rs"], frozenset({"Observation"}))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40))
def test_what_an_app_is_told_is_what_was_meant(state: str) -> None:
    from types import SimpleNamespace
    from typing import Any

    from hie.oauth.authorize import answer_address
    from hie.oauth.authorize_request import Target

    entrance: Any = SimpleNamespace(issuer="https://hub.example")
    for uri in ("https://app.example/back", "https://app.example/back?a=b"):
        address = answer_address(entrance, Target("viewer", uri, state), code="c")
        assert address.startswith(uri)
        said = dict(parse_qsl(urlsplit(address).query))
        assert said.pop("a", "b") == "b"
        assert said == {"code": "c", "state": state, "iss": "https://hub.example"}
