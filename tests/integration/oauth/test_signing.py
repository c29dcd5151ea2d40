"""The hub's signing keys on disk: made once, for nobody else's eyes, rotated by one more file."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hie.access.ring import OVERLAP
from hie.errors import HubMisconfigured, Unavailable
from hie.oauth.rotation import open_ring
from hie.oauth.signing import make_key


def files(folder: Path) -> list[Path]:
    return sorted((folder / "keys").glob("signing-*.pem"))


def test_the_first_start_makes_a_key_and_the_next_finds_it(tmp_path: Path) -> None:
    first, second = open_ring(tmp_path), open_ring(tmp_path)
    assert [key.kid for key in first.keys] == [key.kid for key in second.keys]
    (path,) = files(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_two_hubs_have_two_keys(tmp_path: Path) -> None:
    one, other = open_ring(tmp_path / "a"), open_ring(tmp_path / "b")
    assert one.keys[0].kid != other.keys[0].kid


def test_eight_starts_at_once_make_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(open_ring, [tmp_path] * 8))
    assert len({ring.keys[0].kid for ring in rings}) == 1
    assert len(files(tmp_path)) == 1


def test_a_new_key_is_published_before_it_signs(tmp_path: Path) -> None:
    old = open_ring(tmp_path).keys[0]
    soon = old.starts + 86_400
    make_key(tmp_path / "keys", soon)
    ring = open_ring(tmp_path)
    new = ring.keys[1]
    assert [key.kid for key in ring.published(old.starts)] == [old.kid, new.kid]
    assert [key.kid for key in ring.accepted(old.starts)] == [old.kid]
    assert ring.signer(soon - 1).kid == old.kid
    assert ring.signer(soon).kid == new.kid
    assert len(ring.accepted(soon + OVERLAP - 1)) == 2
    assert [key.kid for key in ring.accepted(soon + OVERLAP)] == [new.kid]


def test_a_key_that_others_may_read_stops_the_hub(tmp_path: Path) -> None:
    open_ring(tmp_path)
    files(tmp_path)[0].chmod(0o640)
    with pytest.raises(HubMisconfigured, match="0600"):
        open_ring(tmp_path)


@pytest.mark.parametrize("kind", ["text", "empty", "rsa", "P-384"])
def test_a_file_that_is_no_key_stops_the_hub(tmp_path: Path, kind: str) -> None:
    open_ring(tmp_path)
    (path,) = files(tmp_path)
    options = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    content = {
        "text": b"no key",
        "empty": b"",
        "rsa": rsa.generate_private_key(65537, 2048).private_bytes(*options),
        "P-384": ec.generate_private_key(ec.SECP384R1()).private_bytes(*options),
    }[kind]
    path.write_bytes(content)
    with pytest.raises(HubMisconfigured) as caught:
        open_ring(tmp_path)
    assert "PRIVATE" not in caught.value.text


def test_a_directory_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file where the directory should be")
    with pytest.raises(Unavailable):
        open_ring(tmp_path)
