"""Whom a Consent names by a resource it contains, or by a role, is who is held to; or it is refused."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from hie.consent.naming import CLIENT, USER
from hie.exchange.commands import run
from hie.fhir import INSTITUTION
from tests.integration.access.consents import consent_of, give, treating
from tests.integration.access.support import INSTITUTIONS, sees

pytestmark = pytest.mark.anyio
C = {"system": INSTITUTION, "value": INSTITUTIONS["c"]}
PATH = "Consent.provision.actor[0].reference"


def naming(kind: str, reference: str) -> dict[str, Any]:
    """A root provision about one actor."""
    role = {"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}
    actor = {"role": {"coding": [role]}, "reference": {"reference": reference}}
    return {"type": kind, "actor": [actor]}


def role_of(party: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A role at C, of whom an identifier names."""
    return {
        "resourceType": "PractitionerRole",
        "id": "r",
        "identifier": [C, party],
        **more,
    }


@pytest.mark.parametrize(("party", "is_it"), [((CLIENT, "his-c"), True), ((USER, "x"), False)])
@pytest.mark.parametrize("kind", ["permit", "deny"])
async def test_a_contained_role_is_the_person_or_system_at_the_institution(
    place: Any, tmp_path: Path, kind: str, party: tuple[str, str], is_it: bool
) -> None:
    async with treating(place, tmp_path) as found:
        assert await sees(found, "c", "P6a")
        role = role_of(dict(zip(("system", "value"), party, strict=True)))
        await give(found, "b", found.patients["P6b"], naming(kind, "#r"), contained=[role])
        assert await sees(found, "c", "P6a") is (is_it if kind == "permit" else not is_it)
        assert await sees(found, "b", "P6a") is (kind == "deny")


async def test_a_contained_organization_is_the_institution(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        inside = {"resourceType": "Organization", "id": "r", "identifier": [C]}
        await give(found, "b", found.patients["P6b"], naming("deny", "#r"), contained=[inside])
        assert not await sees(found, "c", "P6a")
        assert await sees(found, "b", "P6a")
        (told,) = (await run(found.hub, "consent-list", {"patient": found.patients["P6b"]}))[
            "consents"
        ]
        assert told["institutions"] == [INSTITUTIONS["c"]]


async def test_a_role_is_known_by_what_it_refers_to(place: Any, tmp_path: Path) -> None:
    async with treating(place, tmp_path) as found:
        organization = await found.made(
            "b", {"resourceType": "Organization", "identifier": [C], "name": "C"}
        )
        device = {"system": CLIENT, "value": "his-c"}
        role = {
            **role_of(device),
            "identifier": [device],
            "organization": {"reference": f"Organization/{organization}"},
        }
        patient = found.patients["P6b"]
        stored = await found.made("b", {key: role[key] for key in role if key != "id"})
        for reference, more in (
            ("#r", {"contained": [role]}),
            (f"PractitionerRole/{stored}", {}),
        ):
            tree = consent_of(patient, naming("deny", reference), **more)
            key = await found.made("b", tree)
            assert not await sees(found, "c", "P6a")
            assert await sees(found, "b", "P6a")
            ended = {**tree, "id": key, "status": "inactive"}
            assert (await found.put(f"Consent/{key}", "b", ended)).status_code == 200
            assert await sees(found, "c", "P6a")


UNTOLD: list[dict[str, Any]] = [
    {"resourceType": "Organization", "name": "nobody here"},
    {
        "resourceType": "Organization",
        "identifier": [C, {**C, "value": INSTITUTIONS["b"]}],
    },
    role_of({"system": "urn:x", "value": "y"}, practitioner={"display": "somebody"}),
    {"resourceType": "CareTeam", "identifier": [C]},
]


async def test_who_cannot_be_told_is_refused_by_name_of_the_element(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        for kind, inside in product(("permit", "deny"), UNTOLD):
            tree = consent_of(
                found.patients["P6b"], naming(kind, "#r"), contained=[{**inside, "id": "r"}]
            )
            answer = await found.post("Consent", "b", tree)
            assert answer.status_code == 422, (kind, inside, answer.text)
            (issue,) = answer.json()["issue"]
            assert PATH in str(issue), (kind, inside)
            assert "not-known" in str(issue), (kind, inside)
            assert await sees(found, "c", "P6a"), (kind, inside)
            assert await sees(found, "b", "P6a"), (kind, inside)
