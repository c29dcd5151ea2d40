"""A sealed cell opens in its own place only, whatever the suite."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hie.errors import HubError, HubMisconfigured, Unavailable
from hie.store.data_keys import fresh
from hie.store.key_providers import FileProvider
from hie.store.keys import Keys
from hie.store.suites import Suite
from hie.store.vault import BLOCK, DAYS, HUB, MOST, DataClass, DataKey, Vault

SINGLE = Keys(b"i" * 32, b"d" * 32)
OWNER = "91420100MA4K0001XA"
SUITES = pytest.mark.parametrize("suite", [Suite.AES, Suite.SM])


def nothing() -> Sequence[DataKey]:
    return ()


def a_vault(folder: Path, suite: Suite = Suite.AES) -> Vault:
    vault = Vault(FileProvider(folder), suite, SINGLE, nothing)
    places = [(HUB, str(one)) for one in DataClass] + [(OWNER, "record")]
    vault.learn([fresh(vault, *place) for place in places])
    return vault


@SUITES
@given(data=st.binary(max_size=300))
def test_what_was_sealed_is_read_again(
    suite: Suite, data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    vault = a_vault(tmp_path_factory.mktemp("keys"), suite)
    sealed = vault.seal(DataClass.RECORD, OWNER, data, "t", "c", "1")
    assert vault.opened(sealed, "t", "c", "1") == (data, OWNER)
    assert vault.seal(DataClass.RECORD, OWNER, data, "t", "c", "1") != sealed


@SUITES
@pytest.mark.parametrize(
    "place", [("u", "c", "1"), ("t", "d", "1"), ("t", "c", "2"), ("t", "c"), ("t", "c", "1", "")]
)
def test_it_opens_in_no_other_table_column_or_row(
    suite: Suite, place: tuple[str, ...], tmp_path: Path
) -> None:
    vault = a_vault(tmp_path, suite)
    sealed = vault.seal(DataClass.RECORD, OWNER, b"value", "t", "c", "1")
    with pytest.raises(HubError, match="altered, moved"):
        vault.unseal(sealed, *place)
    assert vault.unseal(sealed, "t", "c", "1") == b"value"


@pytest.fixture(scope="module")
def a_sealing_vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return a_vault(tmp_path_factory.mktemp("keys"))


_PARTS = st.lists(st.text(st.sampled_from("ab|\\"), max_size=4), min_size=1, max_size=4)


@given(place=_PARTS, other=_PARTS)
@example(place=["code_map", "a|b", "c"], other=["code_map", "a", "b|c"])
@example(place=["a\\|b"], other=["a\\", "b"])
@example(place=["a", "b"], other=["a|b"])
def test_no_signs_in_a_place_make_it_another(
    a_sealing_vault: Vault, place: list[str], other: list[str]
) -> None:
    sealed = a_sealing_vault.seal(DataClass.RECORD, HUB, b"value", *place)
    assert a_sealing_vault.unseal(sealed, *place) == b"value"
    if other != place:
        with pytest.raises(HubError, match="altered, moved"):
            a_sealing_vault.unseal(sealed, *other)


@SUITES
def test_no_bit_of_it_may_change(suite: Suite, tmp_path: Path) -> None:
    vault = a_vault(tmp_path, suite)
    sealed = vault.seal(DataClass.RECORD, OWNER, b"value", "t")
    for place in range(len(sealed)):
        altered = bytearray(sealed)
        altered[place] ^= 1
        with pytest.raises(HubError):
            vault.unseal(bytes(altered), "t")
    for cut in range(len(sealed)):
        with pytest.raises(HubError):
            vault.unseal(sealed[:cut], "t")


def test_a_key_row_given_to_another_owner_opens_nothing(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    sealed = vault.seal(DataClass.RECORD, OWNER, b"value", "t")
    (row,) = [one for one in vault.every() if one.owner == OWNER]
    moved = DataKey(
        row.id, "somebody", row.klass, row.epoch, row.suite, row.provider, row.wrapped,
        row.created_us, 0,
    )  # fmt: skip
    other = Vault(FileProvider(tmp_path), Suite.AES, SINGLE, lambda: [moved])
    with pytest.raises(HubError, match="altered, moved"):
        other.unseal(sealed, "t")


def test_what_an_earlier_version_sealed_still_opens(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    assert vault.opened(SINGLE.seal(b"old", "t", "1"), "t", "1") == (b"old", HUB)
    with pytest.raises(HubError, match="moved"):
        vault.unseal(SINGLE.seal(b"old", "t", "1"), "t", "2")


def test_an_owner_without_a_key_wants_one_and_is_sealed_by_the_hubs(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    sealed = vault.seal(DataClass.RECORD, "new", b"value", "t")
    assert vault.opened(sealed, "t") == (b"value", HUB)
    assert vault.wanted == {("new", "record")}
    assert not vault.is_settled(b"\x02" + b"\0" * 4, DataClass.RECORD, "new")
    vault.learn([fresh(vault, "new", "record")])
    assert vault.opened(vault.seal(DataClass.RECORD, "new", b"value", "t"), "t")[1] == "new"
    assert not vault.is_settled(sealed, DataClass.RECORD, "new")


def test_a_key_another_process_made_is_read_when_a_cell_needs_it(tmp_path: Path) -> None:
    other = a_vault(tmp_path)
    here = Vault(FileProvider(tmp_path), Suite.AES, SINGLE, other.every)
    sealed = other.seal(DataClass.RECORD, OWNER, b"value", "t")
    assert here.unseal(sealed, "t") == b"value"


def test_a_key_is_followed_by_another_after_so_many_days_and_cells(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    key = vault.newest(OWNER, "record")
    assert key is not None
    day_us = 86_400_000_000
    assert not key.is_worn(key.created_us + DAYS * day_us - 1)
    assert key.is_worn(key.created_us + DAYS * day_us)
    assert vault.worn(key.created_us + DAYS * day_us) != []
    assert vault.due_us < key.created_us + DAYS * day_us  # other processes make keys too
    key.used = MOST
    assert key.is_worn(key.created_us)
    key.used, key.sealed = 0, BLOCK - 1
    vault.seal(DataClass.RECORD, OWNER, b"value", "t")
    assert vault.wanted == {(OWNER, "record")}
    following = fresh(vault, OWNER, "record")
    vault.learn([following])
    assert (following.epoch, vault.newest(OWNER, "record")) == (2, following)


def test_a_changed_suite_seals_anew_and_opens_what_was(tmp_path: Path) -> None:
    before = a_vault(tmp_path, Suite.AES)
    sealed = before.seal(DataClass.RECORD, OWNER, b"value", "t")
    after = Vault(FileProvider(tmp_path), Suite.SM, SINGLE, nothing)
    after.learn(before.every())
    assert after.newest(OWNER, "record") is None
    after.learn([fresh(after, HUB, "record"), fresh(after, OWNER, "record")])
    anew = after.seal(DataClass.RECORD, OWNER, b"value", "t")
    assert (sealed[0], anew[0]) == (Suite.AES, Suite.SM)
    assert after.unseal(sealed, "t") == after.unseal(anew, "t") == b"value"
    assert after.is_settled(anew, DataClass.RECORD, OWNER)
    assert not after.is_settled(sealed, DataClass.RECORD, OWNER)


@SUITES
def test_wrapping_keys_follow_one_another_and_the_earlier_still_unwrap(
    suite: Suite, tmp_path: Path
) -> None:
    provider = FileProvider(tmp_path)
    name, wrapped = provider.wrap(suite, b"k" * 16, b"for")
    assert name == "kek-1"
    assert provider.rotate() == provider.newest == "kek-2"
    assert provider.names() == ["kek-1", "kek-2"]
    assert provider.unwrap("kek-1", wrapped, b"for") == b"k" * 16
    with pytest.raises(HubError, match="another key"):
        provider.unwrap("kek-2", wrapped, b"for")
    with pytest.raises(HubMisconfigured, match="no kek-3"):
        provider.unwrap("kek-3", wrapped, b"for")
    with pytest.raises(HubError, match="altered"):
        provider.unwrap("kek-1", wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"for")


def test_a_key_others_may_read_or_that_is_no_secret_is_refused(tmp_path: Path) -> None:
    FileProvider(tmp_path)
    path = tmp_path / "kek-1.key"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(HubMisconfigured, match="others may read it"):
        FileProvider(tmp_path).wrap(Suite.AES, b"k" * 32, b"")
    path.write_bytes(b"\0" * 32)
    path.chmod(0o600)
    with pytest.raises(HubMisconfigured, match="one byte repeated"):
        FileProvider(tmp_path).wrap(Suite.AES, b"k" * 32, b"")


def test_a_folder_of_keys_that_vanished_is_away(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    provider = FileProvider(folder)
    _, wrapped = provider.wrap(Suite.AES, b"k" * 32, b"for")
    (folder / "kek-1.key").rename(tmp_path / "kek-1.key")
    with pytest.raises(Unavailable, match="none is there"):
        _ = provider.newest
    with pytest.raises(Unavailable, match="none is there"):
        provider.rotate()
    folder.rmdir()
    for asked in (
        lambda: provider.newest,
        lambda: provider.wrap(Suite.AES, b"k" * 32, b"for"),
        lambda: provider.unwrap("kek-1", wrapped, b"for"),
    ):
        with pytest.raises(Unavailable, match="No such file"):
            asked()


def test_a_provider_that_is_away_is_no_wrong_key(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    made = a_vault(folder)
    other = Vault(FileProvider(folder), Suite.AES, SINGLE, nothing)
    other.learn(made.every())
    folder.rename(tmp_path / "away")
    with pytest.raises(Unavailable):
        other.check()


class Racing(FileProvider):
    """Whoever asks for the newest key is told, and then another machine makes a newer one."""

    @property
    def newest(self) -> str:
        name = super().newest
        self.rotate()
        return name


@SUITES
def test_a_key_is_named_by_what_wrapped_it_though_a_newer_one_comes(
    suite: Suite, tmp_path: Path
) -> None:
    vault = Vault(Racing(tmp_path), suite, SINGLE, nothing)
    key = fresh(vault, HUB, "record")
    assert key.provider == "kek-1"
    assert FileProvider(tmp_path).newest == "kek-2"
    assert FileProvider(tmp_path).unwrap(key.provider, key.wrapped, key.context)
