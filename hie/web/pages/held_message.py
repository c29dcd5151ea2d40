"""One message: where it stopped, what its issues say, its text while it is held, and the way on."""

from collections import Counter
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hie.access.scopes import Door
from hie.canonical.laboratory import UNMAPPED
from hie.errors import Conflict, InvalidRequest
from hie.exchange import messages
from hie.exchange.held_causes import weight
from hie.exchange.hub import Hub
from hie.exchange.own_sites import own_sites
from hie.oauth.door import actor_in, session_in
from hie.oauth.forms import read_form
from hie.web import held_words
from hie.web.language import language_of
from hie.web.message_text import marked
from hie.web.pages.comparison import minute
from hie.web.pages.guard import for_integrators, person_of
from hie.web.pages.messages import LONGEST_REASON, WAIT, counts, told_done
from hie.web.pages.messages_view import door
from hie.web.render import page
from hie.web.sheet import legible


@for_integrators
async def show(request: Request) -> Response:
    """GET /messages/{id}; `text=1`: with its text, which is recorded."""
    return await _page(request)


@for_integrators
async def submit(request: Request) -> Response:
    """POST /messages/{id}: process it again, look what that would change, or give it up."""
    form = await read_form(request, session_in(request).csrf)
    hub: Hub = request.app.state.hub
    actor, key = actor_in(request), request.path_params["id"]
    match form.get("do"):
        case "preview":
            told = await messages.preview_command(hub, actor, {"messages": [key]})
            return await _page(request, preview=told["messages"][0])
        case "drop":
            asked = {"message": key, "reason": str(form.get("reason", ""))}
            try:
                await messages.drop_command(hub, actor, asked)
            except InvalidRequest:
                return await _page(request, is_wrong=True, status=422)
            except Conflict:  # somebody else was quicker: the page shows what stands
                return await _page(request, problem="message-meanwhile", status=409)
            return RedirectResponse(f"/messages/{key}", status_code=303)
        case "again":
            told = await messages.replay_command(hub, actor, {"messages": [key], "wait": WAIT})
            asked = {"done": "again", **counts(told["messages"])}
            return RedirectResponse(f"/messages/{key}?{urlencode(asked)}", status_code=303)
        case _:
            raise InvalidRequest("nothing was asked for")


async def _page(
    request: Request,
    *,
    preview: dict[str, Any] | None = None,
    is_wrong: bool = False,
    problem: str = "",
    status: int = 200,
) -> Response:
    hub: Hub = request.app.state.hub
    actor, lang = actor_in(request), language_of(request, hub.settings.language)
    key = request.path_params["id"]
    wants_text = request.query_params.get("text") == "1"
    found = await messages.show_command(hub, actor, {"message": key, "raw": wants_text})
    site = (await own_sites(hub, actor, Door.MESSAGES))[found["site"]].site
    adapter = hub.adapters.get(site.adapter)
    blocks = [one for one in found["issues"] if one["severity"] in {"hold", "error"}]
    blocks.sort(key=lambda one: weight(one["code"], one["severity"]))
    first = held_words.words_of(blocks[0]["code"], blocks[0]["stage"]) if blocks else None
    rest = [one for one in found["issues"] if one not in blocks]
    # Where it stopped, as the list of causes has it; one that waits has not begun its way anew.
    stopped = blocks[0]["stage"] if blocks else found["stage"]
    stage = {"stored": "stored", "kept": "kept"}.get(found["state"], stopped)
    is_stored = bool(blocks) and blocks[0]["code"] == UNMAPPED
    issues = [
        {
            **one,
            "title": held_words.title(one["code"], one["stage"], adapter, lang),
            "path": legible(one["path"]),
            "expected": legible(one["expected"]),
            "found": legible(one["found"]),
        }
        for one in (*blocks, *rest)
    ]
    has_text = found["state"] == "held" and not found["is_image"]
    text = found["raw"] if has_text else None
    return page(
        request,
        "message.html",
        hub.settings,
        person=person_of(request),
        status=status,
        page="messages",
        done=told_done(request, lang),
        problem=problem,
        is_wrong=is_wrong,
        message=found,
        door=door(site.adapter, [found["channel"]]),
        received=minute(found["received"]),
        native_id=legible(found["native_id"]),
        reason=legible(found["dropped_reason"]),
        steps=held_words.steps(stage, is_stored=is_stored),
        issues=issues[: len(blocks)],
        why=first,
        noted=issues[len(blocks) :],
        produced=sorted(Counter(one.split("/")[0] for one in found["resources"]).items()),
        has_text=has_text,
        text=None if text is None else marked(text, [one["path"] for one in blocks]),
        preview=None if preview is None else _preview(preview),
        longest=LONGEST_REASON,
    )


def _preview(told: dict[str, Any]) -> dict[str, Any]:
    """What processing it again would change: which elements, and no value of them."""
    changed: Counter[tuple[str, str]] = Counter(
        (one["resource"].split("/")[0], one["path"]) for one in told["changes"]
    )
    return {
        "would_be": told["would_be"],
        "changes": [(kind, path, n) for (kind, path), n in sorted(changed.items())],
    }
