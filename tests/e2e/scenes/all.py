"""The walks in the order of a person's day, and the addresses that have no scene, with the reason.

The walks share one hub: what an earlier one did is there for the later ones.
"""

from types import ModuleType
from typing import Final

from tests.e2e.scenes import (
    Scene,
    connecting,
    entering,
    failing,
    finding,
    framed,
    glass,
    images,
    ordering,
    outcomes,
    patient,
    permitting,
    refused,
    working,
)

WALKS: Final[tuple[ModuleType, ...]] = (
    entering,
    finding,
    patient,
    images,
    ordering,
    working,
    permitting,
    glass,
    outcomes,
    connecting,
    framed,
    refused,
    failing,
)
SCENES: Final[tuple[Scene, ...]] = tuple(scene for walk in WALKS for scene in walk.SCENES)
# Addresses that show nothing of their own.
WITHOUT: Final = {
    "/sign-in/with/{provider}": "leads to the provider",
    "/patients/{id}/reports/{report}/pdf": "a file",
    "/patients/{id}/reports/{report}/original/{n}": "a file",
    "/outcomes.csv": "a file",
    "/decisions/{id}/record.{form}": "a file",
    "/decisions/{id}/notice.{form}": "a file",
    "/checks/{id}/notice.{form}": "a file",
}
