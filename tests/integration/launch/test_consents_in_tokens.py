"""What a token for a patient says of their Consents, and that no door goes by it."""

import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from hie.access.compact import LONGEST, read_compact
from hie.access.implicit import Implicit, use_policy
from hie.exchange.commands import run
from hie.oauth.token_request import ASSERTION_TYPE, GrantType
from tests.integration.access.consents import denying, give, recipient, rule, withdraw
from tests.integration.access.support import INSTITUTIONS, NOT_THERE, encounter_of
from tests.integration.launch.support import Desk, desk
from tests.integration.oauth.tokens.people import context_header, iua
from tests.integration.test_doors import BASE
from tests.unit.access.tokens import a_header, ec_key, jwk_of, signed

pytestmark = pytest.mark.anyio
WARD, KEY = "ward-a", 92
BASIC = "https://profiles.ihe.net/ITI/PCF/Policy-basic-normal"
FORM = "https://hie.example/fhir/sid/consent-form"
SCOPE = "launch/patient patient/Observation.rs patient/Patient.r"


async def _by_code(at: Desk, patient: str) -> str:
    """The token of an app a signed-in doctor of A chose this patient for."""
    token = await at.token(await at.code(at.region.patients[patient], scope=SCOPE))
    return str(token.json()["access_token"])


async def _by_vouching(at: Desk, patient: str) -> str:
    """The token hospital A's system gets for one of its doctors."""
    if "ward" not in at.region.headers:
        asked = {
            "client": WARD,
            "institution": INSTITUTIONS["a"],
            "key": jwk_of(ec_key("P-384", KEY), kid="h1"),
            "scopes": ["user/Observation.rs", "user/Patient.r"],
        }
        await run(at.hub, "client-add", asked)
        at.region.headers["ward"] = {}
    context = {"sub": "doctor-7", "patient": f"Patient/{at.region.patients.get(patient, patient)}"}
    form = {"grant_type": GrantType.USER_CONTEXT.value, "assertion": _signed(**context)}
    answer = await at.region.client.post("/oauth/token", data=form, headers=_FORM)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


WAYS = {"code": _by_code, "vouching": _by_vouching}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _signed(typ: str = "hub-user-context+jwt", **more: Any) -> str:
    now = int(time.time())
    claims = {"iss": WARD, "sub": WARD, "aud": BASE, "iat": now, "exp": now + 60}
    claims |= {"jti": str(uuid.uuid4()), "extensions": iua()} | more
    header = context_header() if typ.startswith("hub-") else a_header(kid="h1", typ=typ)
    return signed(header, claims, ec_key("P-384", KEY))


def _pcf(token: str) -> dict[str, Any]:
    extensions: Any = read_compact(token).payload["extensions"]
    found: dict[str, Any] = extensions["ihe_pcf"]
    return found


def _codes(token: str) -> list[str]:
    found = _pcf(token).get("residual", [])
    assert all(one["type"] == "forbid" for one in found)
    return [one["securityLabel"][0]["code"] if len(one) > 1 else "everything" for one in found]


async def _reads(at: Desk, token: str, result: str) -> bool:
    answer = await at.fhir(f"Observation/{at.region.results[result]}", token)
    assert answer.status_code in {200, 404}, answer.text
    if answer.status_code == 404:
        assert at.region.canary(result) not in answer.text
    return answer.status_code == 200


@pytest.mark.parametrize("way", WAYS)
async def test_a_token_says_which_policy_consents_and_labels_were_held_to(
    place: Any, tmp_path: Path, way: str
) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        patient = at.region.patients["P5a"]
        before = await WAYS[way](at, "P5a")
        assert _pcf(before)["patient_id"] == f"Patient/{patient}"
        assert "doc_id" not in _pcf(before)
        assert _pcf(before)["acp"] == [BASIC]
        assert _codes(before) == ["R", "V"]
        topic = await give(at.region, "a", patient, rule("deny", labels="HIV"))
        share = rule("permit", purpose="TREAT")
        form = {"policy": [{"uri": f"{FORM}/share/2026-11"}], "dateTime": "2026-05-01"}
        shared = await give(at.region, "a", patient, share, **form)
        for_c = await give(at.region, "a", patient, denying("c"))
        after = await WAYS[way](at, "P5a")
        assert _pcf(after)["doc_id"] == [f"Consent/{topic}", f"Consent/{shared}"]
        assert for_c not in after
        assert _pcf(after)["acp"] == [BASIC, f"{FORM}/share/2026-11"]
        assert _codes(after) == ["R", "V", "HIV", "UNMAPPED"]
        other = await WAYS[way](at, "P6a")  # another patient's: nothing of it
        assert _codes(other) == ["R", "V"]
        assert "doc_id" not in _pcf(other)


@pytest.mark.parametrize("way", WAYS)
async def test_a_withdrawal_holds_at_once_whatever_the_token_says(
    place: Any, tmp_path: Path, way: str
) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        patient = at.region.patients["P5a"]
        share = await give(at.region, "a", patient, rule("permit", purpose="TREAT"))
        token = await WAYS[way](at, "P5a")
        assert _pcf(token)["doc_id"] == [f"Consent/{share}"]
        assert _codes(token) == ["R", "V"]
        use_policy(Implicit.DENY)
        try:
            assert await _reads(at, token, "P5a")
            await withdraw(at.region, "a", share)
            assert not await _reads(at, token, "P5a")
        finally:
            use_policy(Implicit.BASIC_NORMAL)
        assert await _reads(at, token, "P5a")
        denial = await give(at.region, "a", patient, denying(), dateTime="2026-07-01")
        assert not await _reads(at, token, "P5a")
        closed = await WAYS[way](at, "P5a")
        assert _codes(closed) == ["everything"]
        assert not await _reads(at, closed, "P5a")
        await withdraw(at.region, "a", denial)
        for one in (token, closed):  # what a token forbids is no authority either
            assert await _reads(at, one, "P5a")


