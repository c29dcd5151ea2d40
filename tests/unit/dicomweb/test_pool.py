"""The decoding processes: kept while they answer, ended when they do not, limited always."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hie.dicomweb import pool as pools
from hie.dicomweb.pool import PixelPool
from hie.errors import NotAcceptable, ResourceNotFound, TooLarge, Unavailable
from tests.integration.imaging.support import instance

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pool() -> AsyncIterator[PixelPool]:
    found = PixelPool(1)
    yield found
    await found.close()


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = tmp_path / "one.dcm"
    file.write_bytes(instance(NumberOfFrames=3, PixelData=bytes(range(128)) * 3))
    return str(file)


def frames(path: str, *wanted: int, plain: bool = True) -> dict[str, object]:
    return {"do": "frames", "path": path, "frames": list(wanted), "plain": plain}


async def test_one_process_answers_many(pool: PixelPool, path: str) -> None:
    found = set()
    for _ in range(3):
        parts = [part async for part in pool.parts(frames(path, 1, 3))]
        assert [data for _, data in parts] == [bytes(range(128))] * 2
        found |= {worker.pid for worker in pool._every}
    assert len(found) == 1


@pytest.mark.parametrize(
    ("change", "error"),
    [({"frames": [4]}, ResourceNotFound), ({"path": "/nowhere"}, NotAcceptable)],
)
async def test_what_cannot_be_shown_is_said_and_the_process_goes_on(
    pool: PixelPool, path: str, change: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await pool.whole({**frames(path, 1), **change})
    assert (await pool.whole(frames(path, 1)))[1] == bytes(range(128))


async def test_a_frame_of_too_many_samples_is_too_large(pool: PixelPool, tmp_path: Path) -> None:
    file = tmp_path / "large.dcm"
    file.write_bytes(instance(Rows=65535, Columns=65535))
    with pytest.raises(TooLarge):
        await pool.whole(frames(str(file), 1))


async def test_a_process_that_hangs_is_ended_and_the_next_request_has_another(
    pool: PixelPool, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pool.whole(frames(path, 1))
    (first,) = [worker.pid for worker in pool._every]
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with monkeypatch.context() as patched:
        patched.setattr(pools, "_PART_SECONDS", 0.5)
        with pytest.raises(NotAcceptable):
            await pool.whole(frames(str(pipe), 1))
    assert (await pool.whole(frames(path, 2)))[1] == bytes(range(128))
    assert first not in {worker.pid for worker in pool._every}


async def test_without_processes_nothing_is_decoded(path: str) -> None:
    with pytest.raises(Unavailable):
        await PixelPool(0).whole(frames(path, 1))
