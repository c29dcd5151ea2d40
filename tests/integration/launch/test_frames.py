"""A HIS shows a launched patient's pages in a frame: that HIS, that patient, and nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest

from hie.errors import HubMisconfigured
from tests.integration.access.support import NOT_THERE
from tests.integration.access.test_consent_reaches import order_check
from tests.integration.deciding import repeating
from tests.integration.launch.frames import (
    FRAMED,
    HIS,
    HTML,
    HUB,
    again,
    ask_for_ticket,
    assert_framed,
    assert_never_framed,
    followed,
    framing,
    launched,
    sign_in,
    ticket,
)
from tests.integration.launch.support import (
    csrf_of,
    desk,
    events_of,
)

pytestmark = pytest.mark.anyio


async def test_a_his_opens_a_patients_page_in_a_frame(place: Any, tmp_path: Path) -> None:
    async with framing(place, tmp_path) as at:
        path = await ticket(at, patient="P1a", lang="en")
        assert path.startswith("/framed/launch?launch=framed.")
        stranger = await at.browser.get(path, headers=HTML)
        assert stranger.status_code == 401
        assert "url=/framed/sign-in?next=%2Flaunch" in stranger.text
        assert_framed(stranger)
        form = await at.browser.get("/framed/sign-in", params={"next": path[7:]})
        assert_framed(form)
        kept = form.headers["set-cookie"]
        assert re.fullmatch(
            r"__Host-hie_form_framed=[\w-]+; Path=/; Secure; HttpOnly; SameSite=None; Partitioned",
            kept,
        )
        entered = await sign_in(at, path.removeprefix("/framed"))
        (session,) = [one for one in entered.headers.get_list("set-cookie") if FRAMED in one]
        assert re.fullmatch(
            rf"{FRAMED}=[\w-]{{43}}; Path=/; Secure; HttpOnly; SameSite=None; Partitioned", session
        )
        page = await followed(at, path)
        assert page.status_code == 200
        assert_framed(page)
        assert at.region.patients["P1a"] in str(page.url)
        assert_all_addresses_stay(page.text)
        details = [one[2] for one in await events_of(at.hub, "launch")]
        assert details == [f"ticket for /patients/{at.region.patients['P1a']} in a frame",
                           f"/patients/{at.region.patients['P1a']} in a frame"]  # fmt: skip
        assert [one[2] for one in await events_of(at.hub, "sign-in")] == ["in a frame"]


def assert_all_addresses_stay(page: str) -> None:
    """Every address of a page is in the room, or opens in a window of the hub."""
    found = re.findall(r'<[^>]*?\b(?:href|src|action|data-study)="/[^>]*>', page)
    assert found
    for one in found:
        assert '="/framed/' in one or 'target="_blank" rel="noopener"' in one, one
    assert 'href="/patients"' not in page
    assert 'href="/work"' not in page


async def test_an_order_is_checked_and_decided_in_a_frame(place: Any, tmp_path: Path) -> None:
    async with framing(place, tmp_path) as at:
        patient = at.region.patients["P1a"]
        await launched(at, patient="P1a")
        orders = await at.browser.get(f"/framed/patients/{patient}/orders")
        assert f'action="/framed/patients/{patient}/orders"' in orders.text
        asked = {"csrf": csrf_of(orders.text), "class": "outpatient", "purpose": "treatment"}
        placed = await at.browser.post(
            f"/framed/patients/{patient}/orders", data={**asked, "item-K": "on"}
        )
        assert placed.status_code == 303, placed.text
        assert placed.headers["location"].startswith("/framed/checks/")
        shown = await at.browser.get(placed.headers["location"])
        assert_framed(shown)
        assert_all_addresses_stay(shown.text)
        form = repeating(shown.text, "N6_OTHER_NECESSARY", "新的症状")
        decided = await at.browser.post(placed.headers["location"], data=form)
        assert decided.status_code == 303, decided.text
        assert decided.headers["location"].startswith("/framed/checks/")
        stands = await at.browser.get(decided.headers["location"])
        assert "新的症状" in stands.text
        (notice,) = set(re.findall(r'href="(/framed/decisions/[^/"]+/notice)"', stands.text))
        assert_framed(await at.browser.get(notice))
        checked = (await order_check(at.region, "a", patient))["check"]
        card = await again(at, check=checked)  # the card of the HIS, for the same patient
        assert f"/framed/checks/{checked}" in str(card.url)
        assert_all_addresses_stay(card.text)
        chosen = repeating(card.text, "N1_CONDITION_CHANGED")
        made = await at.browser.post(f"/framed/checks/{checked}", data=chosen)
        assert made.headers["location"] == f"/framed/checks/{checked}"
        shown = await at.browser.get(made.headers["location"])
        assert f'href="/framed/checks/{checked}/notice"' in shown.text
        assert_framed(await at.browser.get(f"/framed/checks/{checked}/notice"))


async def test_pictures_of_a_frame_come_by_its_own_session(place: Any, tmp_path: Path) -> None:
    async with framing(place, tmp_path) as at:
        await launched(at, patient="P1a")
        for place_ in ("", "/sites/pacs"):  # as an Endpoint names them: below the archive's site
            address = f"/dicom-web{place_}/studies/1.2.3/metadata"
            assert (await at.browser.get(f"/framed{address}")).status_code == 404  # there is none
            assert (await at.browser.get(address)).status_code == 401
        await at.browser.get("/framed/static/hub.css")
        at.browser.cookies.clear()
        assert (await at.browser.get(f"/framed{address}")).status_code == 401


async def test_outside_the_room_no_page_may_be_framed(place: Any, tmp_path: Path) -> None:
    async with framing(place, tmp_path) as at:
        patient = at.region.patients["P1a"]
        await launched(at, patient="P1a")
        await sign_in(at, "/patients", room="")
        framed_by_his = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site", "Referer": HIS}
        for path in ("/sign-in", "/patients", f"/patients/{patient}", "/oauth/authorize", "/launch",
                     "/nothing", "/framed", "/framedness", "/fhir/metadata", "/work"):  # fmt: skip
            for headers in ({}, framed_by_his, {"Origin": HIS}):
                assert_never_framed(await at.browser.get(path, headers={**HTML, **headers}))
        for headers in ({}, {"Sec-Fetch-Dest": "document"}, {"Referer": "https://evil.example"}):
            shown = await at.browser.get(f"/framed/patients/{patient}", headers={**HTML, **headers})
            assert shown.status_code == 200
            assert_framed(shown)  # the browser compares the policy with who frames it


CLOSED = (
    ("GET", "/patients"), ("POST", "/patients"), ("GET", "/patients/{p}/consents"),
    ("POST", "/patients/{p}/consents"), ("POST", "/patients/{p}/apps/viewer"), ("GET", "/break-glass"),
    ("POST", "/break-glass"), ("GET", "/glass"), ("GET", "/work"), ("POST", "/work"), ("GET", "/"),
    ("GET", "/outcomes"), ("GET", "/outcomes.csv"), ("GET", "/consents/x"), ("GET", "/fhir/Patient/{p}"),
    ("GET", "/v1/decisions/x"), ("POST", "/oauth/token"), ("POST", "/oauth/authorize"),
    ("GET", "/metrics"), ("GET", "/framed/patients/{p}"), ("POST", "/patients/{p}"),
    ("GET", "//patients/{p}"), ("GET", "/intake/x"), ("POST", "/dicom-web/studies"),
    ("POST", "/dicom-web/sites/pacs/studies"), ("GET", "/dicom-web/sites/pacs/series"), ("GET", "/ohif/viewer"),
)  # fmt: skip


async def test_the_room_opens_the_launched_patients_pages_and_nothing_else(
    place: Any, tmp_path: Path
) -> None:
    async with framing(place, tmp_path) as at:
        patient = at.region.patients["P1a"]
        page = await launched(at, patient="P1a")
        form = {"csrf": csrf_of(page.text)}
        for method, path in CLOSED:
            said = form if method == "POST" else None
            target = f"/framed{path.format(p=patient)}"
            answer = await at.browser.request(method, target, data=said, headers=HTML)
            assert answer.status_code in {401, 403, 404, 405}, (method, path)
            assert_never_framed(answer)
            assert at.region.canary("P1a") not in answer.text


async def test_another_patient_is_not_there_in_the_frame_of_one(place: Any, tmp_path: Path) -> None:
    """She treats both, and sees both in the hub's own window."""
    async with framing(place, tmp_path) as at:
        mine, other = at.region.patients["P1a"], at.region.patients["P3a"]
        checks = {one: (await order_check(at.region, "a", one))["check"] for one in (mine, other)}
        await launched(at, patient="P1a")
        twin = await at.browser.get(f"/framed/patients/{mine}", headers=HTML)
        for key in (other, NOT_THERE):
            for path in (
                f"/patients/{key}",
                f"/patients/{key}/orders",
                f"/patients/{key}/images/x",
            ):
                hidden = await at.browser.get(f"/framed{path}", headers=HTML)
                assert hidden.status_code == 404
                assert at.region.canary("P3a") not in hidden.text
        assert (await at.browser.get(f"/framed/checks/{checks[mine]}")).status_code == 200
        form = {"csrf": csrf_of(twin.text), "ref": "1"}
        for path in (f"/checks/{checks[other]}", f"/checks/{checks[other]}/notice", "/checks/x",
                     "/decisions/x/record", "/decisions/x/notice"):  # fmt: skip
            assert (await at.browser.get(f"/framed{path}", headers=HTML)).status_code == 404
        for path in (f"/checks/{checks[other]}/again", f"/patients/{other}/orders"):
            assert (await at.browser.post(f"/framed{path}", data=form)).status_code == 404
        await sign_in(at, "/patients", room="")
        for path in (f"/patients/{other}", f"/checks/{checks[other]}"):
            assert (await at.browser.get(path)).status_code == 200
        assert (await again(at, patient="P3a")).status_code == 200  # the HIS goes on to the next
        assert (await at.browser.get(f"/framed/patients/{mine}")).status_code == 404
        assert ("absent", "4") in await at.refused()


