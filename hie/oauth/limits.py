"""Rates: how often a client, a person or a network may ask, in this process.

Token buckets: a caller may burst, then goes on at the rate. What is over is refused with the time
after which asking again can help; nothing waits. The number of callers remembered is bounded, so
that inventing callers costs the hub nothing.
"""

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

MOST_CALLERS = 20_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many each second on average, and so many at once."""

    per_second: float
    burst: int


TOKEN = Rate(10, 30)  # token requests of one client
CLIENT = Rate(50, 100)  # interactions of one client
USER = Rate(5, 30)  # pages of one person
PICTURE = Rate(100, 600)  # images one person looks at: a stack is scrolled through
FAILED = Rate(10 / 60, 10)  # failed authentications of one network
CODE = Rate(5 / 900, 5)  # one-time codes a person tries: three of a million are right
SIGN_IN = Rate(10 / 60, 10)  # failed sign-ins of one login, and of one network
LOOKED_AT = Rate(10, 20)  # tokens of a network that is backing off, still looked at
LOOKED_AT_ALL = Rate(50, 100)  # the same, of all such networks together


class Buckets:
    """One bucket for each caller; a caller that was forgotten has a full one."""

    def __init__(self, rate: Rate, most: int = MOST_CALLERS) -> None:
        self._rate = rate
        self._most = most
        self._filled: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, caller: Hashable, now: float) -> float:
        """Take one; 0 when there was one, else the seconds after which there will be."""
        level = self._level(caller, now)
        if level < 1:
            return (1 - level) / self._rate.per_second
        self._filled[caller] = (level - 1, now)
        self._filled.move_to_end(caller)
        if len(self._filled) > self._most:
            self._filled.popitem(last=False)
        return 0.0

    def wait(self, caller: Hashable, now: float) -> float:
        """The seconds until one could be taken; takes none."""
        level = self._level(caller, now)
        return 0.0 if level >= 1 else (1 - level) / self._rate.per_second

    def give_back(self, caller: Hashable, now: float) -> None:
        """Undo one `take`: it was not what the rate is meant for."""
        self._filled[caller] = (min(float(self._rate.burst), self._level(caller, now) + 1), now)

    def forget(self, caller: Hashable) -> None:
        """Give the caller a full bucket: it has shown who it is."""
        self._filled.pop(caller, None)

    def _level(self, caller: Hashable, now: float) -> float:
        level, then = self._filled.get(caller, (float(self._rate.burst), now))
        gained = max(0.0, now - then) * self._rate.per_second
        return min(float(self._rate.burst), level + gained)


def neighbourhood(network: str | None) -> str:
    """Whose failures are counted together: an IPv4 address, or an IPv6 network of 64 bits."""
    try:
        address = ipaddress.ip_address(network or "")
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((address, 64), strict=False))
    return str(address)


def retry_after(seconds: float) -> str:
    """The Retry-After header: whole seconds, at least one (RFC 9110, 10.2.3)."""
    return str(max(1, math.ceil(seconds)))
