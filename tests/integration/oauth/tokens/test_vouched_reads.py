"""A person a hospital vouches for, from the first token to the last answer, against a whole hub."""

import time
from pathlib import Path
from typing import Any

import pytest

from hie.exchange.commands import run
from hie.oauth.token_request import GrantType
from tests.integration.access.support import INSTITUTIONS, NOT_THERE, Region, ids_of, region
from tests.integration.oauth.tokens.people import context_header, iua
from tests.places import Place
from tests.unit.access.tokens import ec_key, jwk_of, signed

pytestmark = pytest.mark.anyio
CLIENT, KEY = "ward-a", 91


async def vouched(found: Region, number: int, **changes: Any) -> dict[str, str]:
    """The headers of a request by a doctor of hospital A."""
    now = int(time.time())
    claims = {"iss": CLIENT, "sub": "doctor-7", "aud": found.hub.entrance.issuer, "iat": now}
    claims |= {"exp": now + 60, "jti": f"w-{number}", "extensions": iua()} | changes
    text = signed(context_header(kid="w1"), claims, ec_key("P-384", KEY))
    fields = {"grant_type": GrantType.USER_CONTEXT.value, "assertion": text}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await found.client.post("/oauth/token", data=fields, headers=form)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def test_a_doctor_a_hospital_vouches_for_sees_her_patient_and_not_another(
    place: Place, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as found:
        asked = {
            "client": CLIENT,
            "institution": INSTITUTIONS["a"],
            "key": jwk_of(ec_key("P-384", KEY), kid="w1"),
            "scopes": ["user/Observation.rs", "user/Patient.r"],
        }
        await run(found.hub, "client-add", asked)
        found.headers["doctor"] = await vouched(found, 1)
        mine, other = found.patients["P1a"], found.patients["P2a"]
        answer = await found.get(f"Observation?patient={mine}", "doctor")
        assert ids_of(answer) == [found.results["P1a"]]
        hidden = await found.get(f"Observation?patient={other}", "doctor")
        absent = await found.get(f"Observation?patient={NOT_THERE}", "doctor")
        assert hidden.status_code == absent.status_code == 403
        assert (await found.get(f"Observation/{found.results['P2b']}", "doctor")).status_code == 404
        assert (await found.get(f"Observation/{found.results['P1b']}", "doctor")).status_code == 200
        # what she may not do at all: another type, searching patients, writing
        assert (await found.get(f"DiagnosticReport?patient={mine}", "doctor")).status_code == 403
        assert (await found.get("Patient?name=x", "doctor")).status_code in {400, 403}
        denied = await found.post("Observation", "doctor", {"resourceType": "Observation"})
        assert denied.status_code == 403
        # bound to one patient she sees no other, even one she treats
        found.headers["bound"] = await vouched(found, 2, patient=f"Patient/{mine}")
        assert ids_of(await found.get(f"Observation?patient={mine}", "bound"))
        third = await found.get(f"Observation?patient={found.patients['P3a']}", "bound")
        assert third.status_code == 403
        # she leaves
        leaver = {"institution": INSTITUTIONS["a"], "number": "doctor-7"}
        await run(found.hub, "user-leaver", leaver)
        for who in ("doctor", "bound"):
            gone = await found.get(f"Observation?patient={mine}", who)
            assert gone.status_code == 401
        assert (await found.get(f"Observation?patient={mine}", "a1")).status_code == 200
