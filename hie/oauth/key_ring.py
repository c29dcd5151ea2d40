"""The hub's signing keys as this process knows them: read anew when a file came or went.

A rotation or an emergency is an operator's act in another process; every process of the data
directory follows within two seconds, without a restart. What was verified with keys that are gone
must be verified again: `generation` says when.
"""

import time
from collections.abc import Callable
from pathlib import Path

import structlog

from hie.access.keys import VerificationKey
from hie.access.ring import Ring, SigningKey
from hie.errors import HubMisconfigured, Unavailable
from hie.oauth.looked import FRESH
from hie.oauth.signing import key_files, read_ring

_log = structlog.get_logger("hie.oauth")


class KeyRing:
    """A `Ring` that follows its folder."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder = folder
        self._clock = clock
        self._ring = read_ring(folder)
        self._files = self._listed()
        self._looked = clock()
        self._generation = 0

    @property
    def keys(self) -> tuple[SigningKey, ...]:
        """All keys, oldest first."""
        return self._now().keys

    def signer(self, now: float) -> SigningKey:
        """The key that signs now."""
        return self._now().signer(now)

    def accepted(self, now: float) -> tuple[VerificationKey, ...]:
        """The keys whose signature counts now."""
        return self._now().accepted(now)

    def published(self, now: float) -> tuple[VerificationKey, ...]:
        """The keys in the JWKS now."""
        return self._now().published(now)

    def generation(self) -> int:
        """A number that grows whenever the keys are others than before."""
        self._now()
        return self._generation

    def renew(self) -> None:
        """Look again at the next question: keys were changed in this process."""
        self._looked = float("-inf")

    def _now(self) -> Ring:
        at = self._clock()
        if at - self._looked >= FRESH:
            self._looked = at
            self._follow()
        return self._ring

    def _follow(self) -> None:
        try:
            files = self._listed()
            if files != self._files:
                self._ring = read_ring(self.folder)
                self._files = files
                self._generation += 1
        except (HubMisconfigured, Unavailable) as fault:
            # The keys of before go on: a hub that is running does not stop for a file.
            _log.error("signing-keys.unreadable", reason=fault.text)

    def _listed(self) -> tuple[tuple[str, int], ...]:
        """The files and when they were written. Raises Unavailable, also when one just went."""
        try:
            return tuple((path.name, path.stat().st_mtime_ns) for path in key_files(self.folder))
        except OSError as fault:
            reason = f"signing keys in {self.folder}: {fault.strerror}"
            raise Unavailable(reason) from fault
