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
    from pkcs11.exceptions import PKCS11Error
except ImportError:  # an extra: most hubs have their keys in files
    pkcs11 = None

_NAME = re.compile(r"hie-(kek-[1-9][0-9]{0,5})")


class Pkcs11Provider:
    """Keys in a module; the highest number wraps."""

    def __init__(self, module: Path, token: str, pin_file: Path) -> None:
        """Log in, and make the first key if there is none. Raises HubMisconfigured, Unavailable."""
        if pkcs11 is None:
            raise HubMisconfigured("PKCS#11 needs the extra `hie[pkcs11]`")
        pin = _pin(pin_file)
        try:
            found = pkcs11.lib(str(module)).get_token(token_label=token)
            self._session: Any = found.open(rw=True, user_pin=pin)
        except (PKCS11Error, RuntimeError) as fault:
            raise Unavailable(f"PKCS#11 token {token!r}: {type(fault).__name__}") from fault
        if not self._numbers():
            self._make(1)

    @property
    def newest(self) -> str:
        """The name of the key that wraps now."""
        return f"kek-{max(self._numbers())}"

    def names(self) -> list[str]:
        """The names of all its keys, the oldest first."""
        return [f"kek-{number}" for number in sorted(self._numbers())]

    def wrap(self, suite: Suite, key: bytes, context: bytes) -> Wrapped:
        """A data key of a suite, wrapped inside the module: the wrapping key's name first."""
        name = self.newest
        clear = {
            pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY,
            pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType.GENERIC_SECRET,
            pkcs11.Attribute.VALUE: key,
            **_passing(),
        }
        try:
            held = self._session.create_object(clear)
            wrapped: bytes = self._key(name).wrap_key(held, mechanism=_mechanism())
            held.destroy()
        except PKCS11Error as fault:
            raise Unavailable(f"PKCS#11: {type(fault).__name__}") from fault
        return name, bytes([Suite.AES]) + wrapped

    def unwrap(self, name: str, wrapped: bytes, context: bytes) -> bytes:
        """The data key that the key of this name wrapped."""
        try:
            held = self._key(name).unwrap_key(
                pkcs11.ObjectClass.SECRET_KEY,
                pkcs11.KeyType.GENERIC_SECRET,
                wrapped[1:],
                mechanism=_mechanism(),
                template=_passing(),
            )
            clear: bytes = held[pkcs11.Attribute.VALUE]
            held.destroy()
        except PKCS11Error as fault:
            raise HubError(f"a data key was altered, or {name} is another key") from fault
        return clear

    def rotate(self) -> str:
        """Make a new key that wraps from now on; its name."""
        return self._make(max(self._numbers()) + 1)

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
            raise Unavailable(f"PKCS#11: {type(fault).__name__}") from fault
        return f"kek-{number}"

    def _key(self, name: str) -> Any:
        try:
            return self._session.get_key(
                object_class=pkcs11.ObjectClass.SECRET_KEY, label=f"hie-{name}"
            )
        except PKCS11Error as fault:
            raise HubMisconfigured(f"the module has no one key hie-{name}") from fault

    def _numbers(self) -> list[int]:
        kind = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY}
        try:
            labels = [str(one.label) for one in self._session.get_objects(kind)]
        except PKCS11Error as fault:
            raise Unavailable(f"PKCS#11: {type(fault).__name__}") from fault
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
