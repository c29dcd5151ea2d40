"""order-select and order-sign: each draft order is asked about like a line of an order-check.

The same engine, the same record in the log, the same silence (R-907); what is said leaves as cards.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from hie.access.actor import Actor
from hie.cds.asked import asked_about
from hie.cds.call import Call
from hie.cds.cards import Line, Made, card_of
from hie.cds.drafts import Draft, drafts_of
from hie.cds.examination import codings, examination, modality_of, words
from hie.cds.leaving import kept_card, note_silence
from hie.cds.links import apps_of, links
from hie.exchange.assess import checked
from hie.exchange.decide import ordered_of
from hie.exchange.hub import Hub
from hie.exchange.order_desk import named, reasons_of
from hie.exchange.ordered_codes import mapped_codes, what_is_ordered
from hie.exchange.show_cards import keep_cards, lines_to_show
from hie.fhir.elements import instant
from hie.recognition.request_order import Orderable
from hie.recognition.rulebook import Kind
from hie.store.checks import Check
from hie.wording import Language


async def cards_for_orders(
    hub: Hub, actor: Actor, call: Call, lang: Language
) -> list[dict[str, Any]]:
    """The cards of a call about draft orders, kept before they leave.

    Raises what an order-check raises, and NotAtHand for a patient or drafts that were not sent.
    """
    now_us = time.time_ns() // 1000
    lines = await _lines(hub, actor, drafts_of(call), now_us)
    if not lines:
        await note_silence(hub, actor, call, "no order of a test or an examination")
        return []
    asked = await asked_about(hub, actor, call, now_us)
    body = {
        "patient": asked.patient,
        "receiver": {"institution": actor.institution, "practitioner": call.user},
        "encounter": asked.encounter,
        "orders": [line for _, line in lines],
    }
    answer = await checked(hub, actor, body, call.kept)
    check, told = await lines_to_show(hub, actor, answer["check"])
    if not told:
        return []
    made = await _made(hub, actor, check, told, {draft.ref: draft for draft, _ in lines}, lang)
    lines_of = {order["ref"]: order for order in check.body["answer"]["orders"]}
    cards = [
        kept_card(actor, call, check, one, ref, ordered_of(check, lines_of[ref]))
        for ref, one in made.items()
    ]
    await keep_cards(hub, actor, check, cards)
    return [one.card for one in made.values()]


async def _lines(
    hub: Hub, actor: Actor, drafts: Sequence[Draft], now_us: int
) -> list[tuple[Draft, dict[str, Any]]]:
    """The drafts that order something of the catalogue, each with its line of an order-check."""
    known = Orderable(hub.catalogue, instant(now_us).date())
    codes = {draft.ref: list(codings([draft.resource.get("code")])) for draft in drafts}
    async with hub.db.reading() as reader:
        every = (code for listed in codes.values() for code in listed)
        mapped = await mapped_codes(reader, actor.institution, every)
    found = []
    for draft in drafts:
        modality = modality_of(draft.resource, hub.catalogue.class_of_modality)
        meant = what_is_ordered(codes[draft.ref], known, mapped, modality)
        if meant is None:
            continue
        line = {"ref": draft.ref, **meant.asked()}
        if known.kind_of(meant.item) is Kind.IMAGING:
            line |= examination(draft.resource)
        found.append((draft, line))
    return found


async def _made(
    hub: Hub,
    actor: Actor,
    check: Check,
    told: Sequence[str],
    drafts: Mapping[str, Draft],
    lang: Language,
) -> dict[str, Made]:
    """The card of each line that is spoken of."""
    base, names = hub.settings.address, named(hub)
    async with hub.db.reading() as reader:
        smart = await apps_of(reader, actor.institution)
    made = {}
    for order in check.body["answer"]["orders"]:
        ref, item = order["ref"], order["item"]
        if ref not in told:
            continue
        name = names[item][lang]
        if item in hub.catalogue.classes:
            name = next(iter(words([drafts[ref].resource.get("code")])), name)
        line = Line(drafts[ref], order, name, reasons_of(order["reasons"], item, hub))
        context = {"check": check.id, "ref": ref}
        where = links(f"{base}/checks/{check.id}", "link-check", smart, context, lang)
        made[ref] = card_of(line, where, base, hub.rulebook, lang)
    return made
