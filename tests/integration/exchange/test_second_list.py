"""A list is data: what a receiver recognises follows its policy and its folder, not the code."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hie.access.actor import Actor, ActorKind, Purpose
from hie.app import opened
from hie.errors import RulebookInvalid, UnprocessableRequest
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.exchange.prior_results import prior_results
from hie.recognition.catalogue import load_catalogue
from hie.schemas import schema, use_folder
from hie.settings import Settings
from hie.synthetic import example
from hie.synthetic.institutions import BEIJING, BY_SITE
from hie.synthetic.messages import written
from hie.synthetic.panels import CHEMISTRY
from hie.synthetic.people import make_person
from hie.synthetic.report import make_report
from tests.integration.test_road import TODAY, _connected, _packed
from tests.treated import treats_everybody

pytestmark = pytest.mark.anyio
SITE = "bj-lis"
# What a regional office may know of an item that the shipped files only name.
BILIRUBIN = """\
key: TBIL
zh: 总胆红素
en: Total bilirubin
category: chemistry
value_type: quantity
specimen: serum-plasma
from: 2022-03-01
unit: umol/L
aliases: []
decimals:
  2022-03-01: {value: 1, basis: regional table, certainty: assumed}
plausible:
  2022-03-01: {value: {low: 0.1, high: 1500}, basis: regional table, certainty: assumed}
turnaround_days:
  2022-03-01: {value: 1, basis: regional table, certainty: assumed}
validity_days:
  2022-03-01: {value: 30, basis: regional table, certainty: assumed}
reference_intervals:
  2022-03-01:
    value: [{age_low: 18, low: 3.4, high: 20.5}]
    basis: regional table
    certainty: assumed
