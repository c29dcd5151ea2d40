"""Keep the message, then acknowledge it.

Nothing is decoded here but the sender's own number: a message that cannot be understood is kept
like any other, and held with its reasons afterwards. The receipt is given only after the bytes are
durable; the same bytes again get the first message's receipt and change nothing.
"""

import asyncio
import base64
import binascii
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hie.access.actor import Actor
from hie.errors import Fault, InvalidRequest, NotPermitted, ResourceNotFound, TooLarge
from hie.exchange import receive_images, sites
from hie.exchange.hub import Hub
from hie.exchange.imaging_profile import takes_images
from hie.exchange.noticed import noted
from hie.exchange.process import drain
from hie.store import messages
from hie.store.instance_files import InstanceFiles

MOST_IN_ONE = 10_000  # messages of one batch file: each has its own receipt in the answer


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender is told: the message's id, its state, and issues without any value found."""

    message: str
    state: str
    duplicate_of: str | None
    issues: tuple[dict[str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The receipt, as every door answers it."""
        return {
            "message": self.message,
            "state": self.state,
            "duplicate_of": self.duplicate_of,
            "issues": list(self.issues),
        }


async def receive(
    hub: Hub, actor: Actor, site: str, content: bytes, *, channel: str, media: str, name: str = ""
) -> list[Receipt]:
    """Keep what a door received; one receipt for each message of a batch file.

    Raises ResourceNotFound (unknown site), NotPermitted (disabled site), InvalidRequest (nothing
    sent), TooLarge, Unavailable (could not be kept: nothing was acknowledged).
    """
    known = await sites.find(hub, site)
    if known is None:
        fault = Fault("site", "unknown-site", "a site the hub knows")
        raise ResourceNotFound(f"no site {site!r}", (fault,))
    if not known.enabled:
        fault = Fault("site", "disabled", "a site that is enabled")
        raise NotPermitted(f"site {site!r} is disabled", (fault,))
    if not content.strip():
        raise InvalidRequest("an empty message", (Fault("body", "empty", "a message"),))
    if len(content) > hub.settings.intake_limit:
        limit = f"at most {hub.settings.intake_limit} bytes"
        raise TooLarge("the message is over the door's limit", (Fault("body", "too-long", limit),))
    adapter = hub.adapters[known.site.adapter]
    split = getattr(adapter, "split", None)
    parts: list[bytes] = (split(content) if split else []) or [content]
    if len(parts) > MOST_IN_ONE:
        fault = Fault("body", "too-many-messages", f"at most {MOST_IN_ONE} in one file")
        raise TooLarge("the file holds more messages than a door takes at once", (fault,))
    meta = {"client": actor.client, "name": name} if name else {"client": actor.client}
    enveloped = getattr(adapter, "batch_issues", None)
    odd = noted(enveloped(content)) if enveloped else {}  # told of the file's last message
    last = len(parts) - 1
    kept = await asyncio.gather(
        *(
            messages.keep(
                hub.db,
                site=site,
                channel=channel,
                native_id=adapter.native_id(part, known.site),
                content=part,
                media=media,
                received_us=time.time_ns() // 1000,
                meta={**meta, **odd} if place == last else meta,
            )
            for place, part in enumerate(parts)
        )
    )
    hub.wake.set()
    return [Receipt(one.id, one.state, one.duplicate_of) for one in kept]


async def settled(hub: Hub, receipts: list[Receipt], seconds: float) -> list[Receipt]:
    """The receipts as soon as every message is stored or held, or as they are after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = 0.005
    while True:
        current = [await _now(hub, receipt) for receipt in receipts]
        if all(one.state != "kept" for one in current) or time.monotonic() >= deadline:
            return current
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.1)


async def _now(hub: Hub, receipt: Receipt) -> Receipt:
    async with hub.db.reading() as reader:
        state, issues = await messages.state(reader, receipt.duplicate_of or receipt.message)
    public = tuple(
        {
            "stage": issue.stage,
            "code": issue.code,
            "severity": str(issue.severity),
            "path": issue.path,
            "expected": issue.expected,
        }
        for issue in issues
    )
    return Receipt(receipt.message, state, receipt.duplicate_of, public)


async def command(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """`receive`: {site, files: [{name, content (base64)}]} -> {receipts: [...]}, settled.

    For a site that sends images, `paths` names files of this machine instead: too large to pass.
    """
    known = await sites.find(hub, str(arguments["site"]))
    if known is not None and takes_images(known.site):
        return await _images(hub, actor, arguments)
    found: list[tuple[str, Receipt]] = []
    for file in arguments["files"]:
        content = _decoded(file["content"])
        try:
            receipts = await receive(
                hub, actor, arguments["site"], content, channel="file", media="", name=file["name"]
            )
        except InvalidRequest:
            found.append((file["name"], Receipt("", "refused", None)))
            continue
        found.extend((file["name"], receipt) for receipt in receipts)
    await drain(hub)
    kept = [(name, receipt) for name, receipt in found if receipt.message]
    current = await settled(hub, [receipt for _, receipt in kept], 30)
    answers = [
        {"file": name, **now.as_json()} for (name, _), now in zip(kept, current, strict=True)
    ]
    refused = [
        {"file": name, **receipt.as_json()} for name, receipt in found if not receipt.message
    ]
    return {"receipts": answers + refused}


async def _images(hub: Hub, actor: Actor, arguments: dict[str, Any]) -> dict[str, Any]:
    """Images by path, or with their content; many are kept at the same time."""
    site, files = str(arguments["site"]), InstanceFiles.below(hub.settings.data_dir)

    async def content(file: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
        data = _decoded(file["content"])

        async def body() -> AsyncIterator[bytes]:
            yield data

        path = await receive_images.spooled(files, body())
        try:
            return await receive_images.take(hub, actor, site, path, file["name"], is_ours=True)
        finally:
            path.unlink(missing_ok=True)

    async def path(name: str) -> list[tuple[str, dict[str, Any]]]:
        place = Path(name)
        return await receive_images.take(hub, actor, site, place, place.name, is_ours=False)

    works = [content(file) for file in arguments.get("files", ())]
    works += [path(str(name)) for name in arguments.get("paths", ())]
    found = [one for part in await asyncio.gather(*works) for one in part]
    await drain(hub)
    kept = [(name, receipt) for name, receipt in found if receipt["message"]]
    receipts = [Receipt(one["message"], one["state"], one["duplicate_of"]) for _, one in kept]
    current = await settled(hub, receipts, 30)
    answers = [
        {"file": name, **now.as_json()} for (name, _), now in zip(kept, current, strict=True)
    ]
    refused = [{"file": name, **one} for name, one in found if not one["message"]]
    return {"receipts": answers + refused}


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as problem:
        raise InvalidRequest("a file's content is not base64") from problem
