"""A hospital's system asks a token for one of its people: what it is, and what it is refused."""

import json
from typing import Any

import pytest

from hie.access.compact import read_compact
from hie.access.profile import Profile
from hie.access.token import verify_text
from hie.errors import NotPermitted
from tests.integration.oauth.asking import ask, form, get, run
from tests.integration.oauth.conftest import Hub, register
from tests.integration.oauth.tokens.people import (
    HIS,
    a_context,
    ask_for_person,
    context,
    context_header,
    his_assertion,
    iua,
    person_token,
    register_his,
)
from tests.unit.access.tokens import (
    CLIENT,
    INSTITUTION,
    NOW,
    TOKEN_URL,
    a_header,
    an_assertion,
    ec_key,
    jwk_of,
    of_hub,
    signed,
)

pytestmark = pytest.mark.anyio
OTHER = "91110000MA0000002J"


@pytest.fixture(autouse=True)
async def his(hub: Hub) -> None:
    await register_his(hub)


async def test_a_token_for_a_person_says_who_where_as_what_why_and_for_whom(hub: Hub) -> None:
    text = await person_token(hub)
    keys = hub.entrance.ring.accepted(NOW)
    claims = verify_text(text, Profile.ACCESS_TOKEN, of_hub(keys=keys), NOW).members
    institution, mark, pseudonym = str(claims["sub"]).split("|")
    assert (institution, mark, len(pseudonym)) == (INSTITUTION, "p", 22)
    assert claims["client_id"] == HIS
    assert claims["hub"] == {"inst": INSTITUTION, "rel": "Encounter/e1"}
    assert (claims["patient"], claims["acr"], claims["auth_time"]) == (
        "Patient/p1",
        "urn:hub:acr:2",
        NOW - 60,
    )
    extensions: Any = claims["extensions"]
    assert extensions["ihe_pcf"] == {
        "patient_id": "Patient/p1",
        "acp": ["https://profiles.ihe.net/ITI/PCF/Policy-basic-normal"],
        "residual": [{"type": "forbid"}],  # it is nobody they see
    }
    assert extensions["ihe_iua"]["subject_organization_id"] == INSTITUTION
    assert [one["code"] for one in extensions["ihe_iua"]["purpose_of_use"]] == ["TREAT"]
    assert [one["code"] for one in extensions["ihe_iua"]["subject_role"]] == ["clinician"]
    assert claims["scope"] == "user/Observation.rs"
    assert "4711" not in json.dumps(claims)


async def test_the_same_person_is_the_same_pseudonym_and_others_are_others(hub: Hub) -> None:
    def subject(text: str) -> object:
        return read_compact(text).payload["sub"]

    one, again = await person_token(hub, 1), await person_token(hub, 2)
    other = await person_token(hub, 3, sub="staff-4712")
    assert subject(one) == subject(again) != subject(other)


async def test_the_issue_is_recorded_with_the_person_and_the_client(hub: Hub) -> None:
    payload = read_compact(await person_token(hub)).payload
    (row,) = await hub.audit("token-issued")
    assert (row["client"], row["kind"], row["institution"]) == (HIS, "user", INSTITUTION)
    assert row["token"] == payload["jti"]
    assert "4711" not in str(await hub.audit())


async def test_the_token_opens_what_its_scopes_say(hub: Hub) -> None:
    answer = await get(hub, await person_token(hub))
    assert (answer.status_code, answer.json()["scopes"]) == (200, ["user/Observation.rs"])


async def test_a_client_assertion_may_stand_beside_it(hub: Hub) -> None:
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    both = {"client_assertion": his_assertion(), "client_assertion_type": kind}
    assert (await ask_for_person(hub, **both)).status_code == 200
    again = await ask_for_person(hub, context(2), **both)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")
    assert await hub.reasons() == ["replay"]
    mine = {"client_assertion": signed(a_header(), an_assertion(), ec_key())}
    other = await ask_for_person(hub, context(3), **(both | mine))
    assert other.status_code == 401
    assert (await hub.reasons())[1:] == ["cross-client"]


