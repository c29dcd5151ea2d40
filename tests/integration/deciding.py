"""How a clinician signs in, finds the example's patient and orders: forms as browsers send."""

import re

import httpx

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.synthetic import example
from tests.integration.exchange.reopening import K
from tests.integration.test_road import TODAY

PASSWORD = "a long pass phrase"
CORRECTION = (K, "|5.62|mmol/L|3.5-5.3|H|||C|")


def fields(page: str, form: str) -> dict[str, str]:
    """The hidden fields of the first form whose tag or body contains these words."""
    for one in re.findall(r"<form.*?</form>", page, re.S):
        if form in one:
            return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', one))
    raise AssertionError(f"no form with {form!r}")


def using(page: str, *places: int) -> dict[str, str]:
    """The form of a check with the results at these places used."""
    return fields(page, "data-decide") | {f"use-{place}": "yes" for place in places or (1,)}


def repeating(page: str, reason: str, text: str = "", *, place: int = 1) -> dict[str, str]:
    """The form of a check with one test repeated, which was explained."""
    said = {f"reason-{place}": reason, f"text-{place}": text, "explained": "yes"}
    return fields(page, "data-decide") | said


async def sign_in(client: httpx.AsyncClient, login: str = "doctor") -> None:
    token = fields((await client.get("/sign-in")).text, "password")["csrf"]
    data = {"csrf": token, "next": "/patients", "login": login, "password": PASSWORD}
    assert (await client.post("/sign-in", data=data)).status_code == 303


async def patient(client: httpx.AsyncClient) -> str:
    """The address of the example's patient."""
    number = re.findall(r"\d{17}[\dX]", example(today=TODAY).order_check.decode())[0]
    token = fields((await client.get("/patients")).text, "value")["csrf"]
    data = {"csrf": token, "type": "resident-id", "value": number}
    found = await client.post("/patients", data=data)
    assert found.status_code == 303
    return found.headers["location"]


async def ordered(client: httpx.AsyncClient, *items: str, **more: str) -> str:
    """Items ordered on the page: the address of the check."""
    base = await patient(client)
    token = fields((await client.get(f"{base}/orders")).text, "class")["csrf"]
    data = {"csrf": token, "class": "outpatient", "purpose": "treatment", **more}
    answer = await client.post(f"{base}/orders", data=data | {f"item-{i}": "on" for i in items})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def colleague(hub: Hub, like: str) -> None:
    """A second clinician of the doctor's institution."""
    person = {"login": "second", "name": "第二位医生", "role": "clinician", "department": ""}
    await run(hub, "user-add", person | {"institution": like, "password": PASSWORD})


async def institution_of(hub: Hub) -> str:
    people = (await run(hub, "user-list", {}))["users"]
    return str(next(one["institution"] for one in people if one["login"] == "doctor"))
