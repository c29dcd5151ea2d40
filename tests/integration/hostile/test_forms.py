"""Forms from elsewhere, tried at every page that changes something: none is taken."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.hostile.support import ECHO, check_silent, reasons
from tests.places import Place
from tests.security.callers import BASE, Caller, Filled, filled, sign_in
from tests.security.mounted import Address, addresses, request_of, routes_of

pytestmark = pytest.mark.anyio
OPENERS = ("/fhir", "/v1", "/intake", "/dicom-web", "/oauth", "/.well-known", "/cds-services")
FORM = "application/x-www-form-urlencoded"
# Whose page it is, where it is not the clinician's.
OTHERS = {
    "/glass": "privacy-officer",
    "/messages": "integrator",
    "/messages/{id}": "integrator",
}
# What each page answers to its own form with nothing filled in: it was read, and something is
# missing (422, 200 with the form anew, 403 where the glass stays closed), or nothing is there.
TAKEN = {
    "/break-glass": 403,
    "/checks/{id}": 422,
    "/checks/{id}/again": 404,
    "/glass": 422,
    "/messages": 422,
    "/messages/{id}": 400,
    "/patients": 200,
    "/patients/{id}/apps/{app}": 404,
    "/patients/{id}/consents": 422,
    "/patients/{id}/images/{study}": 404,
    "/patients/{id}/orders": 422,
    "/sign-out": 303,
    "/work": 404,
}


@pytest.fixture
async def found(place: Place, tmp_path: Path) -> AsyncIterator[Filled]:
    async with filled(place, tmp_path) as made:
        yield made


def forms(found: Filled) -> list[Address]:
    """Every page that takes a form."""
    every = addresses(routes_of(found.app))
    return [one for one in every if "POST" in one.methods and not one.path.startswith(OPENERS)]


def whose(found: Filled, address: Address) -> Caller:
    return found.caller(OTHERS.get(address.path, "clinician"))


async def test_no_page_takes_a_form_from_elsewhere(found: Filled) -> None:
    other = found.caller("manager")
    assert other.csrf
    before, sent = await reasons(found.hub), 0
    for address in forms(found):
        doctor = whose(found, address)
        assert doctor.csrf
        right = request_of(address, "POST", doctor, found)
        for headers, csrf in (
            ({"Origin": BASE}, None),
            ({"Origin": BASE}, ""),
            ({"Origin": BASE}, ECHO),
            ({"Origin": BASE}, other.csrf),
            ({"Origin": "https://evil.example"}, doctor.csrf),
            ({"Origin": "http://localhost:8001"}, doctor.csrf),
            ({"Origin": f"{BASE}.evil.example"}, doctor.csrf),
            ({"Origin": "null"}, doctor.csrf),
            ({"Sec-Fetch-Site": "cross-site"}, doctor.csrf),
            ({"Sec-Fetch-Site": "same-site"}, doctor.csrf),
            ({"Origin": BASE, "Sec-Fetch-Site": "cross-site"}, doctor.csrf),
            ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, doctor.csrf),
        ):
            form = {"x": "1"} | {k: v for k, v in right["data"].items() if k != "csrf"}
            asked = {**right, "headers": headers, "data": form | ({"csrf": csrf} if csrf else {})}
            answer = await doctor.http.request(**asked)
            assert answer.status_code == 403, (address.path, headers, csrf and "a token")
            check_silent(answer, other.csrf)
            sent += 1
    gained = await reasons(found.hub) - before
    assert gained["csrf"] == sent >= 12 * 6


async def test_a_form_of_our_own_is_taken_and_the_session_stands(found: Filled) -> None:
    """The twin: with its token and from our own page, no form is refused for where it came from."""
    before = await reasons(found.hub)
    statuses = {}
    for address in forms(found):
        doctor = whose(found, address)
        if address.path == "/sign-in":  # whose form is that of somebody who is signed out
            doctor.csrf = await sign_in(doctor.http, doctor.name)
            continue
        answer = await doctor.http.request(**request_of(address, "POST", doctor, found))
        statuses[address.path] = answer.status_code
        if address.path == "/break-glass":
            assert 'name="second' not in answer.text
            assert 'class="wrong"' in answer.text
        if address.path == "/sign-out":
            doctor.csrf = await sign_in(doctor.http, doctor.name)
    assert statuses == TAKEN
    assert (await reasons(found.hub) - before)["csrf"] == 0
    assert (await found.caller("clinician").http.get("/patients")).status_code == 200


@pytest.mark.parametrize(
    ("media", "content"),
    [
        ("text/plain", b"csrf=%s"),
        ("application/json", b'{"csrf":"%s"}'),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\ncsrf=%s\r\n--x--"),
        ("", b"csrf=%s"),
    ],
)
async def test_a_form_in_another_media_type_is_not_read(
    found: Filled, media: str, content: bytes
) -> None:
    """What a page elsewhere may send without asking first is no form here."""
    doctor = found.caller("clinician")
    body = content % (doctor.csrf or "").encode()
    for address in forms(found):
        asked: dict[str, Any] = request_of(address, "POST", doctor, found)
        headers = {"Origin": BASE, "Content-Type": media}
        answer = await doctor.http.post(asked["url"], content=body, headers=headers)
        assert answer.status_code in {403, 415}, (address.path, media, answer.status_code)
    assert (await doctor.http.get("/patients")).status_code == 200


async def test_a_field_that_occurs_twice_is_refused_on_every_page(found: Filled) -> None:
    for address in forms(found):
        if address.path == "/sign-in":
            continue
        doctor = whose(found, address)
        asked = request_of(address, "POST", doctor, found)
        body = f"csrf={doctor.csrf}&x={ECHO}&x=2".encode()
        headers = {"Origin": BASE, "Content-Type": FORM}
        answer = await doctor.http.post(asked["url"], content=body, headers=headers)
        assert answer.status_code == 400, address.path
        check_silent(answer)