async def test_a_second_use_is_a_replay_also_after_a_restart(hub: Hub, making: Any) -> None:
    assert (await ask_for_person(hub)).status_code == 200
    assert (await ask_for_person(hub)).status_code == 401
    assert (await ask_for_person(making())).status_code == 401
    assert await hub.reasons() == ["replay", "replay"]
    assert (await ask_for_person(hub, context(2))).status_code == 200


async def test_without_a_scope_all_that_is_the_persons_is_given(hub: Hub) -> None:
    answer = await ask_for_person(hub, scope=None)
    assert answer.json()["scope"].split() == [
        "hie/order-check",
        "user/Observation.rs",
        "user/Patient.r",
    ]


@pytest.mark.parametrize(
    "scope",
    [
        "user/Patient.rs",
        "user/*.rs",
        "user/Observation.cruds",
        "system/Observation.rs",
        "hie/intake",
        "patient/Observation.rs",
        "user/Observation.dus",
        "user/Observation.rs?code:in=http://evil.example/vs",
        "user/Observation.rs " * 1000,
    ],
)
async def test_a_scope_beyond_registration_and_role_is_refused_whole(hub: Hub, scope: str) -> None:
    answer = await ask_for_person(hub, scope=scope)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    assert "evil" not in answer.text
    (row,) = await hub.audit("refused")
    assert (row["reason"], row["kind"], row["client"]) == ("scope", "client", HIS)
    assert (await ask_for_person(hub, context(2))).status_code == 200


async def test_a_client_without_user_scopes_vouches_for_nobody(hub: Hub) -> None:
    await register(hub, client="ris-1", key=jwk_of(ec_key("P-384", 7), kid="r1"))
    claims = a_context(iss="ris-1")
    text = signed(context_header(kid="r1"), claims, ec_key("P-384", 7))
    assert (await ask_for_person(hub, text)).json()["error"] == "invalid_scope"


async def test_scopes_of_people_are_not_given_to_the_system_itself(hub: Hub) -> None:
    asked = form(his_assertion(1), scope="user/Observation.rs")
    assert (await ask(hub, asked)).json()["error"] == "invalid_scope"
    answer = await ask(hub, form(his_assertion(2), scope=None))
    assert "user/" not in answer.json()["scope"]


async def test_the_operator_gives_the_system_no_scopes_of_people_either(hub: Hub) -> None:
    assert "user/" not in (await run(hub, "client-token", client=HIS))["scope"]
    with pytest.raises(NotPermitted):
        await run(hub, "client-token", client=HIS, scopes=["user/Observation.rs"])


FORMS: list[tuple[dict[str, Any], str, str]] = [
    ({"extensions": iua("112247099")}, "invalid_grant", "role"),
    ({"extensions": iua("administrator")}, "invalid_grant", "role"),
    ({"extensions": iua(None)}, "invalid_grant", "role"),
    ({"extensions": None}, "invalid_grant", "role"),
    (
        {"extensions": {"ihe_iua": {"subject_role": [{"code": "clinician"}]}}},
        "invalid_grant",
        "role",
    ),
    ({"extensions": {"ihe_iua": []}}, "invalid_grant", "claim"),
    ({"extensions": iua(purpose="BTG")}, "invalid_request", "purpose"),
    ({"extensions": iua(purpose="HOPERAT")}, "invalid_request", "purpose"),
    ({"extensions": iua(purpose=7)}, "invalid_request", "purpose"),
    ({"sub": "110101199003070070"}, "invalid_grant", "claim"),
    ({"sub": "13800138000"}, "invalid_grant", "claim"),
    ({"sub": "a b"}, "invalid_grant", "claim"),
    ({"sub": "x" * 65}, "invalid_grant", "claim"),
    ({"sub": "x|p|y"}, "invalid_grant", "claim"),
    ({"patient": "Observation/1"}, "invalid_grant", "claim"),
    ({"patient": "Patient/../x"}, "invalid_grant", "claim"),
    ({"patient": ["Patient/p1"]}, "invalid_grant", "claim"),
    ({"patient": "Patient/p1/_history/1"}, "invalid_grant", "claim"),
    ({"encounter": "Patient/p1"}, "invalid_grant", "claim"),
    ({"acr": "urn:hub:acr:9"}, "invalid_grant", "claim"),
]