async def test_of_a_patient_the_holder_does_not_see_nothing_is_said(
    place: Any, tmp_path: Path
) -> None:
    """Of one who is not treated, one who denies the house, and nobody the same is said."""
    async with desk(place, tmp_path) as at:
        found = at.region.patients
        await at.region.made("b", encounter_of(found["P2b"]))
        told = await give(at.region, "b", found["P2b"], rule("deny", labels="HIV"))
        denied = await give(at.region, "b", found["P6b"], denying("a"))
        said = []
        for patient in ("P2a", "P6b", NOT_THERE):
            token = await _by_vouching(at, patient)
            assert told not in str(_pcf(token))
            assert denied not in str(_pcf(token))
            said.append({name: one for name, one in _pcf(token).items() if name != "patient_id"})
        nothing = {"acp": [BASIC], "residual": [{"type": "forbid"}]}
        assert said == [nothing] * 3
        own = await _by_vouching(at, "P6a")  # their own record of the same person
        assert _codes(own) == ["everything"]
        assert "doc_id" not in _pcf(own)  # it is another house's, and denies this one
        twin = await give(at.region, "a", found["P6a"], rule("deny", labels="PSY"))
        assert _pcf(await _by_vouching(at, "P6a"))["doc_id"] == [f"Consent/{twin}"]


async def _decisions(at: Desk) -> list[tuple[str, str | None, str]]:
    """Outcome, reason and Consents of what was decided about tokens."""
    async with at.hub.db.reading() as reader:
        rows = await reader.fetch(
            "SELECT a.outcome, a.reason, s.resources FROM audit_access AS a JOIN audit_subject AS s"
            " ON s.access = a.id WHERE a.type = 'consent-decision' AND a.detail = 'token-issued'"
            " ORDER BY a.at_us, a.n"
        )
    return [(row[0], row[1], row[2]) for row in rows]


@pytest.mark.parametrize("way", WAYS)
async def test_what_consents_decided_about_a_token_is_in_the_log(
    place: Any, tmp_path: Path, way: str
) -> None:
    async with desk(place, tmp_path) as at:
        await at.sign_in()
        await WAYS[way](at, "P5a")
        assert await _decisions(at) == []  # where no Consent spoke there is nothing to name
        topic = await give(at.region, "a", at.region.patients["P5a"], rule("deny", labels="HIV"))
        await WAYS[way](at, "P5a")
        more = {"dateTime": "2026-07-01"}
        closed = await give(at.region, "a", at.region.patients["P5a"], denying(), **more)
        await WAYS[way](at, "P5a")
        found = await _decisions(at)
        assert [one[:2] for one in found] == [("0", None), ("4", "consent")]
        assert f"Consent/{topic}" in found[0][2]
        assert f"Consent/{closed}" in found[1][2]


async def test_introspection_says_it_too(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path) as at:
        patient = at.region.patients["P5a"]
        await give(at.region, "a", patient, rule("deny", labels="HIV"))
        token = await _by_vouching(at, "P5a")
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": _signed("JWT")}
        asked = {**form, "token": token}
        answer = await at.region.client.post("/oauth/introspect", data=asked, headers=_FORM)
        assert answer.status_code == 200, answer.text
        assert answer.json()["active"] is True
        assert answer.json()["extensions"]["ihe_pcf"] == _pcf(token)


async def test_nothing_a_system_writes_into_a_consent_stands_in_a_token(
    place: Any, tmp_path: Path
) -> None:
    async with desk(place, tmp_path) as at:
        patient = at.region.patients["P5a"]
        address = "https://his.example/policy/zhang-san/110101199003078888"
        deny = rule("deny", labels="HIV")
        more = {"policy": [{"uri": address}, {"uri": BASIC}], "dateTime": "2026-06-02"}
        await give(at.region, "a", patient, deny, **more)
        token = await _by_vouching(at, "P5a")
        assert _pcf(token)["acp"] == [BASIC]
        assert "110101199003078888" not in str(read_compact(token).payload)
        assert at.region.canary("P5a") not in str(read_compact(token).payload)


async def test_of_many_consents_a_token_says_the_safest_and_stays_short(
    place: Any, tmp_path: Path
) -> None:
    async with desk(place, tmp_path) as at:
        patient = at.region.patients["P5a"]
        for n in range(17):
            root = {**rule("deny", labels="HIV"), "actor": [recipient("a")]}
            root["period"] = {"start": f"20{n + 10}-01-01"}
            more = {"dateTime": f"20{n + 10}-01-01"}
            await give(at.region, "a", patient, root, **more)
            if n == 0:
                few = await _by_vouching(at, "P5a")
                assert _codes(few) == ["R", "V", "HIV", "UNMAPPED"]
        token = await _by_vouching(at, "P5a")
        assert len(token) <= LONGEST
        assert len(_pcf(token)["doc_id"]) == 16
        assert _codes(token) == ["everything"]
        assert await _reads(at, token, "P5a")  # what it says is no authority
