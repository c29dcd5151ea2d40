"""Years later, before a court: an assessment explains itself from what was kept with it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hie.access.actor import Actor, ActorKind, Purpose
from hie.app import opened
from hie.errors import ResourceNotFound, UnprocessableRequest
from hie.exchange.commands import run
from hie.exchange.explain import explanation
from hie.exchange.hub import Hub
from hie.fhir.wire import parse, write
from hie.recognition.engine_version import engine_version
from hie.schemas import use_folder
from hie.store import checks
from hie.store.cells import pack
from hie.store.vault import DataClass
from hie.synthetic import example
from tests.integration.exchange.test_diff import shipped, tighter
from tests.integration.test_road import TODAY, _connected, _packed, _settings

pytestmark = pytest.mark.anyio
CASE = example(today=TODAY)


async def _filled(hub: Hub, tmp_path: Path) -> str:
    """The text of institutions.csv of a hub with one result of everything ordered."""
    region = await _connected(hub, tmp_path)
    await run(hub, "receive", {"site": CASE.site, "files": [_packed(CASE.message)]})
    file = next(one for one in region.registers if one.name == "institutions.csv")
    return file.read_bytes().decode("utf-8-sig")


async def _ask(hub: Hub, **changed: Any) -> dict[str, Any]:
    body = {**json.loads(CASE.order_check), "orders": [{"ref": "1", "item": "K"}], **changed}
    return await run(hub, "order-check", {"request": json.dumps(body)})


async def _explain(hub: Hub, assessment: str) -> dict[str, Any]:
    return await run(hub, "rulebook-explain", {"assessment": assessment})


async def _suspend(hub: Hub, institutions: str) -> None:
    """The issuing laboratory's row is replaced: suspended from the same day."""
    head, *rows = institutions.splitlines()
    row = next(one for one in rows if one.startswith(CASE.institution))
    suspended = f"{head}\n{row.replace(',active,', ',suspended,')}\n".encode()
    file = _packed(suspended, "institutions.csv")
    await run(hub, "register-import", {"files": [file], "dry_run": False})


def _offered(answer: dict[str, Any]) -> dict[str, Any]:
    one: dict[str, Any] = answer["orders"][0]["candidates"][0]
    return one


