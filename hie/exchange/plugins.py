"""Find adapters by entry point: ours exactly like a stranger's."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import cast

from hie.adapter import Adapter
from hie.errors import AdapterUnavailable

GROUP = "hie.adapters"
_NEEDED = ("name", "version", "media_types", "profile_schema", "issue_codes", "native_id", "decode")


def load_adapters() -> Mapping[str, Adapter]:
    """Every installed adapter by its entry-point name.

    Raises AdapterUnavailable when one cannot be loaded or lacks a part of the contract: a hub
    that starts without an adapter would hold its sites' messages for no visible reason.
    """
    found: dict[str, Adapter] = {}
    for point in entry_points(group=GROUP):
        try:
            adapter = point.load()
        except (ImportError, AttributeError) as problem:
            raise AdapterUnavailable(
                f"adapter {point.name!r} does not load: {problem}"
            ) from problem
        missing = [part for part in _NEEDED if not hasattr(adapter, part)]
        if missing:
            raise AdapterUnavailable(f"adapter {point.name!r} lacks {', '.join(missing)}")
        if point.name in found:
            raise AdapterUnavailable(f"two installed packages offer an adapter {point.name!r}")
        found[point.name] = cast("Adapter", adapter)
    return found
