"""Registering a client: every fault named at once, nothing that was sent repeated."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hie.access.jwk import thumbprint
from hie.errors import Conflict, HubError, NotPermitted, ResourceNotFound, UnprocessableRequest
from hie.oauth.registration import operator_token, set_client_active
from tests.integration.oauth.asking import run
from tests.integration.oauth.conftest import OPERATOR, SCOPES, Hub, register
from tests.unit.access.tokens import CLIENT, INSTITUTION, ec_key, jwk_of, rsa_key

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"client": "LIS"}, "client", "client-format"),
        ({"client": ""}, "client", "client-format"),
        ({"client": "-a"}, "client", "client-format"),
        ({"client": "a" * 65}, "client", "client-format"),
        ({"client": "a\n"}, "client", "client-format"),
        ({"institution": "91110000MA0000001X"}, "institution", "invalid-code"),
        ({"scopes": ()}, "scopes", "scope-count"),
        ({"scopes": ("system/Observation.rs", "x")}, "scopes[1]", "scope-format"),
        ({"scopes": ("system/*.*",)}, "scopes[0]", "scope-format"),
        ({"scopes": ("patient/Patient.r",)}, "scopes[0]", "scope-context"),
        ({"scopes": ("system/Observaton.rs",)}, "scopes[0]", "scope-type"),
        ({"purposes": ()}, "purposes", "purpose-missing"),
        ({"purposes": ("BTG",)}, "purposes[0]", "purpose-unknown"),
        ({"purposes": ("TREAT", "x")}, "purposes[1]", "purpose-unknown"),
        ({"name": "a\u202eb"}, "name", "name-format"),
        ({"key": None}, "key", "key-format"),
        ({"key": {"keys": []}}, "keys", "key-count"),
        ({"key": {"jwks_uri": "http://lis.example.org/jwks"}}, "jwks_uri", "ssrf"),
        ({"key": {"pem": "x"}}, "key.pem", "key-format"),
    ],
)
async def test_a_client_that_cannot_be_is_refused_by_field(
    hub: Hub, changes: dict[str, Any], path: str, code: str
) -> None:
    with pytest.raises(UnprocessableRequest) as caught:
        await register(hub, **({"client": "ris-1"} | changes))
    assert [(fault.path, fault.code) for fault in caught.value.faults] == [(path, code)]
    assert "ris-1" not in [row["client"] for row in (await run(hub, "client-list"))["clients"]]


async def test_every_fault_of_a_client_is_named_at_once(hub: Hub) -> None:
    with pytest.raises(UnprocessableRequest) as caught:
        await register(hub, client="?", institution="?", key={"kty": "oct"}, scopes=("?",))
    paths = [fault.path for fault in caught.value.faults]
    assert sorted(paths) == ["client", "institution", "key.kty", "scopes[0]"]


async def test_a_private_key_is_refused_and_not_repeated(hub: Hub) -> None:
    pem = rsa_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    secret = "c2VjcmV0LXBhcnQ"
    for key in ({"pem": pem}, jwk_of(rsa_key()) | {"d": secret}):
        with pytest.raises(UnprocessableRequest) as caught:
            await register(hub, client="ris-1", key=key)
        assert [fault.code for fault in caught.value.faults] == ["private-key"]
        assert secret not in repr(caught.value.faults)
        assert pem[40:80] not in repr(caught.value.faults)


async def test_a_pem_key_is_known_by_its_thumbprint(hub: Hub) -> None:
    from cryptography.hazmat.primitives.serialization import PublicFormat

    public = ec_key("P-384", 4).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    answer = await run(
        hub,
        "client-add",
        client="ris-1",
        institution=INSTITUTION,
        key={"pem": pem},
        scopes=["hie/intake"],
    )
    assert answer == {"client": "ris-1", "kids": [thumbprint(public)]}


async def test_only_what_verifies_is_stored(hub: Hub) -> None:
    key = jwk_of(ec_key("P-384", 4)) | {"x5u": "https://evil.example", "note": "张三"}
    await register(hub, client="ris-1", key=key)
    async with hub.entrance.db.reading() as reader:
        stored = await reader.fetchval("SELECT jwks FROM client WHERE id = 'ris-1'")
    assert "evil" not in stored
    assert "note" not in stored


async def test_clients_are_listed_without_their_keys(hub: Hub) -> None:
    (row,) = (await run(hub, "client-list"))["clients"]
    assert row == {
        "client": CLIENT,
        "name": "LIS",
        "institution": INSTITUTION,
        "scopes": " ".join(sorted(SCOPES)),
        "purposes": "TREAT",
        "status": "active",
        "keys": "",
        "bound": None,
        "aud_policy": "either",
    }


@pytest.mark.parametrize("name", ["client-suspend", "client-resume", "client-token"])
async def test_a_client_that_is_not_there_is_said_to_be_missing(hub: Hub, name: str) -> None:
    with pytest.raises(ResourceNotFound):
        await run(hub, name, client="ghost")


async def test_a_token_by_the_operator_is_recorded_as_theirs(hub: Hub) -> None:
    answer = await run(hub, "client-token", client=CLIENT, scopes=["hie/intake"])
    assert answer["scope"] == "hie/intake"
    (row,) = await hub.audit("token-issued")
    assert (row["kind"], row["client"], row["detail"]) == (
        "operator",
        "shell",
        f"for {CLIENT}: hie/intake",
    )
    assert row["token"]


async def test_the_operator_gives_no_more_than_was_registered(hub: Hub) -> None:
    with pytest.raises(NotPermitted):
        await operator_token(hub.entrance, OPERATOR, CLIENT, ["hie/registers"])
    await set_client_active(hub.entrance, OPERATOR, CLIENT, active=False)
    with pytest.raises(Conflict):
        await operator_token(hub.entrance, OPERATOR, CLIENT)


async def test_people_are_managed_by_the_same_kind_of_command(hub: Hub) -> None:
    values = {"login": "li", "name": "李", "role": "integrator", "institution": INSTITUTION}
    await run(hub, "user-add", **values, password="acht rote Autos im Hof")
    await run(hub, "user-password", login="li", password="neun rote Autos im Hof")
    await run(hub, "user-suspend", login="li")
    row = next(one for one in (await run(hub, "user-list"))["users"] if one["login"] == "li")
    assert row == {**values, "department": "", "status": "suspended"}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("client-add", {}),
        ("client-add", {"client": 1}),
        ("client-token", {"client": CLIENT, "scopes": "hie/intake"}),
        ("client-token", {"client": CLIENT, "scopes": [1]}),
        ("user-add", {"login": None}),
        ("user-password", {"login": "nobody", "password": "acht rote Autos im Hof"}),
    ],
)
async def test_wrong_arguments_are_refused(hub: Hub, name: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(HubError):
        await run(hub, name, **arguments)
