"""Whether a registration or an agreement becomes wider, and what differs, item by item.

Both are read as plain JSON: `None` is one that is not there. What is not known to permit less
permits more: the question is asked to tell what one operator may do alone.
"""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hie.access.agreement import CLEARANCES
from hie.access.jwk import thumbprint
from hie.access.keys import stored_keys
from hie.access.profile import AudPolicy
from hie.access.scopes import covered

State = Mapping[str, Any]  # of a client or an agreement, by the names of its items


def is_wider(before: State | None, after: State | None) -> bool:
    """Whether `after` permits anything that `before` did not."""
    if before is None or after is None:
        return after is not None
    changed = [name for name in {*before, *after} if before.get(name) != after.get(name)]
    return any(not _narrows(name, before.get(name), after.get(name)) for name in changed)


def difference(before: State | None, after: State | None) -> list[dict[str, Any]]:
    """[{item, now, then}], in the order the items have, without those that stay.

    `now` and `then` are lists of words; of a list of many, those that go and those that come.
    """
    now, then = before or {}, after or {}
    names = dict.fromkeys((*then, *now))
    found = []
    for name in names:
        old, new = now.get(name), then.get(name)
        if old == new and name in now and name in then:
            continue
        gone = _words(name, old) if name in now else []
        come = _words(name, new) if name in then else []
        if name in _LISTS and name in now and name in then:
            gone, come = _but(gone, come), _but(come, gone)
        if gone != come:
            found.append({"item": name, "now": gone, "then": come})
    return found


def _narrows(name: str, old: Any, new: Any) -> bool:
    """Whether one item, that differs, permits less now."""
    rule = _RULES.get(name)
    return rule is not None and rule(old, new)


def _fewer_scopes(old: Sequence[str] | None, new: Sequence[str] | None) -> bool:
    return old is None or (new is not None and covered(new, old))


def _fewer(old: Sequence[Any] | None, new: Sequence[Any] | None) -> bool:
    return old is None or (new is not None and all(one in old for one in new))


def _fewer_networks(old: Sequence[str], new: Sequence[str]) -> bool:
    """None at all is any network."""
    if not old or not new:
        return not old
    held = [ipaddress.ip_network(one) for one in old]
    return all(any(_lies_in(ipaddress.ip_network(one), most) for most in held) for one in new)


def _lies_in(one: Any, most: Any) -> bool:
    return one.version == most.version and bool(one.subnet_of(most))


_RULES: dict[str, Callable[[Any, Any], bool]] = {
    "scopes": _fewer_scopes,
    "purposes": _fewer,
    "networks": _fewer_networks,
    "keys": _fewer,
    "aud_policy": lambda old, new: old == AudPolicy.EITHER,
    "status": lambda old, new: new == "suspended",
    "declares": lambda old, new: not new,
    "people_declare": lambda old, new: not new,
    "encounter": lambda old, new: bool(new),
    "clearance": lambda old, new: CLEARANCES[new] < CLEARANCES[old],
    "own": lambda old, new: True,  # whose the agreement is; what it permits, the others say
}
_LISTS = frozenset({"scopes", "purposes", "networks", "keys", "redirect_uris"})
_BOUNDS = frozenset({"scopes", "purposes"})  # of an agreement: without them, all


def _words(name: str, value: Any) -> list[str]:
    """An item as it is read; a key by its id and its thumbprint, for ids may be used again."""
    if name == "keys":
        keys = stored_keys({"keys": value or []})
        return [f"{key.kid} ({key.algorithm}, SHA-256 {thumbprint(key.public)})" for key in keys]
    if name == "networks":
        return list(value or ["any"])
    if value is None:
        return ["all"] if name in _BOUNDS else []
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]


def _but(words: list[str], others: list[str]) -> list[str]:
    return [one for one in words if one not in others]
