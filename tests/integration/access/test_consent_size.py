"""More rules than one patient may have are refused at every door, in one Consent and in several."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.consent.merging import MOST
from hie.consent.words import RESOURCE_TYPES
from hie.errors import UnprocessableRequest
from hie.exchange.commands import run
from tests.integration.access.consents import consent_of, denying, give, treating, withdraw
from tests.integration.access.support import INSTITUTIONS, Region, sees
from tests.integration.access.test_consent_page import csrf, signed_in

pytestmark = pytest.mark.anyio
ALONE, TOGETHER = "Consent.provision", "Consent.patient"


def saying(rules: int, of: str = "T") -> dict[str, Any]:
    """A denial that makes so many rules, about types of resources that nobody has."""
    codes = [{"system": RESOURCE_TYPES, "code": f"{of}{n}"} for n in range(rules)]
    return {**denying(), "class": codes}


async def rules_of(found: Region, patient: str) -> int:
    return len((await run(found.hub, "consent-rules", {"patient": patient}))["rules"])


def refused(answer: httpx.Response, path: str) -> None:
    """It says which element, and how many there may be."""
    assert answer.status_code == 422, answer.text
    (issue,) = answer.json()["issue"]
    assert issue["expression"] == [path]
    assert f"too-many-rules: expected at most {MOST} rules" in issue["diagnostics"]


async def test_one_consent_of_more_rules_is_refused_and_changes_nothing(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        patient = found.patients["P6b"]
        key = await give(found, "b", patient, saying(MOST))
        assert await rules_of(found, patient) == MOST
        assert await sees(found, "b", "P6a")
        await withdraw(found, "b", key)
        too_many = consent_of(patient, saying(MOST + 1))
        refused(await found.post("Consent", "b", too_many), ALONE)
        assert await found.last_audit() == ("4", "fhir")
        assert await rules_of(found, patient) == 0
        assert await sees(found, "b", "P6a")
        draft = await found.made("b", {**too_many, "status": "draft"})
        refused(await found.put(f"Consent/{draft}", "b", {**too_many, "id": draft}), ALONE)
        kept = (await found.get(f"Consent/{draft}", "b")).json()
        assert (kept["status"], kept["meta"]["versionId"]) == ("draft", "1")
        assert await rules_of(found, patient) == 0
        assert await sees(found, "b", "P6a")


async def test_consents_of_more_rules_together_are_refused_and_change_nothing(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        first, second = found.patients["P6a"], found.patients["P6b"]  # of one person
        earlier = await give(found, "a", first, saying(MOST - 5, "A"), dateTime="2026-05-01")
        later = await give(found, "b", second, saying(5, "B"))
        assert await rules_of(found, first) == await rules_of(found, second) == MOST
        refused(await found.post("Consent", "b", consent_of(second, denying("c"))), TOGETHER)
        more = {**consent_of(second, saying(6, "B")), "id": later}
        refused(await found.put(f"Consent/{later}", "b", more), TOGETHER)
        assert await rules_of(found, first) == await rules_of(found, second) == MOST
        assert await sees(found, "c", "P6a")
        fewer = {**consent_of(second, saying(4, "B")), "id": later}
        assert (await found.put(f"Consent/{later}", "b", fewer)).status_code == 200
        await give(found, "b", second, denying("c"))
        assert not await sees(found, "c", "P6a")
        await withdraw(found, "a", earlier)
        assert await rules_of(found, first) == 5


async def test_consents_of_one_transaction_are_counted_together(place: Any, tmp_path: Path) -> None:
    def bundle(*consents: dict[str, Any]) -> dict[str, Any]:
        request = {"method": "POST", "url": "Consent"}
        entries = [{"resource": one, "request": request} for one in consents]
        return {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    async with treating(place, tmp_path) as found:
        patient = found.patients["P6b"]
        two = [consent_of(patient, saying(MOST // 2 + n, of)) for n, of in enumerate("AB")]
        answer = await found.post("", "b", bundle(*two))
        refused(answer, TOGETHER)
        assert await rules_of(found, patient) == 0
        two = [consent_of(patient, saying(MOST // 2, of)) for of in "AB"]
        assert (await found.post("", "b", bundle(*two))).status_code == 200
        assert await rules_of(found, patient) == MOST


async def test_the_page_and_the_command_say_that_it_is_too_much(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found, signed_in(found) as client:
        patient = found.patients["P6b"]
        key = await give(found, "a", found.patients["P6a"], saying(MOST), dateTime="2026-05-01")
        url = f"/patients/{patient}/consents?lang=en"
        form = {"csrf": csrf(await client.get(url)), "do": "record", "form": "deny-some"}
        form |= {"signer": "patient", "institutions": INSTITUTIONS["c"]}
        answer = await client.post(url, data=form)
        assert answer.status_code == 422
        assert "say too much to be held to together" in answer.text
        asked = {"patient": patient, "form": "deny-topics", "by": INSTITUTIONS["b"]}
        with pytest.raises(UnprocessableRequest) as error:
            await run(found.hub, "consent-record", {**asked, "topics": ["HIV"]})
        (fault,) = error.value.faults
        assert (fault.path, fault.code) == (TOGETHER, "too-many-rules")
        assert await rules_of(found, patient) == MOST
        assert await sees(found, "c", "P6a")
        await withdraw(found, "a", key)
        assert (await client.post(url, data=form)).status_code == 303
        assert not await sees(found, "c", "P6a")
        await run(found.hub, "consent-record", {**asked, "topics": ["HIV"]})


async def test_persons_who_are_joined_to_too_many_are_denied_until_one_is_withdrawn(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        patient = found.patients["P6b"]
        other = await found.made(
            "b",
            {"resourceType": "Patient", "identifier": [{"system": "urn:b", "value": "other"}]},
        )
        await give(found, "b", patient, saying(MOST, "A"))
        key = await give(found, "b", other, saying(1, "B"))
        assert await sees(found, "a", "P6a")
        asked = {"patients": [patient, other], "reason": "the same"}
        await run(found.hub, "identity-join", asked)
        assert await rules_of(found, patient) == await rules_of(found, other) == 1
        assert not await sees(found, "a", "P6a")
        refused(await found.post("Consent", "b", consent_of(other, saying(2, "B"))), TOGETHER)
        await withdraw(found, "b", key)
        assert await rules_of(found, patient) == MOST
        assert await sees(found, "a", "P6a")
