"""What the hostile tables share: what stands in the audit log, and what must stand in no answer."""

from collections import Counter

import httpx

from hie.exchange.hub import Hub

ECHO = "ECHO7f3a"  # stands in what is sent, and must not come back


async def reasons(hub: Hub) -> Counter[str]:
    """How often each reason stands in the audit log, counts of noise included."""
    await hub.entrance.refusals.flush()
    async with hub.db.reading() as reader:
        rows = await reader.fetch("SELECT reason, detail FROM audit_access WHERE type = 'refused'")
    found: Counter[str] = Counter()
    for reason, detail in rows:
        text = str(detail or "")
        found[reason] += int(text.removeprefix("count=")) if text.startswith("count=") else 1
    return found


def check_silent(answer: httpx.Response, *words: str) -> None:
    """Nothing of what was sent, and nobody's secret, comes back: neither in headers nor body."""
    whole = answer.text + repr(answer.headers)
    for word in (ECHO, *words):
        assert word not in whole, (answer.status_code, answer.text[:300])
