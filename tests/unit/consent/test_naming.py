"""Whom a Consent names, however it does: the same is read of each way, or it is nobody."""

from typing import Any

import pytest

from hie.consent.naming import CLIENT, USER, named, references, who_is
from hie.consent.provision import Data, Who
from hie.consent.reading import read
from hie.fhir import INSTITUTION
from tests.unit.consent.consents import KNOWN, NOW, A, B, a_consent, asked, rule


def identifier(system: str, value: str) -> dict[str, Any]:
    return {"identifier": {"system": system, "value": value}}


def a_target(kind: str, *identifiers: tuple[str, str], **more: Any) -> dict[str, Any]:
    given = [{"system": system, "value": value} for system, value in identifiers]
    return {"resourceType": kind, "id": "x", **({"identifier": given} if given else {}), **more}


INSIDE = {
    "#o": a_target("Organization", (INSTITUTION, A)),
    "#p": a_target("Practitioner", (USER, "p")),
}
TARGETS = [
    (a_target("Organization", (INSTITUTION, A)), Who(institution=A)),
    (a_target("Organization", ("urn:own", "7"), (INSTITUTION, A)), Who(institution=A)),
    (a_target("Practitioner", (USER, "p")), Who(party="user/p")),
    (a_target("Device", (CLIENT, "his")), Who(party="client/his")),
    (a_target("PractitionerRole", (USER, "p"), (INSTITUTION, A)), Who(A, "user/p")),
    (
        a_target("PractitionerRole", (USER, "p"), organization=identifier(INSTITUTION, A)),
        Who(A, "user/p"),
    ),
    (
        a_target(
            "PractitionerRole",
            organization={"reference": "Organization/a"},
            practitioner={"reference": "Practitioner/p/_history/2"},
        ),
        Who(A, "user/p"),
    ),
    (
        a_target(
            "PractitionerRole", organization={"reference": "#o"}, practitioner={"reference": "#p"}
        ),
        Who(A, "user/p"),
    ),
    # nobody of the hub, or more than one
    (a_target("Organization"), None),
    (a_target("Organization", ("urn:own", "7")), None),
    (a_target("Organization", (INSTITUTION, A), (INSTITUTION, B)), None),
    (a_target("Practitioner", (USER, "p"), (USER, "q")), None),
    (a_target("Patient", (USER, "p")), None),
    (a_target("CareTeam", (INSTITUTION, A)), None),
    # a role of somebody who is not known is not everybody of the institution
    (
        a_target(
            "PractitionerRole", (INSTITUTION, A), practitioner={"reference": "Practitioner/nobody"}
        ),
        None,
    ),
    (a_target("PractitionerRole", (INSTITUTION, A), practitioner={"display": "somebody"}), None),
    (a_target("PractitionerRole", (USER, "p"), organization={"reference": "#p"}), None),
    (a_target("PractitionerRole", (USER, "p"), organization={"reference": "#x"}), None),
    (a_target("PractitionerRole", (USER, "p"), organization={"reference": "#gone"}), None),
]


@pytest.mark.parametrize(("target", "who"), TARGETS)
def test_a_contained_one_is_read_like_one_that_is_stored(
    target: dict[str, Any], who: Who | None
) -> None:
    inside = {**INSIDE, "#x": target}
    is_of_a_type = target["resourceType"] not in ("Patient", "CareTeam")
    if is_of_a_type:
        assert who_is(target, KNOWN, inside) == who
    assert named({"reference": "#x"}, KNOWN, inside) == who
    actor = {"role": {"coding": [{"code": "IRCP"}]}, "reference": {"reference": "#x"}}
    contained = [{**one, "id": key[1:]} for key, one in inside.items()]
    for kind in ("permit", "deny"):
        consent = a_consent({"type": kind, "actor": [actor]}, contained=contained)
        found = read(consent, KNOWN, NOW)
        if who is None:
            (fault,) = found.faults
            assert (fault.path, fault.code) == (
                "Consent.provision.actor[0].reference",
                "not-known",
            )
            assert asked(consent, by=A) is False
        else:
            assert found.faults == ()
            assert found.root.who == (who,)


def test_a_person_who_is_permitted_opens_nothing_to_their_institution() -> None:
    role = a_target("PractitionerRole", (INSTITUTION, A), (USER, "p"))
    actor = {"role": {"coding": [{"code": "IRCP"}]}, "reference": {"reference": "#x"}}
    consent = a_consent({"type": "permit", "actor": [actor]}, contained=[role])
    assert asked(consent, by=A, parties=frozenset({"user/p"})) is True
    assert asked(consent, by=A, parties=frozenset({"user/q"})) is False
    assert asked(consent, by=B, parties=frozenset({"user/p"})) is False


def test_what_a_contained_role_points_at_is_told() -> None:
    role = a_target(
        "PractitionerRole",
        organization={"reference": "Organization/a/_history/1"},
        practitioner={"reference": "#p"},
    )
    consent = a_consent(rule("deny", who="Organization/c #x"), contained=[role])
    assert references(consent) == {"Organization/a", "Organization/c"}


@pytest.mark.parametrize(
    ("target", "data"),
    [
        (a_target("Organization", (INSTITUTION, A)), (Data(source=A),)),
        (a_target("PractitionerRole", (INSTITUTION, A), (USER, "p")), None),
    ],
)
def test_what_one_member_of_staff_made_is_not_what_their_institution_sent(
    target: dict[str, Any], data: tuple[Data, ...] | None
) -> None:
    consent = a_consent(rule("deny", data="authoredby:#x"), contained=[target])
    found = read(consent, KNOWN, NOW)
    assert found.root.data == data
    assert [one.path for one in found.faults] == (
        [] if data else ["Consent.provision.data[0].reference"]
    )
