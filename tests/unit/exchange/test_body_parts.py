"""A multipart body, however its bytes are cut."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hie.errors import InvalidRequest
from hie.exchange.body_parts import boundary_of, parts

pytestmark = pytest.mark.anyio


def body(contents: list[bytes], before: bytes = b"") -> bytes:
    pieces = [b"--cut\r\nContent-Type: application/dicom\r\n\r\n" + c + b"\r\n" for c in contents]
    return before + b"".join(pieces) + b"--cut--\r\nafter"


async def read(content: bytes, size: int, folder: Path) -> list[bytes]:
    made: list[Path] = []

    def new() -> tuple[BinaryIO, Path]:
        path = folder / str(len(made))
        made.append(path)
        return path.open("wb"), path

    async def stream() -> AsyncIterator[bytes]:
        for at in range(0, len(content), size):
            yield content[at : at + size]

    found = []
    async for kind, path in parts(stream(), b"cut", new):
        assert kind == "application/dicom"
        found.append(path.read_bytes())
        path.unlink()
    return found


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=60,
    deadline=None,
)
@given(
    st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([b"\r\n--cu", b"--cut", b"\r\n"]))),
    st.integers(1, 50),
    st.sampled_from([b"", b"\r\n", b"a preamble\r\n"]),
)
async def test_parts_come_out_the_same_however_they_are_cut(
    tmp_path: Path, contents: list[bytes], size: int, before: bytes
) -> None:
    contents = [one for one in contents if b"\r\n--cut" not in b"\r\n" + one]
    assert await read(body(contents, before), size, tmp_path) == contents
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no boundary",
        b"--cut",
        b"--cut\r\n",
        b"--cut\r\nContent-Type: application/dicom",
        b"--cut\r\nContent-Type: application/dicom\r\n\r\nhalf",
        b"--cut and more\r\n\r\nx\r\n--cut--",
        b"--cut\r\n" + b"a" * 9000,
    ],
)
async def test_half_a_body_is_refused_and_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InvalidRequest):
        await read(content, 7, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_boundary_is_read_and_checked() -> None:
    assert boundary_of('multipart/related; boundary="a b"; x=y') == b"a b"
    assert boundary_of("multipart/related;boundary=cut") == b"cut"
    for wrong in ("multipart/related", "multipart/related; boundary=", "a; boundary=" + "x" * 71):
        with pytest.raises(InvalidRequest):
            boundary_of(wrong)