async def test_before_a_launch_a_session_in_a_frame_opens_nobody(
    place: Any, tmp_path: Path
) -> None:
    async with framing(place, tmp_path) as at:
        patient = at.region.patients["P1a"]
        entered = await sign_in(at, f"/patients/{patient}")
        assert entered.headers["location"] == f"/framed/patients/{patient}"
        for path in (f"/patients/{patient}", f"/patients/{patient}/orders", "/checks/x"):
            assert (await at.browser.get(f"/framed{path}", headers=HTML)).status_code == 404
        assert (await again(at, patient="P1a")).status_code == 200


async def test_without_a_registered_his_there_are_no_frames(place: Any, tmp_path: Path) -> None:
    async with desk(place, tmp_path, base_url=HUB) as at:
        answer = await ask_for_ticket(at, patient="P1a", framed=True)
        assert answer.status_code == 422
        await at.sign_in()
        for path in ("/framed/sign-in", f"/framed/patients/{at.region.patients['P1a']}"):
            found = await at.browser.get(path, headers=HTML)
            assert found.status_code == 404
            assert_never_framed(found)


@pytest.mark.parametrize(
    "settings",
    [
        {"frame_origins": [HIS]},  # the hub itself is plain http
        *(
            {"base_url": HUB, "frame_origins": [origin]}
            for origin in (
                "http://his.example", "https://his.example/", "https://*.his.example", "https://his.example/x",
                "https://his.example:0", "https://his.example:443", "his.example", "https://HIS.example",
                "https://u@his.example", "https://his.example;script-src", "https://", "*", "'self'",
                "https://his.example https://evil.example", "https://his..example", "https://his.example:x",
            )
        ),
    ],
)  # fmt: skip
async def test_an_origin_that_is_none_keeps_the_hub_down(
    place: Any, tmp_path: Path, settings: dict[str, Any]
) -> None:
    with pytest.raises(HubMisconfigured, match="frame_origins"):
        async with desk(place, tmp_path, **settings):
            pass
