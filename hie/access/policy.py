"""Permit or refuse; a permission is a restriction in plain values that only `store.visible` turns into SQL."""

from dataclasses import dataclass

from hie.access.actor import Actor


@dataclass(frozen=True, slots=True)
class Restriction:
    """What an actor may see of one kind of resource.

    `types`: the resource types; None = all. `homes`: only these homes; None = every home.
    `sites`: only what these sites sent; None = all. An empty set permits nothing.
    """

    types: frozenset[str] | None = None
    homes: frozenset[str] | None = None
    sites: frozenset[str] | None = None

    def permits_type(self, kind: str) -> bool:
        """Whether resources of this type may be seen at all."""
        return self.types is None or kind in self.types


__all__ = ["Actor", "Restriction"]