@pytest.mark.parametrize(("changes", "error", "reason"), FORMS, ids=str)
async def test_what_is_said_of_the_person_is_held_to_its_form(
    hub: Hub, changes: dict[str, Any], error: str, reason: str
) -> None:
    answer = await ask_for_person(hub, context(**changes))
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert "13800138000" not in answer.text
    (row,) = await hub.audit("refused")
    assert (row["reason"], row["client"]) == (reason, HIS)
    assert not await hub.audit("token-issued")
    assert (await ask_for_person(hub, context(2))).status_code == 200


SPOOFS: list[dict[str, Any]] = [
    {"hub": {"inst": OTHER}},
    {"extensions": iua(subject_organization_id=OTHER)},
    {"extensions": iua(subject_organization_id=[INSTITUTION])},
]


@pytest.mark.parametrize("changes", SPOOFS, ids=str)
async def test_a_claim_of_another_institution_is_an_attack(
    hub: Hub, changes: dict[str, Any]
) -> None:
    answer = await ask_for_person(hub, context(**changes))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    (row,) = await hub.audit("refused")
    assert (row["reason"], row["outcome"]) == ("org-spoof", "8")
    own = iua(subject_organization_id=INSTITUTION)
    answer = await ask_for_person(hub, context(2, hub={"inst": INSTITUTION}, extensions=own))
    assert answer.status_code == 200


async def test_a_client_assertion_claims_no_other_institution_either(hub: Hub) -> None:
    answer = await ask(hub, form(his_assertion(hub={"inst": OTHER}), scope=None))
    assert answer.status_code == 401
    assert await hub.reasons() == ["org-spoof"]


ATTACKS: list[tuple[str, Any, str]] = [
    ("a client assertion", lambda: his_assertion(), "type"),
    ("a client assertion's typ", lambda: context(header=context_header(typ="JWT")), "type"),
    ("an access token's typ", lambda: context(header=context_header(typ="at+jwt")), "type"),
    ("unsigned", lambda: "eyJhbGciOiJub25lIn0.e30.", "jws-alg"),
    ("too long a life", lambda: context(exp=NOW + 121), "lifetime"),
    ("over", lambda: context(iat=NOW - 120, exp=NOW - 31), "lifetime"),
    ("no iat", lambda: context(iat=None), "claim"),
    ("no sub", lambda: context(sub=None), "claim"),
    ("the token address as audience", lambda: context(aud=TOKEN_URL), "aud"),
    ("a list of audiences", lambda: context(aud=["https://hub.example"]), "aud"),
    ("no token id", lambda: context(jti=None), "jti"),
    ("a key address", lambda: context(header=context_header(jku="https://e.example/")), "hdr"),
    ("another key", lambda: signed(context_header(), a_context(), ec_key("P-384", 9)), "sig"),
    ("another's name", lambda: context(iss=CLIENT), "cross-client"),
    ("nobody's name", lambda: context(iss="ghost"), "status"),
]


@pytest.mark.parametrize(("text", "reason"), [(a, r) for _, a, r in ATTACKS])
async def test_a_context_the_strict_door_refuses_sounds_like_every_other(
    hub: Hub, text: Any, reason: str
) -> None:
    answer = await ask_for_person(hub, text())
    assert answer.status_code == 401
    assert answer.json() == {
        "error": "invalid_client",
        "error_description": "client authentication failed",
    }
    assert await hub.reasons() == [reason]
    assert (await ask_for_person(hub, context(2))).status_code == 200


async def test_a_context_is_no_client_assertion_and_no_bearer_token(hub: Hub) -> None:
    assert (await ask(hub, form(context(), scope=None))).status_code == 401
    assert (await get(hub, context())).status_code == 401
    assert await hub.reasons() == ["type", "type"]


async def test_who_left_gets_no_token_whatever_the_hospital_says(hub: Hub) -> None:
    await run(hub, "user-leaver", institution=INSTITUTION, number="staff-4711")
    answer = await ask_for_person(hub)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    (row,) = await hub.audit("refused")
    assert (row["reason"], row["client"]) == ("status", HIS)
    assert (await ask_for_person(hub, context(2, sub="staff-4712"))).status_code == 200
    await run(hub, "user-leaver", institution=INSTITUTION, number="staff-4711", back=True)
    assert (await ask_for_person(hub, context(3))).status_code == 200
