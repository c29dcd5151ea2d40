"""From a hook to what became of its cards, by one client over HTTP: shown, taken, overridden."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cds.support import (
    CREATININE,
    ITEM,
    POTASSIUM,
    draft,
    outcome_of,
    region,
    registered,
    sign,
)

pytestmark = pytest.mark.anyio
SIGN = "hie-order-sign"
FEEDBACK = f"/cds-services/{SIGN}/feedback"
SODIUM = draft("sr-na", (ITEM, "NA"))


def said(card: dict[str, Any], outcome: str, **more: Any) -> dict[str, Any]:
    """One entry of a feedback."""
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"card": card["uuid"], "outcome": outcome, "outcomeTimestamp": now} | more


async def test_cards_are_shown_and_what_became_of_them_is_recorded(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        potassium, creatinine, sodium = await his.cards(SIGN, sign(POTASSIUM, CREATININE, SODIUM))
        reason = {key: creatinine["overrideReasons"][0][key] for key in ("system", "code")}
        told = {
            "feedback": [
                said(
                    potassium,
                    "accepted",
                    acceptedSuggestions=[{"id": potassium["suggestions"][0]["uuid"]}],
                ),
                said(
                    creatinine,
                    "overridden",
                    overrideReason={"reason": reason, "userComment": "症状与结果不符"},
                    extension={"example.hie.explained-to-patient": True},
                ),
                said(
                    sodium,
                    "accepted",
                    acceptedSuggestions=[{"id": sodium["suggestions"][1]["uuid"]}],
                ),
            ]
        }
        answer = await his.post(FEEDBACK, told)
        assert answer.status_code == 200, answer.text
        entries = answer.json()["feedback"]
        assert [one["state"] for one in entries] == ["recorded", "recorded", "noted"]
        again = (await his.post(FEEDBACK, told, his.token(f"/cds-services/{SIGN}"))).json()
        assert [one["again"] for one in again["feedback"]] == [True] * 3
        async with his.hub.db.reading() as reader:
            rows = await reader.fetch(
                "SELECT ref, decision, reason, practitioner FROM decision ORDER BY ref"
            )
        assert [tuple(row) for row in rows] == [
            ("sr-cre", "repeat", reason["code"], "D0117"),
            ("sr-k", "use", None, "D0117"),
        ]
        later = [draft("sr-k9", (ITEM, "K")), draft("sr-na9", (ITEM, "NA"))]
        (left,) = await his.cards(SIGN, sign(*later))  # potassium was decided on, sodium was not
        assert left["suggestions"][0]["actions"][0]["resourceId"] == "ServiceRequest/sr-na9"


async def test_a_card_is_another_clients_as_little_as_its_services(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        (card,) = await his.cards(SIGN, sign(POTASSIUM))
        told = {"feedback": [said(card, "overridden")]}
        other = await registered(his.hub, his.http, "other", issuer="https://other.example/cds")
        answer = await other.post(FEEDBACK, told)
        assert [one["state"] for one in answer.json()["feedback"]] == ["unknown"]
        outcome_of(await his.http.post(FEEDBACK, json=told), 401)
        outcome_of(await his.post(FEEDBACK, told, his.token("/cds-services/hie-order-select")), 401)
        assert [one["state"] for one in (await his.post(FEEDBACK, told)).json()["feedback"]] == [
            "noted"
        ]
