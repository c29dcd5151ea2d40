"""`hie client add` refuses files that are no PEM, and two ways to bind its tokens, in a sentence."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typer.testing import CliRunner

from hie.cli import root
from hie.cli.output import USAGE

PUBLIC = ec.generate_private_key(ec.SECP384R1()).public_key()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HIE_DATA_DIR", str(tmp_path / "hub"))
    for name, encoding in (("key.pem", Encoding.PEM), ("key.der", Encoding.DER)):
        content = PUBLIC.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "key.txt").write_text("neither")
    return tmp_path


def added(*more: str) -> tuple[int, str]:
    """`hie client add` as typed, with this beside what it always wants."""
    words = [
        "client",
        "add",
        "his-1",
        "--institution",
        "91110000MA0000001L",
        "--scope",
        "system/*.rs",
    ]
    result = CliRunner().invoke(root("client"), [*words, *more])
    return result.exit_code, " ".join(result.output.split())


def test_a_certificate_and_dpop_are_not_taken_together(folder: Path) -> None:
    pem = str(folder / "key.pem")
    code, said = added("--key", pem, "--certificate", pem, "--dpop")
    assert (code, said) == (USAGE, "hie: expected --certificate FILE or --dpop, not both")


@pytest.mark.parametrize("name", ["key.der", "key.txt"])
def test_what_is_no_pem_is_named_with_what_is_expected(folder: Path, name: str) -> None:
    pem, other = str(folder / "key.pem"), str(folder / name)
    code, said = added("--key", pem, "--certificate", other)
    assert (code, said) == (USAGE, f"hie: {other}: expected a PEM certificate")
    code, said = added("--key", other)
    assert (code, said) == (USAGE, f"hie: {other}: expected a PEM public key, a JWK or a JWKS")


def test_one_way_to_bind_its_tokens_is_taken_to_the_hub(folder: Path) -> None:
    assert CliRunner().invoke(root("migrate"), ["migrate", "--yes"]).exit_code == 0
    pem = str(folder / "key.pem")
    code, said = added("--key", pem, "--dpop")
    assert code == 0, said
    assert "client his-1 registered" in said
