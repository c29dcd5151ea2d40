"""Profiles that come with the adapter: what a kind of sender does, for a site's own to extend.

`extends = "vendor/shifted"` takes all keys of that profile; a key of the site's own replaces it,
and tables are put together key by key. Read once, when the adapter is loaded.
"""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final


def _read() -> dict[str, dict[str, Any]]:
    folder = files("adapters.hl7v2") / "vendor"
    return {
        f"vendor/{file.name.removesuffix('.toml')}": tomllib.loads(file.read_text("utf-8"))
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".toml")
    }


SHIPPED: Final[Mapping[str, Mapping[str, Any]]] = _read()


def extended(profile: Mapping[str, Any]) -> dict[str, Any]:
    """The profile with what it extends. Raises ValueError if that is no shipped profile."""
    own = dict(profile)
    name = own.get("extends")
    if name is None:
        return own
    if not isinstance(name, str) or name not in SHIPPED:
        raise ValueError(f"extends: one of {', '.join(SHIPPED)}")
    base = SHIPPED[name]
    if "extends" in base:
        raise ValueError(f"extends: {name} itself extends another")
    return _over(base, own)


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Tables put together; anything else of the site's own replaces the base's."""
    made = dict(base)
    for key, value in own.items():
        below = base.get(key)
        both = isinstance(value, Mapping) and isinstance(below, Mapping)
        made[key] = _over(below, value) if both and below is not None else value
    return made
