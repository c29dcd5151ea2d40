"""patient-view: one card that sums up what may stand in for a new test, or none.

It speaks only of what is recognisable; what needs review is counted beside it. In an emergency
nothing is asked, and nothing said (R-907).
"""

import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from hie.access.actor import Actor
from hie.cds.asked import asked_about
from hie.cds.call import Call
from hie.cds.cards import Made, source
from hie.cds.leaving import kept_card, note_silence
from hie.cds.links import apps_of, links
from hie.cds.markdown import escaped, plain
from hie.cds.said import cut, leading, said_of, words
from hie.exchange.hub import Hub
from hie.exchange.order_desk import named
from hie.exchange.show_cards import check_of, keep_cards
from hie.exchange.standing_in import standing_in
from hie.recognition.assessment import Outcome
from hie.recognition.reminders import URGENT
from hie.wording import Language

_MOST_LINES = 20


async def card_for_patient(
    hub: Hub, actor: Actor, call: Call, lang: Language
) -> list[dict[str, Any]]:
    """The card of a call about a patient, kept before it leaves.

    Raises what an order-check raises, and NotAtHand for a patient who was not sent.
    """
    asked = await asked_about(hub, actor, call, time.time_ns() // 1000)
    if asked.encounter.get("class") in URGENT:
        await note_silence(hub, actor, call, "silent in an emergency")
        return []
    body = {
        "patient": asked.patient,
        "receiver": {"institution": actor.institution, "practitioner": call.user},
        "encounter": asked.encounter,
    }
    answer = await standing_in(hub, actor, body, call.kept)
    if answer is None:
        await note_silence(hub, actor, call, "nothing to ask about")
        return []
    if not _of(answer, Outcome.RECOGNISE):
        return []
    check = await check_of(hub, actor, answer["check"])
    homes = sorted(check.body["facts"]["identity"]["homes"])
    page = f"{hub.settings.address}/patients/{_shown(call, homes)}"
    async with hub.db.reading() as reader:
        smart = await apps_of(reader, actor.institution)
    where = links(page, "link-patient", smart, {"check": check.id}, lang)
    card = _card(answer, named(hub), hub.settings.address, lang) | {"links": where}
    await keep_cards(hub, actor, check, [kept_card(actor, call, check, Made(card))])
    return [card]


def _of(answer: Mapping[str, Any], outcome: Outcome) -> list[Mapping[str, Any]]:
    return [one for one in answer["orders"] if one["outcome"] == outcome]


def _shown(call: Call, homes: list[str]) -> str:
    """The Patient whose page is opened: the one that was named, where it is the hub's."""
    return call.patient if call.patient in homes else homes[0]


def _card(
    answer: Mapping[str, Any], names: Mapping[str, Mapping[str, str]], base: str, lang: Language
) -> dict[str, Any]:
    say, found = words(lang).say, _of(answer, Outcome.RECOGNISE)
    to_review = len(_of(answer, Outcome.REVIEW))
    called = [names[one["item"]][lang] for one in found]
    joint = "、" if lang == "zh" else ", "
    lines = []
    for order, name in zip(found[:_MOST_LINES], called, strict=False):
        said = said_of(leading(order), name, lang)
        line = say(
            "detail-result",
            name=escaped(said.name),
            value=escaped(said.value),
            institution=escaped(said.institution),
            age=said.age,
        )
        lines.append("- " + " ".join(line.split()))
    parts = ["\n".join(lines)]
    if to_review:
        parts.append(say("detail-review", n=to_review))
    parts.append(say("detail-decide"))
    summary = say("summary-patient", n=len(found), names=plain(joint.join(dict.fromkeys(called))))
    return {
        "uuid": str(uuid4()),
        "summary": cut(summary),
        "detail": "\n\n".join(parts),
        "indicator": "info",
        "source": source(base, lang),
    }
