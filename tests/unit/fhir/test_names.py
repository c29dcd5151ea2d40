"""The systems of codes and numbers lead both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.fhir import (
    LOINC,
    identifier_kind,
    identifier_system,
    local_code_system,
    local_system_name,
    site_system,
)

KINDS = (
    "resident-id passport residence-permit hk-macao-permit taiwan-permit insurance officer-card "
    "household-book driving-licence other"
).split()


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_number_leads_to_its_system_and_back(kind: str) -> None:
    assert identifier_kind(identifier_system(kind)) == kind


def test_a_number_of_a_site_is_nobody_elses() -> None:
    assert identifier_kind(site_system("lis-1", "patient")) is None
    assert site_system("lis-1", "patient") != site_system("lis-2", "patient")


def test_a_resident_number_has_the_national_system() -> None:
    assert identifier_system("resident-id") == "urn:oid:2.16.156.10011.1.3"


@pytest.mark.parametrize(
    ("name", "system"),
    [
        ("LN", LOINC),
        ("HL70487", "http://terminology.hl7.org/CodeSystem/v2-0487"),
        ("SCT", "http://snomed.info/sct"),
        ("2.16.156.10011.2.3", "urn:oid:2.16.156.10011.2.3"),
        ("http://lab.example/codes", "http://lab.example/codes"),
        ("urn:oid:1.2", "urn:oid:1.2"),
    ],
)
def test_a_system_of_everybodys_has_its_own_address(name: str, system: str) -> None:
    assert local_code_system("lis-1", name) == local_code_system("lis-2", name) == system


@given(st.text(min_size=1, max_size=20))
def test_a_sites_word_for_a_system_becomes_an_address_and_comes_back(name: str) -> None:
    system = local_code_system("lis-1", name)
    assert not any(char.isspace() and char.isascii() for char in system)
    if system.startswith("https://hie.example/") and name != "local":
        assert local_system_name(system) == name


def test_a_system_without_a_name_is_the_sites_own() -> None:
    assert local_code_system("lis-1", None) == local_code_system("lis-1", "local")
    assert local_system_name(local_code_system("lis-1", "")) == ""
    assert local_code_system("lis-1", "99LAB") != local_code_system("lis-2", "99LAB")
