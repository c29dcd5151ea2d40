"""Whose word counts at the door while a patient is a child, or may be one."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hie.app import opened
from hie.store import consents
from tests.integration.access.consents import consent_of, denying, give, rule, treating
from tests.integration.access.support import NOT_THERE, Region, encounter_of, result_of
from tests.integration.access.test_consent_log import logged
from tests.integration.test_doors import _settings

pytestmark = pytest.mark.anyio
GUARDIAN = [{"type": "RelatedPerson", "display": "guardian"}]
PERMIT, DENY = rule("permit"), denying("c")


def child_of(birth: str | None, name: str = "child") -> dict[str, Any]:
    """An invented child, as B knows it."""
    return {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:b", "value": name}],
        **({} if birth is None else {"birthDate": birth}),
    }


SIGNED: list[tuple[str | None, Any, Any, str | None]] = [
    ("2018-01-01", DENY, GUARDIAN, None),
    ("2018-01-01", DENY, None, "guardian-required"),
    ("1980-01-01", DENY, None, None),
    ("9982-01-01", DENY, None, "guardian-required"),
    ("9999-12-31", DENY, GUARDIAN, None),
    ("2018", PERMIT, None, "guardian-required"),
    ("2018", PERMIT, GUARDIAN, None),
    ("2012", PERMIT, None, "birth-date-required"),
    ("2012-06", PERMIT, None, "birth-date-required"),
    ("2012-05", PERMIT, None, None),
    ("2012", PERMIT, GUARDIAN, None),
    ("2012", DENY, None, None),
    ("2008", PERMIT, GUARDIAN, "birth-date-required"),
    ("2008", DENY, GUARDIAN, None),
    (None, PERMIT, None, "birth-date-required"),
    (None, PERMIT, GUARDIAN, "birth-date-required"),
    (None, DENY, None, None),
]


async def test_a_guardian_signs_for_a_child(place: Any, tmp_path: Path) -> None:
    """Consents of 2026-06-01, each for another child: birth, rules, who signs, why it is refused."""
    async with treating(place, tmp_path) as found:
        for number, (birth, root, performer, refused) in enumerate(SIGNED):
            child = await found.made("b", child_of(birth, f"child-{number}"))
            more = {} if performer is None else {"performer": performer}
            answer = await found.post("Consent", "b", consent_of(child, root, **more))
            expected = 201 if refused is None else 422
            assert answer.status_code == expected, (birth, root, performer, answer.text)
            if refused is not None:
                assert refused in answer.text, (birth, root, performer)


async def sees(found: Region, result: str) -> bool:
    """Whether B reads the child's result; what it may not is answered as what is not there."""
    answer = await found.get(f"Observation/{result}", "b")
    if answer.status_code == 200:
        assert "secret words" in answer.text
        return True
    absent = await found.get(f"Observation/{NOT_THERE}", "b")
    assert (answer.status_code, answer.text) == (absent.status_code, absent.text)
    return False


async def with_result(found: Region, birth: str | None) -> tuple[str, str]:
    """A child with one result at B, which treats it."""
    child = await found.made("b", child_of(birth))
    await found.made("b", encounter_of(child))
    tree = {**result_of(child, "child-1"), "note": [{"text": "secret words"}]}
    return child, await found.made("b", tree)


async def test_an_own_permission_counts_while_the_birth_date_says_enough(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        child, result = await with_result(found, "2012-03-01")
        key = await give(found, "b", child, PERMIT)
        assert await sees(found, result)
        for birth, expected in (
            ("2012", False), ("2012-05", True), ("2012-06", False), (None, False), ("2011", True),
        ):  # fmt: skip
            tree = {**child_of(birth), "id": child}
            answer = await found.put(f"Patient/{child}", "b", tree)
            assert answer.status_code == 200, answer.text
            assert await sees(found, result) is expected, birth
        decisions = [one for one in await logged(found) if one[0] == "consent-decision"]
        assert {one[1:] for one in decisions} == {
            ("0", None, f"Consent/{key}"), ("4", "consent", f"Consent/{key}"),
        }  # fmt: skip


async def test_a_guardians_denial_holds_while_the_patient_may_be_a_child(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        year = datetime.now(UTC).year
        child, result = await with_result(found, None)
        assert await sees(found, result)
        await give(found, "b", child, denying(), performer=GUARDIAN)
        assert not await sees(found, result)
        for birth, expected in ((str(year - 19), True), (str(year - 16), False)):
            tree = {**child_of(birth), "id": child}
            assert (await found.put(f"Patient/{child}", "b", tree)).status_code == 200
            assert await sees(found, result) is expected, birth


async def test_what_earlier_versions_made_of_a_permission_ends_with_the_update(
    place: Any, tmp_path: Path
) -> None:
    async with treating(place, tmp_path) as found:
        child, result = await with_result(found, "2012-03-01")
        await give(found, "b", child, PERMIT)
        db = found.hub.db
        async with db.unit() as unit:
            kept = await consents.rules_of(unit, child)
        tree = {**child_of("2012"), "id": child}
        assert (await found.put(f"Patient/{child}", "b", tree)).status_code == 200
        async with db.unit() as unit:
            await consents.write_rules(unit, [child], kept)
            await unit.execute("UPDATE hub SET value = 'advanced+presumed' WHERE name = 'consents'")
        assert await sees(found, result)
    async with opened(_settings(place)) as hub, hub.db.reading() as reader:
        assert all(not rule.decision for rule in await consents.rules_of(reader, child))
