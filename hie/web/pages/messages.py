"""What flows from the hospital's systems, what is held and why, and which codes wait for a map.

For who connects systems. No list says anything of a patient: causes, fields and numbers alone.
"""

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hie.access.actor import Actor
from hie.errors import Conflict, InvalidRequest, UnprocessableRequest
from hie.exchange import feed_desk, held_causes, map_desk, maps, messages
from hie.exchange.certificates import expires_us
from hie.exchange.feed_desk import HOURS, PROBLEMS
from hie.exchange.held_causes import Cause
from hie.exchange.hub import Hub
from hie.oauth.door import actor_in, session_in
from hie.oauth.forms import read_form
from hie.store.feeds import HOUR_US
from hie.web.language import Language, language_of, say
from hie.web.pages import messages_view as view
from hie.web.pages.comparison import minute
from hie.web.pages.guard import for_integrators, person_of
from hie.web.render import page

WAIT = 5.0  # seconds a page waits for what is processed again
LONGEST_REASON = 2000
SHOWN = 10  # codes shown before all are asked for
DONE = ("again", "map", "drop")
_NO_ITEM, _UNCLEAR = "no-item", "unclear"
_COUNT = re.compile(r"[0-9]{1,6}")


@for_integrators
async def show(request: Request) -> Response:
    """GET /messages; `site`, `code`, `field` choose a cause; `feeds=ill`, `codes=all`."""
    return await _page(request)


@for_integrators
async def submit(request: Request) -> Response:
    """POST /messages: process a cause's messages again, give them up, or decide about a code."""
    form = await read_form(request, session_in(request).csrf)
    hub: Hub = request.app.state.hub
    actor = actor_in(request)
    said = {name: str(form.get(name, "")) for name in ("do", *form)}
    cause = Cause(said.get("site", ""), said.get("code", ""), said.get("field", ""))
    try:
        match said.get("do"):
            case "map":
                return _done("map", await _decide(hub, actor, said))
            case "drop":
                if said.get("sure") != "yes":
                    raise InvalidRequest("not confirmed")
                n = await held_causes.drop_all(hub, actor, cause, said.get("reason", ""))
                return _done("drop", {"n": n})
            case "again":
                told = await held_causes.replay_all(hub, actor, cause, WAIT)
                return _done("again", counts(told))
            case _:
                raise InvalidRequest("nothing was asked for")
    except (InvalidRequest, UnprocessableRequest):
        return await _page(request, chosen=cause, wrong=said, status=422)
    except Conflict:  # somebody else was quicker: the page shows what stands
        return await _page(request, problem="messages-meanwhile", status=409)


async def _decide(hub: Hub, actor: Actor, said: Mapping[str, str]) -> dict[str, int]:
    """A map as `hie map review` decides it, and how many messages were processed again by it."""
    item = said.get("item", "")
    asked = {
        "site": said.get("site", ""),
        "codes": [said.get("code", "")],
        "system": said.get("system", ""),
        "approve": item != _UNCLEAR,
        "item": item if item not in {_NO_ITEM, _UNCLEAR} else None,
        "no_item": item == _NO_ITEM,
        "version": said.get("version", "") if _COUNT.fullmatch(said.get("version", "")) else -1,
        "wait": WAIT,
    }
    answer = await maps.review_command(hub, actor, asked)
    return {"n": answer["messages"]}


def counts(told: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many messages were processed, and how many of them are held or wait still."""
    states = [one["state"] for one in told]
    return {"n": len(told), "held": states.count("held"), "waits": states.count("kept")}


def _done(what: str, numbers: Mapping[str, int]) -> Response:
    return RedirectResponse(f"/messages?{urlencode({'done': what, **numbers})}", status_code=303)


def told_done(request: Request, lang: Language) -> str:
    """What was just done, in a sentence; "" where nothing was."""
    query = request.query_params
    what = query.get("done")
    if what not in DONE:
        return ""
    numbers = {
        name: int(query[name]) if _COUNT.fullmatch(query.get(name, "")) else 0
        for name in ("n", "held", "waits")
    }
    sentences = [say(f"messages-done-{what}", lang, **numbers)]
    if numbers["held"]:
        sentences.append(say("messages-done-held", lang, n=numbers["held"]))
    if numbers["waits"]:
        sentences.append(say("messages-done-waits", lang, n=numbers["waits"]))
    return " ".join(sentences)


async def _page(
    request: Request,
    *,
    chosen: Cause | None = None,
    wrong: Mapping[str, str] | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    hub: Hub = request.app.state.hub
    actor, lang = actor_in(request), language_of(request, hub.settings.language)
    found = await feed_desk.desk(hub, actor)
    groups = await held_causes.causes(hub, actor)
    codes = await map_desk.codes(hub, actor, groups)
    query = request.query_params
    if chosen is None:
        chosen = Cause(query.get("site", ""), query.get("code", ""), query.get("field", ""))
    like = [n for n, one in enumerate(groups) if one.cause == chosen]
    like += [n for n, one in enumerate(groups) if one.cause.site == chosen.site]
    at = next(iter(like), 0)
    holding = [one for one in codes.waiting if one.held]
    shown = codes.waiting if query.get("codes") == "all" else holding[:SHOWN]
    unmapped = Counter(one.site for one in holding)
    only_ill = query.get("feeds") == "ill"
    feeds = [one for one in found.feeds if not only_ill or one.health in PROBLEMS]
    now_us = time.time_ns() // 1000
    dropped = await _dropped(hub, actor, query.get("before")) if _is_dropped(request) else None
    adapters = {one.site: one.adapter for one in found.feeds}
    detail = None
    if groups:
        around = await held_causes.circumstances(hub, actor, groups[at])
        detail = view.detail(hub, groups[at], around, adapters, lang)
    return page(
        request,
        "messages.html",
        hub.settings,
        person=person_of(request),
        status=status,
        page="messages",
        done=told_done(request, lang),
        problem=problem,
        wrong=wrong or {},
        cards=view.cards(found, len(holding), expires_us(hub.settings), now_us, lang),
        feeds=[view.feed(one, unmapped[one.site], lang) for one in feeds],
        every=len(found.feeds),
        ill=sum(one.health in PROBLEMS for one in found.feeds),
        only_ill=only_ill,
        clock=[f"{(found.started_us // HOUR_US + 8 + n) % 24:02}" for n in range(HOURS)],
        causes=[view.cause(hub, one, adapters, lang) for one in groups],
        at=at,
        detail=detail,
        codes=[view.code(hub, one, lang) for one in shown],
        all_codes=len(codes.waiting),
        covered=None if codes.covered is None else view.share(codes.covered),
        items=sorted(
            ((key, view.item(hub, key, lang)) for key in hub.item_units), key=lambda one: one[1]
        ),
        dropped=dropped,
        longest=LONGEST_REASON,
    )


def _is_dropped(request: Request) -> bool:
    return request.query_params.get("state") == "dropped"


async def _dropped(hub: Hub, actor: Actor, before: str | None) -> dict[str, Any]:
    told = await messages.list_command(hub, actor, {"state": "dropped", "page": before})
    asked = {"state": "dropped", "before": told["next"]}
    return {
        "messages": [
            {"id": one["message"], "site": one["site"], "at": minute(one["received"])}
            for one in told["messages"]
        ],
        "older": f"/messages?{urlencode(asked)}" if told["next"] else None,
    }
