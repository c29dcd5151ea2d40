"""POST /cds-services/{id}/feedback as a hospital's system calls it: cards, feedback, both signed."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from hie.cds.cards import REASONS
from hie.cds.feedback import EXPLAINED
from tests.integration.cds.support import (
    CREATININE,
    POTASSIUM,
    Cds,
    outcome_of,
    places_of,
    region,
    registered,
    sign,
)
from tests.unit.access.tokens import ec_key

pytestmark = pytest.mark.anyio
SIGN = "hie-order-sign"
PATH = f"/cds-services/{SIGN}/feedback"
AT = "2026-06-15T02:30:00.000Z"


def accepted(card: dict[str, Any], place: int = 0) -> dict[str, Any]:
    chosen = [{"id": card["suggestions"][place]["uuid"]}]
    return {
        "card": card["uuid"],
        "outcome": "accepted",
        "acceptedSuggestions": chosen,
        "outcomeTimestamp": AT,
    }


def overridden(card: dict[str, Any], **reason: Any) -> dict[str, Any]:
    return {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": AT} | (
        {"overrideReason": reason} if reason else {}
    )


async def said(his: Cds, *entries: Any, **more: Any) -> list[dict[str, Any]]:
    answer = await his.post(PATH, {"feedback": list(entries)}, **more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: list[dict[str, Any]] = answer.json()["feedback"]
    return found


async def decisions(his: Cds) -> list[tuple[Any, ...]]:
    async with his.hub.db.reading() as reader:
        rows = await reader.fetch("SELECT id, ref, decision, reason FROM decision ORDER BY at_us")
    return [tuple(row) for row in rows]


async def test_a_batch_about_the_cards_of_a_signed_order(place: Any, tmp_path: Path) -> None:
    async with region(place, tmp_path) as his:
        potassium, creatinine = await his.cards(SIGN, sign(POTASSIUM, CREATININE))
        override = next(one for one in creatinine["overrideReasons"] if one["system"] == REASONS)
        because = overridden(creatinine, reason=override, userComment="胸痛加重")
        stranger = overridden({"uuid": "9368d37b-283f-44a0-93ea-547cebab93ed"})
        entries = [accepted(potassium), because, stranger]
        first, second, third = await said(his, *entries)
        assert (first["state"], second["state"], second["why"]) == (
            "recorded", "open", "explained-unknown",
        )  # fmt: skip
        check = (await his.kept())[0][1]
        assert second["page"] == f"{his.hub.settings.address}/checks/{check}"
        assert (third["state"], third["why"]) == ("unknown", "unknown-card")
        assert set(third["text"]) == {"zh", "en"}
        again = await said(his, *entries)  # the answer was lost: all of it comes again
        assert [one.get("again") for one in again] == [True, True, None]
        assert [one["state"] for one in again] == ["recorded", "open", "unknown"]
        because |= {"extension": {EXPLAINED: True}}
        (told,) = await said(his, because, token=his.token(PATH.removesuffix("/feedback")))
        assert told["state"] == "recorded"
        assert [one[1:] for one in await decisions(his)] == [
            ("sr-k", "use", None),
            ("sr-cre", "repeat", override["code"]),
        ]
        events = [one[0] for one in await his.log()]
        assert events.count("card-feedback") == 3
        assert events.count("decide") == 2


async def test_only_the_client_that_was_given_a_card_speaks_of_it(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        (card,) = await his.cards(SIGN, sign(POTASSIUM))
        other = await registered(
            his.hub, his.http, "other-cds", key=ec_key("P-384", 72), issuer="https://o.sj.example"
        )
        (told,) = await said(other, accepted(card))
        assert (told["state"], "page" in told, await decisions(his)) == ("unknown", False, [])
        reader = await registered(
            his.hub, his.http, "reads", key=ec_key("P-384", 73), issuer="https://r.sj.example",
            scopes=["hie/order-check"],
        )  # fmt: skip
        outcome_of(await reader.post(PATH, {"feedback": []}), 403)
        bearer = {"Authorization": "Bearer x.y.z"}
        stranger: httpx.Response = await his.http.post(PATH, json={"feedback": []}, headers=bearer)
        outcome_of(stranger, 401)
        (mine,) = await said(his, accepted(card))
        assert mine["state"] == "recorded"


async def test_what_is_wrong_is_named_and_nothing_of_the_request_is_taken(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        (card,) = await his.cards(SIGN, sign(POTASSIUM))
        wrong = accepted(card) | {"outcome": "ignored"}
        answer = await his.post(PATH, {"feedback": [accepted(card), wrong]})
        assert list(places_of(answer, 400)) == ["feedback[1].outcome"]
        outcome_of(await his.post("/cds-services/hie-none/feedback", {"feedback": []}), 404)
        outcome_of(await his.post(PATH, b"{"), 400)
        wrong_media = {"Content-Type": "text/plain"}
        outcome_of(await his.post(PATH, {"feedback": []}, **wrong_media), 415)
        assert await decisions(his) == []
        assert await said(his) == []
