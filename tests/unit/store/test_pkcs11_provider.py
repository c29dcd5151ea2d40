"""Keys in a hardware module, tried with SoftHSM2: they wrap, and never leave it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hie.errors import HubError, HubMisconfigured, Unavailable
from hie.store.key_providers import FileProvider
from hie.store.pkcs11_provider import Moving, Pkcs11Provider
from hie.store.suites import Suite

LIBRARY = next(
    (
        path
        for folder in (Path("/usr/lib"), Path("/usr/local/lib"))
        if folder.exists()
        for path in folder.rglob("libsofthsm2.so")
    ),
    None,
)
pytestmark = pytest.mark.skipif(
    LIBRARY is None or shutil.which("softhsm2-util") is None, reason="SoftHSM2 is not installed"
)
pkcs11: Any = pytest.importorskip("pkcs11")


@pytest.fixture(scope="module")
def pin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A module with one token "hie"; the file with its PIN. A process loads a module once."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    conf = folder / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    os.environ["SOFTHSM2_CONF"] = str(conf)
    command = ["softhsm2-util", "--init-token", "--free", "--label", "hie", "--so-pin", "12345678"]
    subprocess.run([*command, "--pin", "87654321"], check=True, capture_output=True)  # noqa: S603
    file = folder / "pin"
    file.write_text("87654321\n")
    file.chmod(0o600)
    yield file
    del os.environ["SOFTHSM2_CONF"]


def test_a_module_wraps_and_unwraps_and_gives_no_key_away(pin: Path, tmp_path: Path) -> None:
    assert LIBRARY is not None
    provider = Pkcs11Provider(LIBRARY, "hie", pin)
    assert (provider.newest, provider.names()) == ("kek-1", ["kek-1"])
    for suite, key in ((Suite.AES, os.urandom(32)), (Suite.SM, os.urandom(16))):
        name, wrapped = provider.wrap(suite, key, b"for")
        assert name == "kek-1"
        assert key not in wrapped
        assert provider.unwrap("kek-1", wrapped, b"for") == key
        with pytest.raises(HubError, match="altered"):
            provider.unwrap("kek-1", wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"for")
    with pytest.raises(pkcs11.exceptions.PKCS11Error):
        provider._key("kek-1")[pkcs11.Attribute.VALUE]
    assert provider.rotate() == provider.newest == "kek-2"
    assert provider.unwrap("kek-1", wrapped, b"for") == key
    with pytest.raises(HubError, match="another key"):
        provider.unwrap("kek-2", wrapped, b"for")
    with pytest.raises(HubMisconfigured, match="no one key"):
        provider.unwrap("kek-9", wrapped, b"for")

    files = FileProvider(tmp_path)
    _, before = files.wrap(Suite.AES, b"k" * 32, b"for")
    moving = Moving(provider, files)
    assert moving.names() == ["kek-1", "pkcs11:kek-1", "pkcs11:kek-2"]
    assert moving.newest == "pkcs11:kek-2"
    assert moving.unwrap("kek-1", before, b"for") == b"k" * 32
    name, anew = moving.wrap(Suite.AES, b"k" * 32, b"for")
    assert name == "pkcs11:kek-2"
    assert moving.unwrap(name, anew, b"for") == b"k" * 32
    assert moving.rotate() == "pkcs11:kek-3"


def test_every_altered_key_is_told_from_a_module_that_is_away(pin: Path) -> None:
    assert LIBRARY is not None
    provider = Pkcs11Provider(LIBRARY, "hie", pin)
    name, wrapped = provider.wrap(Suite.AES, b"k" * 32, b"for")
    altered = [wrapped[:at] + bytes([wrapped[at] ^ 1]) + wrapped[at + 1 :] for at in (1, 9, 20, 40)]
    for one in (*altered, wrapped[:-1], wrapped[:-8], wrapped[:9], wrapped[:1], wrapped * 9):
        with pytest.raises(HubError, match="altered") as told:
            provider.unwrap(name, one, b"for")
        assert not isinstance(told.value, Unavailable)
    assert provider.unwrap(name, wrapped, b"for") == b"k" * 32


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("lost", ["session", "tokens"])
def test_a_module_that_is_away_is_no_altered_key_and_is_asked_again(pin: Path, lost: str) -> None:
    assert LIBRARY is not None
    provider = Pkcs11Provider(LIBRARY, "hie", pin)
    name, wrapped = provider.wrap(Suite.AES, b"k" * 32, b"for")
    tokens = pin.parent / "tokens"
    asked = (
        lambda: provider.unwrap(name, wrapped, b"for"),
        lambda: provider.wrap(Suite.AES, b"k" * 32, b"for"),
        lambda: provider.newest,
        provider.rotate,
    )
    for ask in asked:
        if lost == "session":
            pkcs11.lib(str(LIBRARY)).reinitialize()
        else:
            tokens.rename(pin.parent / "away")
        with pytest.raises(Unavailable, match=r"PKCS#11"):
            ask()
        if lost == "tokens":
            with pytest.raises(Unavailable, match=r"PKCS#11"):
                ask()
            (pin.parent / "away").rename(tokens)
        assert provider.unwrap(name, wrapped, b"for") == b"k" * 32


def test_a_pin_that_is_refused_is_tried_once(pin: Path, tmp_path: Path) -> None:
    assert LIBRARY is not None
    wrong = tmp_path / "pin"
    wrong.write_text("11112222")
    wrong.chmod(0o600)
    pkcs11.lib(str(LIBRARY)).reinitialize()  # nobody is logged in
    with pytest.raises(HubMisconfigured, match="PinIncorrect"):
        Pkcs11Provider(LIBRARY, "hie", wrong)
    provider = Pkcs11Provider(LIBRARY, "hie", pin)
    provider._pin = "11112222"
    provider._held = None
    pkcs11.lib(str(LIBRARY)).reinitialize()
    for reason in ("PinIncorrect", "its PIN was refused"):
        with pytest.raises(HubMisconfigured, match=reason):
            _ = provider.newest


def test_a_token_that_is_not_there_and_a_loose_file_are_told(pin: Path, tmp_path: Path) -> None:
    assert LIBRARY is not None
    with pytest.raises(Unavailable, match="'other'"):
        Pkcs11Provider(LIBRARY, "other", pin)
    with pytest.raises(Unavailable):
        Pkcs11Provider(tmp_path / "no.so", "hie", pin)
    loose = tmp_path / "pin"
    loose.write_text("87654321")
    loose.chmod(0o644)
    with pytest.raises(HubMisconfigured, match="others may read it"):
        Pkcs11Provider(LIBRARY, "hie", loose)
    with pytest.raises(HubMisconfigured, match="No such file"):
        Pkcs11Provider(LIBRARY, "hie", tmp_path / "none")
