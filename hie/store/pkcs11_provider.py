"""Wrapping keys that never leave a hardware module: PKCS#11 v2.40, AES key wrap with padding.

The module's library is the vendor's, its token is found by its label, its PIN lies in a file of
mode 0600. Keys are AES-256, named "hie-kek-1", "hie-kek-2" ...; sensitive, not to be extracted.
Tried with SoftHSM2. The wrapped form is that of RFC 5649, as files have it.
"""

import re
import stat
from pathlib import Path
from typing import Any

from hie.errors import HubError, HubMisconfigured, Unavailable
from hie.store.key_providers import KeyProvider, Wrapped
from hie.store.suites import Suite

pkcs11: Any
try:
    import pkcs11
    from pkcs11.exceptions import (
        MultipleObjectsReturned,
        NoSuchKey,
        PinExpired,
        PinIncorrect,
        PinInvalid,
        PinLenRange,
        PinLocked,
        PKCS11Error,
        UserAlreadyLoggedIn,
    )
except ImportError:  # an extra: most hubs have their keys in files
    pkcs11 = None

_NAME = re.compile(r"hie-(kek-[1-9][0-9]{0,5})")
_TRIAL = bytes(range(32))  # wrapped and unwrapped to see whether a module works; seals nothing


class Pkcs11Provider:
    """Keys in a module; the highest number wraps.

    A module that was away is asked anew: a session that was lost is opened again.
    """

    def __init__(self, module: Path, token: str, pin_file: Path) -> None:
        """Log in, and make the first key if there is none. Raises HubMisconfigured, Unavailable."""
        if pkcs11 is None:
            raise HubMisconfigured("PKCS#11 needs the extra `hie[pkcs11]`")
        self._module, self._token = str(module), token
        self._pin: str | None = _pin(pin_file)
        self._held: Any = None
        self._was_lost = False
        if not self._numbers():
            self._make(1)

    @property
    def newest(self) -> str:
        """The name of the key that wraps now."""
        return f"kek-{self._highest()}"

    def names(self) -> list[str]:
        """The names of all its keys, the oldest first."""
        return [f"kek-{number}" for number in sorted(self._numbers())]

    def wrap(self, suite: Suite, key: bytes, context: bytes) -> Wrapped:
        """A data key of a suite, wrapped inside the module: the wrapping key's name first."""
        name = self.newest
        mine = self._key(name)
        try:
            return name, bytes([Suite.AES]) + self._wrapped(mine, key)
        except PKCS11Error as fault:
            raise self._lost(fault) from fault

    def unwrap(self, name: str, wrapped: bytes, context: bytes) -> bytes:
        """The data key that the key of this name wrapped.

        Modules say an altered key and a fault of their own by the same codes. So one that refuses
        is asked for what it wraps itself: if it unwraps that, the key was altered.
        """
        mine = self._key(name)
        try:
            return self._unwrapped(mine, wrapped[1:])
        except PKCS11Error as fault:
            if not self._works(mine):
                raise self._lost(fault) from fault
            raise HubError(f"a data key was altered, or {name} is another key") from fault

    def rotate(self) -> str:
        """Make a new key that wraps from now on; its name."""
        return self._make(self._highest() + 1)

    @property
    def _session(self) -> Any:
        if self._held is None:
            self._held = self._opened()
        return self._held

    def _opened(self) -> Any:
        if self._pin is None:
            raise HubMisconfigured(f"PKCS#11 token {self._token!r}: its PIN was refused")
        try:
            library = pkcs11.lib(self._module)
            if self._was_lost:
                library.reinitialize()
            return _logged_in(library.get_token(token_label=self._token), self._pin)
        except (PinExpired, PinIncorrect, PinInvalid, PinLenRange, PinLocked) as fault:
            self._pin = None  # whoever goes on trying locks the token
            text = f"PKCS#11 token {self._token!r}: {type(fault).__name__}"
            raise HubMisconfigured(text) from fault
        except RuntimeError as fault:  # PKCS11Error among them
            text = f"PKCS#11 token {self._token!r}: {type(fault).__name__}"
            raise Unavailable(text) from fault

    def _lost(self, fault: Exception | str) -> Unavailable:
        """The module is away; the next question opens a session of its own."""
        self._held, self._was_lost = None, True
        return Unavailable(f"PKCS#11: {fault if isinstance(fault, str) else type(fault).__name__}")

    def _wrapped(self, mine: Any, key: bytes) -> bytes:
        clear = {
            pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY,
            pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType.GENERIC_SECRET,
            pkcs11.Attribute.VALUE: key,
            **_passing(),
        }
        held = self._session.create_object(clear)
        wrapped: bytes = mine.wrap_key(held, mechanism=_mechanism())
        held.destroy()
        return wrapped

    def _unwrapped(self, mine: Any, wrapped: bytes) -> bytes:
        held = mine.unwrap_key(
            pkcs11.ObjectClass.SECRET_KEY,
            pkcs11.KeyType.GENERIC_SECRET,
            wrapped,
            mechanism=_mechanism(),
            template=_passing(),
        )
        clear: bytes = held[pkcs11.Attribute.VALUE]
        held.destroy()
        return clear

    def _works(self, mine: Any) -> bool:
        """Whether this key unwraps now what it wraps."""
        try:
            return self._unwrapped(mine, self._wrapped(mine, _TRIAL)) == _TRIAL
        except PKCS11Error:
            return False

    def _make(self, number: int) -> str:
        try:
            self._session.generate_key(
                pkcs11.KeyType.AES,
                256,
                label=f"hie-kek-{number}",
                store=True,
                template={
                    pkcs11.Attribute.SENSITIVE: True,
                    pkcs11.Attribute.EXTRACTABLE: False,
                    pkcs11.Attribute.WRAP: True,
                    pkcs11.Attribute.UNWRAP: True,
                },
            )
        except PKCS11Error as fault:
            raise self._lost(fault) from fault
        return f"kek-{number}"

    def _key(self, name: str) -> Any:
        try:
            return self._session.get_key(
                object_class=pkcs11.ObjectClass.SECRET_KEY, label=f"hie-{name}"
            )
        except (NoSuchKey, MultipleObjectsReturned) as fault:
            self._highest()  # a module that shows no key at all is away
            raise HubMisconfigured(f"the module has no one key hie-{name}") from fault
        except PKCS11Error as fault:
            raise self._lost(fault) from fault

    def _highest(self) -> int:
        found = max(self._numbers(), default=None)
        if found is None:
            raise self._lost("no key is there")
        return found

    def _numbers(self) -> list[int]:
        kind = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY}
        try:
            labels = [str(one.label) for one in self._session.get_objects(kind)]
        except PKCS11Error as fault:
            raise self._lost(fault) from fault
        found = (_NAME.fullmatch(label) for label in labels)
        return [int(one[1].rpartition("-")[2]) for one in found if one]