async def _alter(hub: Hub, check: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what is stored of a check, as somebody with the database in hand could."""
    async with hub.db.unit() as unit:
        row = await unit.fetchrow("SELECT dict, body FROM order_check WHERE id = $1", check)
        assert row is not None
        body = parse(checks.opened(unit, check, *row))
        change(body)
        _, packed = pack(unit.db, DataClass.ORDER, "", write(body), *checks.place(check))
        await unit.execute("UPDATE order_check SET body = $2 WHERE id = $1", check, packed)


async def test_an_assessment_made_before_a_register_change_explains_itself_unchanged_after_it(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        institutions = await _filled(hub, tmp_path)
        before = await _ask(hub)
        told = await _explain(hub, _offered(before)["assessment"])
        assert (told["reproduced"], told["outcome"]) == ("same-bytes", "recognise")
        await _suspend(hub, institutions)
        after = await _ask(hub)
        assert _offered(after)["outcome"] == "do_not_recognise"
        again = await _explain(hub, _offered(before)["assessment"])
        assert again == told
        later = await _explain(hub, _offered(after)["assessment"])
        assert (later["reproduced"], later["outcome"]) == ("same-bytes", "do_not_recognise")
        assert (told["registers"], later["registers"]) == (1, 2)
    async with opened(_settings(place)) as hub:  # nothing of it lay in memory alone
        assert await _explain(hub, _offered(before)["assessment"]) == told


async def test_an_assessment_made_before_the_rules_changed_explains_itself_by_the_rules_of_then(
    place: Any, tmp_path: Path
) -> None:
    """A region's own folder is laid over the shipped files: other limits, texts and reasons."""
    async with opened(_settings(place)) as hub:
        await _filled(hub, tmp_path)
        before = await _ask(hub)
        told = await _explain(hub, _offered(before)["assessment"])
    own = tmp_path / "own"
    _write(own, "catalogue/lab/K.yaml", tighter())
    texts = shipped("texts/gate4.yaml")
    assert "R-401" in texts
    _write(own, "texts/gate4.yaml", texts.replace("天", "日"))
    try:
        settings = _settings(place).model_copy(update={"rulebook_dir": own})
        async with opened(settings) as hub:
            after = await _ask(hub)
            assert _offered(after)["outcome"] == "do_not_recognise"
            assert await _explain(hub, _offered(before)["assessment"]) == told
            later = await _explain(hub, _offered(after)["assessment"])
            assert later["reproduced"] == "same-bytes"
            assert later["data"] != told["data"]
            listed = (await run(hub, "rulebook-history", {}))["data"]
            assert set(listed[0]["changed"]) == {"catalogue", "texts"}
    finally:
        use_folder(None)
    async with opened(_settings(place)) as hub:  # and the other way round
        again = await _explain(hub, _offered(after)["assessment"])
        assert again == later


def _write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


async def test_every_finding_is_told_with_rule_state_data_text_and_basis(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        await _filled(hub, tmp_path)
        answer = await _ask(hub)
        told = await _explain(hub, _offered(answer)["assessment"])
    assert told["engine"] == {"then": engine_version(), "now": engine_version()}
    stored = _offered(answer)
    assert [one["rule"] for one in told["findings"]] == [f["rule"] for f in stored["findings"]]
    for one, finding in zip(told["findings"], stored["findings"], strict=True):
        assert (one["data"], one["text"]) == (finding["data"], finding["text"])
        assert one["title"]["zh"]
        assert one["effect"] in ("pass", "clinician_review", "do_not_recognise")
        assert one["basis"][0]["code"] == finding["basis"]
        assert one["basis"][0]["title"]["en"]
    assert told["candidate"]["value"] == stored["value"]
    assert told["differences"] == []


async def test_an_import_of_registers_does_not_keep_the_catalogue_again(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        institutions = await _filled(hub, tmp_path)
        for _ in range(3):
            await _ask(hub)
        assert await _kinds(hub) == {
            "catalogue": 1, "manifest": 1, "policy": 1, "reasons": 1, "registers": 1,
            "rulebook": 1, "texts": 1,
        }  # fmt: skip
        await _suspend(hub, institutions)
        for _ in range(2):
            await _ask(hub)
        kept = await _kinds(hub)
        assert (kept["registers"], kept["manifest"], kept["catalogue"]) == (2, 2, 1)
    async with opened(_settings(place)) as hub:  # another process keeps nothing twice
        await _ask(hub)
        assert await _kinds(hub) == kept


async def test_what_was_asked_as_known_at_an_instant_rests_on_the_registers_of_then(
    place: Any, tmp_path: Path
) -> None:
    from datetime import UTC, datetime

    async with opened(_settings(place)) as hub:
        institutions = await _filled(hub, tmp_path)
        then = datetime.now(UTC).isoformat()
        await _suspend(hub, institutions)
        answer = await _ask(hub, as_known_at=then)
        assert _offered(answer)["outcome"] == "recognise"
        told = await _explain(hub, _offered(answer)["assessment"])
        assert (told["registers"], told["reproduced"]) == (1, "same-bytes")


async def test_another_engine_that_finds_the_same_says_so(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        await _filled(hub, tmp_path)
        answer = await _ask(hub)

        def older(body: dict[str, Any]) -> None:
            body["engine"] = "3-0000000000000000"
            body["answer"]["gates_not_asked"] = []  # an answer was written otherwise then

        await _alter(hub, answer["check"], older)
        told = await _explain(hub, _offered(answer)["assessment"])
        assert (told["reproduced"], told["differences"]) == ("same-findings", [])
        assert told["engine"]["then"] == "3-0000000000000000"


async def test_another_engine_names_the_findings_that_differ(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        await _filled(hub, tmp_path)
        answer = await _ask(hub)

        def older(body: dict[str, Any]) -> None:
            body["engine"] = "3-0000000000000000"
            one = body["answer"]["orders"][0]["candidates"][0]
            finding = next(f for f in one["findings"] if f["rule"] == "R-405")
            finding["unknown"] = True
            one["findings"] = [f for f in one["findings"] if f["rule"] != "R-404"]

        await _alter(hub, answer["check"], older)
        told = await _explain(hub, _offered(answer)["assessment"])
        assert told["reproduced"] == "other-findings"
        assert [(d["rule"], d["was"] is None) for d in told["differences"]] == [
            ("R-404", True),
            ("R-405", False),
        ]
        assert told["differences"][1]["members"] == ["unknown"]


async def test_an_answer_that_was_altered_is_found_out(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        await _filled(hub, tmp_path)
        answer = await _ask(hub)

        def better(body: dict[str, Any]) -> None:
            body["answer"]["orders"][0]["candidates"][0]["value"] = "4.20"

        await _alter(hub, answer["check"], better)
        told = await _explain(hub, _offered(answer)["assessment"])
        assert told["reproduced"] == "altered"
        assert [one["members"] for one in told["differences"]] == [["value"]]


async def test_facts_that_were_altered_are_found_out(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        await _filled(hub, tmp_path)
        answer = await _ask(hub)

        def unreviewed(body: dict[str, Any]) -> None:
            for one in body["facts"]["candidates"]:
                one["reviewed"] = False

        await _alter(hub, answer["check"], unreviewed)
        told = await _explain(hub, _offered(answer)["assessment"])
        assert (told["reproduced"], told["now"]) == ("altered", "clinician_review")
        assert [one["rule"] for one in told["differences"]] == ["R-006", None]


async def test_a_check_of_an_earlier_version_says_what_was_not_kept(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        await _filled(hub, tmp_path)
        answer = await _ask(hub)
        old_id = "OldAssessment001"

        def older(body: dict[str, Any]) -> None:
            del body["data"], body["engine"]
            body["answer"]["orders"][0]["candidates"][0]["assessment"] = old_id

        await _alter(hub, answer["check"], older)
        with pytest.raises(UnprocessableRequest) as refused:
            await _explain(hub, old_id)
        assert [one.path for one in refused.value.faults] == ["data", "engine"]
        assert {one.code for one in refused.value.faults} == {"not-kept"}
        with pytest.raises(ResourceNotFound):  # a door does not look through every check
            await explanation(hub, _clinician(), old_id)


@pytest.mark.parametrize("kind", ["manifest", "catalogue", "registers"])
async def test_data_that_is_damaged_or_gone_is_named(place: Any, tmp_path: Path, kind: str) -> None:
    async with opened(_settings(place)) as hub:
        await _filled(hub, tmp_path)
        assessment = _offered(await _ask(hub))["assessment"]
        async with hub.db.unit() as unit:
            broken = unit.db.bodies.pack(b"{}")
            await unit.execute("UPDATE data_in_force SET body = $2 WHERE kind = $1", kind, broken)
        with pytest.raises(UnprocessableRequest) as refused:
            await _explain(hub, assessment)
        (fault,) = refused.value.faults
        assert (fault.path, fault.code) == (f"data.{kind}", "damaged")
        async with hub.db.unit() as unit:
            await unit.execute("DELETE FROM data_in_force WHERE kind = $1", kind)
        with pytest.raises(ResourceNotFound) as missing:
            await _explain(hub, assessment)
        (fault,) = missing.value.faults
        assert (fault.path, fault.code) == (f"data.{kind}", "not-kept")


async def test_an_assessment_of_nobody_or_of_somebody_else_is_not_there(
    place: Any, tmp_path: Path
) -> None:
    async with opened(_settings(place)) as hub:
        await _filled(hub, tmp_path)
        answer = await _ask(hub)
        mine = _offered(answer)["assessment"]
        for unknown in ("nothing", f"{answer['check']}.99", "nothing.1", ""):
            with pytest.raises(ResourceNotFound):
                await _explain(hub, unknown)
        receiver = json.loads(CASE.order_check)["receiver"]["institution"]
        assert (await explanation(hub, _clinician(receiver), mine))["reproduced"] == "same-bytes"
        with pytest.raises(ResourceNotFound):
            await explanation(hub, _clinician(), mine)


async def test_whoever_has_an_assessment_explained_is_recorded(place: Any, tmp_path: Path) -> None:
    async with opened(_settings(place)) as hub:
        await _filled(hub, tmp_path)
        answer = await _ask(hub)
        assessment = _offered(answer)["assessment"]
        await _explain(hub, assessment)
        async with hub.db.reading() as reader:
            check = await checks.get(reader, answer["check"])
            rows = await reader.fetch(
                "SELECT a.detail, s.person, s.resources FROM audit_access AS a"
                " JOIN audit_subject AS s ON s.access = a.id WHERE a.type = 'explain'"
            )
        assert [tuple(row) for row in rows] == [
            (f"assessment {assessment}", check.person, _offered(answer)["resource"])
        ]


async def _kinds(hub: Hub) -> dict[str, int]:
    async with hub.db.reading() as reader:
        return dict(
            await reader.fetch(
                "SELECT kind, count(*) FROM data_in_force GROUP BY kind ORDER BY kind"
            )
        )


def _clinician(institution: str = CASE.institution) -> Actor:
    return Actor(
        kind=ActorKind.USER,
        client="pages",
        subject="someone",
        institution=institution,
        purpose=Purpose.TREATMENT,
        scopes=frozenset({"user/*.rs", "hie/order-check"}),
        role="clinician",
    )