sources: [https://example.org/table]
"""
LIST = """\
key: own
zh: 本地
en: own
items:
  2022-03-01: {value: [TBIL, K], basis: regional table, certainty: high}
"""


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    yield
    use_folder(None)


def settings(place: Any, folder: Path | None = None) -> Settings:
    return Settings(
        data_dir=place.data_dir, database_url=place.url, rate_limits=False, rulebook_dir=folder
    )


async def received(hub: Hub) -> str:
    """A chemistry report of an invented person with bilirubin in it; the resident number."""
    person = make_person(1, TODAY, 1)
    day = TODAY - timedelta(days=2)
    report = make_report(1, person, BY_SITE[SITE], CHEMISTRY, day, load_catalogue())
    await run(hub, "receive", {"site": SITE, "files": [_packed(written(report, "LIST0001"))]})
    return person.resident_id


async def mapped(hub: Hub) -> None:
    """A person says that the site's TBIL is the catalogue's."""
    codes = (await run(hub, "map-list", {"site": SITE, "state": "unmapped"}))["codes"]
    (code,) = (one for one in codes if one["name"] == "总胆红素")
    arguments = {"codes": [code["code"]], "system": code["system"], "item": "TBIL"}
    await run(hub, "map-review", {"site": SITE, "approve": True, **arguments})


async def asked(hub: Hub, number: str, *items: str) -> list[dict[str, Any]]:
    body = json.loads(example(today=TODAY).order_check)
    body["patient"] = {"identifiers": [{"type": "resident-id", "value": number}]}
    body["orders"] = [{"ref": str(n), "item": item} for n, item in enumerate(items, 1)]
    answer = await run(hub, "order-check", {"request": json.dumps(body)})
    return list(answer["orders"])


async def imported(hub: Hub, catalogue: str, **files: str) -> None:
    policy = f"policies: [{{scope: 'region:13', from: 2023-01-01, catalogue: '{catalogue}'}}]\n"
    texts = {"policies.yaml": policy, **{f"{name}.csv": text for name, text in files.items()}}
    packed = [
        {"name": name, "content": base64.b64encode(text.encode()).decode()}
        for name, text in texts.items()
    ]
    await run(hub, "register-import", {"files": packed, "dry_run": False})
    hub.registers._looked = float("-inf")


def clinician() -> Actor:
    return Actor(
        kind=ActorKind.USER,
        client="pages",
        subject="someone",
        institution=example(today=TODAY).institution,
        purpose=Purpose.TREATMENT,
        scopes=frozenset({"user/*.rs"}),
        role="clinician",
    )


def moved(order: dict[str, Any]) -> dict[str, str]:
    """The rules that fired or are unknown, of the first candidate, with what they say."""
    return {
        f["rule"]: f["text"]["en"]
        for f in order["candidates"][0]["findings"]
        if f["fired"] or f["unknown"]
    }


async def test_an_item_of_the_second_list_is_ordered_and_answered_by_the_receivers_list(
    place: Any, tmp_path: Path
) -> None:
    async with opened(settings(place)) as hub:
        await _connected(hub, tmp_path)
        number = await received(hub)
        assert [o["outcome"] for o in await asked(hub, number, "TBIL", "FER")] == ["none", "none"]
        await mapped(hub)
        (order,) = await asked(hub, number, "TBIL")
        assert order["outcome"] == "do_not_recognise"
        assert "R-103" in moved(order)
        assert "R-303" not in {f["rule"] for f in order["candidates"][0]["findings"]}
        marks = f"institution,item,mark,from,to\n{BEIJING.code},TBIL,京津冀HR,2023-01-01,\n"
        rounds = (
            "institution,item,scheme,round,from,to,score,acceptable\n"
            f"{BEIJING.code},TBIL,NCCL,2026-1,2023-01-01,,100,true\n"
        )
        await imported(hub, "list:hubei22", marks=marks, qualifications=rounds)
        order, potassium, creatinine = await asked(hub, number, "TBIL", "K", "CRE")
        assert (order["outcome"], order["candidates"][0]["limit_days"]) == ("do_not_recognise", 30)
        said = moved(order)
        assert "R-103" not in said
        assert said["R-303"].startswith("The catalogue gives no unit")
        assert said["R-301"].startswith("The catalogue does not say of what specimen")
        assert order["saves"] is None
        assert potassium["outcome"] == "recognise"
        assert "R-103" in moved(creatinine)


async def test_a_key_that_no_file_has_is_still_an_unknown_item(place: Any, tmp_path: Path) -> None:
    async with opened(settings(place)) as hub:
        await _connected(hub, tmp_path)
        with pytest.raises(UnprocessableRequest) as refused:
            await asked(hub, "11010519491231002X", "FER", "FERR", "ZN")
        assert [(f.path, f.code) for f in refused.value.faults] == [
            ("orders[1].item", "unknown-item"),
            ("orders[2].item", "unknown-item"),
        ]


async def test_a_regions_own_folder_completes_an_item_without_a_change_of_code(
    place: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    for name, text in (("catalogue/lab/TBIL.yaml", BILIRUBIN), ("catalogue/lists/own.yaml", LIST)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    async with opened(settings(place, folder)) as hub:
        await _connected(hub, tmp_path)
        number = await received(hub)
        await mapped(hub)
        marks = f"institution,item,mark,from,to\n{BEIJING.code},TBIL,京津冀HR,2023-01-01,\n"
        rounds = (
            "institution,item,scheme,round,from,to,score,acceptable\n"
            f"{BEIJING.code},TBIL,NCCL,2026-1,2023-01-01,,100,true\n"
        )
        await imported(hub, "list:own", marks=marks, qualifications=rounds)
        bilirubin, potassium, sodium = await asked(hub, number, "TBIL", "K", "NA")
        assert bilirubin["outcome"] == "recognise", moved(bilirubin)
        assert bilirubin["candidates"][0]["unit"] == "umol/L"
        assert potassium["outcome"] == "recognise"
        assert "R-103" in moved(sodium)
        checks = (await run(hub, "doctor", {}))["checks"]
        (told,) = (one for one in checks if one["check"] == "rulebook")
        assert told["ok"]
        assert f"{folder} over the shipped files" in told["text"]
        (folder / "catalogue/lists/own.yaml").write_text(LIST.replace("TBIL, K", "K"), "utf-8")
        checks = (await run(hub, "doctor", {}))["checks"]
        (told,) = (one for one in checks if one["check"] == "rulebook")
        assert (told["ok"], "changed since" in told["text"]) == (False, True)
        (folder / "catalogue/lists/own.yaml").write_text(LIST.replace("TBIL", "ZZZ"), "utf-8")
        checks = (await run(hub, "doctor", {}))["checks"]
        (told,) = (one for one in checks if one["check"] == "rulebook")
        assert f"{folder}/catalogue/lists/own.yaml:5: unknown-item" in told["text"]


async def test_a_rulebook_that_does_not_hold_together_opens_no_hub(
    place: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    (folder / "catalogue/lists").mkdir(parents=True)
    (folder / "catalogue/lists/own.yaml").write_text(LIST.replace("TBIL", "ZZZ"), "utf-8")
    with pytest.raises(RulebookInvalid) as refused:
        async with opened(settings(place, folder)):
            pass
    assert f"{folder}/catalogue/lists/own.yaml:5: unknown-item: ZZZ" in refused.value.text


async def test_a_patients_page_asks_of_what_can_be_ordered_and_shows_the_rest(
    place: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "own" / "catalogue" / "lab"
    folder.mkdir(parents=True)
    ended = (TODAY - timedelta(days=1)).isoformat()
    text = schema("catalogue", "lab", "UA.yaml").read_text("utf-8")
    changed = text.replace("from: 2022-03-01\n", f"from: 2022-03-01\nto: {ended}\n", 1)
    (folder / "UA.yaml").write_text(changed, "utf-8")
    async with opened(settings(place, tmp_path / "own")) as hub:
        await _connected(hub, tmp_path)
        await received(hub)
        await mapped(hub)
        async with hub.db.reading() as reader:
            patient = await reader.fetchval("SELECT id FROM patient")
        await treats_everybody(hub, clinician().institution)
        page = await prior_results(hub, clinician(), patient)
        assert page is not None
        asked_of = {order["ref"] for order in page["answer"]["orders"]}
        assert {"K", "TBIL"} <= asked_of
        assert "UA" not in asked_of
        assert "尿酸" in str(page["others"])