class Moving:
    """A module that wraps, and files that still unwrap what they wrapped before it came."""

    def __init__(self, module: KeyProvider, files: KeyProvider) -> None:
        self._module, self._files = module, files

    @property
    def newest(self) -> str:
        """The name of the key that wraps now."""
        return f"{_IN_MODULE}{self._module.newest}"

    def names(self) -> list[str]:
        """The names of all keys, those in files first."""
        return [*self._files.names(), *(f"{_IN_MODULE}{one}" for one in self._module.names())]

    def wrap(self, suite: Suite, key: bytes, context: bytes) -> Wrapped:
        """A data key, wrapped by the module."""
        name, wrapped = self._module.wrap(suite, key, context)
        return f"{_IN_MODULE}{name}", wrapped

    def unwrap(self, name: str, wrapped: bytes, context: bytes) -> bytes:
        """The data key, by whichever wrapped it."""
        if name.startswith(_IN_MODULE):
            return self._module.unwrap(name.removeprefix(_IN_MODULE), wrapped, context)
        return self._files.unwrap(name, wrapped, context)

    def rotate(self) -> str:
        """Make a new key in the module."""
        return f"{_IN_MODULE}{self._module.rotate()}"


_IN_MODULE = "pkcs11:"


def _logged_in(token: Any, pin: str) -> Any:
    try:
        return token.open(rw=True, user_pin=pin)
    except UserAlreadyLoggedIn:
        return token.open(rw=True)  # PKCS#11 logs a whole process in


def _mechanism() -> Any:
    return pkcs11.Mechanism.AES_KEY_WRAP_PAD


def _passing() -> dict[Any, Any]:
    """Attributes of a data key on its way: of this session alone, and to be taken out."""
    return {
        pkcs11.Attribute.TOKEN: False,
        pkcs11.Attribute.SENSITIVE: False,
        pkcs11.Attribute.EXTRACTABLE: True,
    }


def _pin(path: Path) -> str:
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise HubMisconfigured(f"{path}: others may read it; expected mode 0600")
        return path.read_text("utf-8").strip()
    except OSError as fault:
        raise HubMisconfigured(f"{path}: {fault.strerror}") from fault
