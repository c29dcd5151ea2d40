"""What a source may answer instead of the image it was asked for, and who it is asked as.

The source is a server of the test that says whatever it is told to: what real archives say is in
`test_source.py`.
"""

import asyncio
import gzip
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hie.exchange.ask_sources import ask_due
from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.exchange.loading_times import LoadingTimes, loading_of
from hie.exchange.process import drain
from tests.integration.imaging.support import (
    SITE,
    count,
    fact,
    headers_of,
    imaging_hub,
    instance,
    profile,
    studies,
    take,
    web,
)
from tests.integration.intake.test_mllp_tls import Authority

pytestmark = pytest.mark.anyio
SOP = "1.2.826.0.1.3680043.8.498.1.1.7"
STUDY = "/dicom-web/studies/1.2.826.0.1.3680043.8.498.1"
ONE = f"{STUDY}/series/1.2.826.0.1.3680043.8.498.1.1/instances/{SOP}"
CONTENT = instance(SOPInstanceUID=SOP)
MULTIPART = 'multipart/related; type="application/dicom"; boundary=cut'


@dataclass
class Source:
    """A source that answers with these bytes, each time with the next; the last one again."""

    answers: list[bytes]
    delay: float = 0.0
    heads: list[str] = field(default_factory=list)
    port: int = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head.decode())
        await asyncio.sleep(self.delay)
        writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
        await writer.drain()
        writer.close()


@asynccontextmanager
async def answering(
    *answers: bytes, delay: float = 0.0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Source]:
    source = Source(list(answers), delay)
    server = await asyncio.start_server(source.answer, "127.0.0.1", 0, ssl=tls)
    source.port = server.sockets[0].getsockname()[1]
    try:
        yield source
    finally:
        server.close()


def http(body: bytes, media: str = MULTIPART, status: str = "200 OK", *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {media}", f"Content-Length: {len(body)}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def multipart(*contents: bytes, end: bytes = b"--cut--\r\n") -> bytes:
    head = b"--cut\r\nContent-Type: application/dicom\r\n\r\n"
    return b"".join(head + content + b"\r\n" for content in contents) + end


GOOD = http(multipart(CONTENT))


def at(port: int, more: str = "", scheme: str = "http", host: str = "127.0.0.1") -> str:
    table = f'\n[source]\nurl = "{scheme}://{host}:{port}/dicom-web"\ntimeout_seconds = 0.5\n'
    return profile(more='keep = "source"') + table + more + "\n"


@asynccontextmanager
async def asked_by(place: Any, tmp_path: Path, site_profile: str) -> AsyncIterator[tuple[Hub, Any]]:
    """A hub with one study at its source, and how to ask it for the image."""
    async with imaging_hub(place, site_profile) as hub, web(hub) as client:
        await take(hub, tmp_path / "in", CONTENT)
        await drain(hub)
        headers = {**await headers_of(hub), "Accept": "application/dicom"}

        async def ask(url: str = ONE) -> Any:
            return await client.get(url, headers=headers)

        yield hub, ask


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (http(b"", status="404 Not Found"), "source-lacks-it"),
        (http(b"", status="403 Forbidden"), "source-forbids"),
        (http(b"", status="401 Unauthorized"), "source-forbids"),
        (http(b"", status="406 Not Acceptable"), "source-refuses"),
        (http(b"<html>sign in</html>", "text/html"), "source-wrong-type"),
        (http(multipart(b"<html>" * 50)), "source-wrong-type"),
        (http(multipart(CONTENT, CONTENT)), "source-wrong-type"),
        (http(multipart()), "source-wrong-type"),
        (http(gzip.compress(CONTENT), "application/dicom", "200 OK", "Content-Encoding: gzip"),
         "source-wrong-type"),
        (http(CONTENT, "multipart/related"), "source-damaged"),
        (http(multipart(CONTENT, end=b"")), "source-damaged"),
        (http(multipart(CONTENT[:-40])), "source-damaged"),
        (http(multipart(instance())), "source-other-image"),
        (http(multipart(instance(SOPInstanceUID=SOP, StudyInstanceUID="1.2.3"))),
         "source-other-image"),
        (http(multipart(instance(SOPInstanceUID=SOP, PatientID="P2", PatientName="Li^Na"))),
         "source-other-patient"),
        (http(multipart(CONTENT + bytes(3 << 20))), "source-too-large"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "source-wrong-type"),
    ],
)  # fmt: skip
async def test_what_is_not_the_image_is_refused_told_and_thrown_away(
    place: Any, tmp_path: Path, answer: bytes, code: str
) -> None:
    async with (
        answering(answer, GOOD) as source,
        asked_by(place, tmp_path, at(source.port)) as (hub, ask),
    ):
        refused = await ask()
        assert refused.status_code == 502, refused.text
        assert [one["code"] for one in refused.json()["errors"]] == [code]
        assert len(source.heads) == 1  # what is wrong is not asked for again at once
        (study,) = await studies(hub)
        assert (study["status"], fact(study, "retrievable")) == ("available", False)
        assert not list((place.data_dir / "instances" / "incoming").iterdir())
        given = await ask()
        assert given.content == CONTENT
        (study,) = await studies(hub)
        assert fact(study, "retrievable") is True


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Type",
        http(b"", status="503 Service Unavailable"),
        http(b"", status="429 Too Many Requests"),
        GOOD[:-60],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/dicom\r\n\r\n5\r\n",
    ],
)
async def test_what_breaks_off_is_tried_again_and_then_offline(
    place: Any, tmp_path: Path, answer: bytes
) -> None:
    async with (
        answering(answer, answer, GOOD, answer) as source,
        asked_by(place, tmp_path, at(source.port)) as (hub, ask),
    ):
        assert (await ask()).content == CONTENT
        assert len(source.heads) == 3
        await hub.fetched.close()
        offline = await ask()
        assert offline.status_code == 503
        assert offline.json()["errors"][0]["code"] == "source-offline"
        assert len(source.heads) == 6
        assert 1 <= int(offline.headers["retry-after"]) <= 2
        async with hub.db.unit() as unit:  # as after some more tries
            await unit.execute("UPDATE study_source SET next_us = next_us + 60000000")
        again = await ask()
        assert again.status_code == 503
        assert len(source.heads) == 6  # it is left alone for a while
        assert 1 < int(again.headers["retry-after"]) <= 62
        (study,) = await studies(hub)
        assert (study["status"], fact(study, "retrievable")) == ("available", True)
        checks = (await run(hub, "doctor", {}))["checks"]
        (told,) = [one for one in checks if one["check"] == "sources"]
        assert (told["ok"], SITE in told["text"]) == (False, True)


async def test_a_source_that_says_nothing_is_given_up_in_time(place: Any, tmp_path: Path) -> None:
    async with (
        answering(GOOD, delay=30) as source,
        asked_by(place, tmp_path, at(source.port)) as (_, ask),
    ):
        begun = time.monotonic()
        assert (await ask()).status_code == 503
        assert time.monotonic() - begun < 25


async def test_a_redirect_is_not_followed_and_nobody_else_is_called(
    place: Any, tmp_path: Path
) -> None:
    async with answering(GOOD) as other:
        where = f"Location: http://127.0.0.1:{other.port}/dicom-web"
        away = http(b"", "text/plain", "302 Found", where)
        async with (
            answering(away) as source,
            asked_by(place, tmp_path, at(source.port)) as (_, ask),
        ):
            refused = await ask()
            assert refused.status_code == 502
            assert refused.json()["errors"][0]["code"] == "source-redirects"
        assert other.heads == []


async def test_many_who_ask_at_once_share_one_request_and_it_is_kept_for_a_while(
    place: Any, tmp_path: Path
) -> None:
    async with (
        answering(GOOD, delay=0.1) as source,
        asked_by(place, tmp_path, at(source.port)) as (_, ask),
    ):
        answers = await asyncio.gather(*(ask() for _ in range(10)))
        assert {one.content for one in answers} == {CONTENT}
        assert (await ask()).content == CONTENT
        assert len(source.heads) == 1
        assert f"GET /dicom-web{ONE.removeprefix('/dicom-web')} HTTP/1.1" in source.heads[0]


async def test_the_hub_shows_its_certificate_and_its_token_to_the_source_it_trusts_alone(
    place: Any, tmp_path: Path
) -> None:
    folder = place.data_dir / "sources"
    folder.mkdir()
    ours, theirs = Authority(folder, "ours"), Authority(folder, "theirs")
    server = ours.issue("archive")
    hub_files = ours.issue("hub")
    (folder / "token").write_text("a-token\n")
    more = (
        f'ca = "{ours.file.name}"\ncertificate = "{hub_files[0].name}"\n'
        f'key = "{hub_files[1].name}"\ntoken = "token"'
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*server)
    context.load_verify_locations(ours.file)
    context.verify_mode = ssl.CERT_REQUIRED
    async with (
        answering(GOOD, tls=context) as source,
        asked_by(place, tmp_path, at(source.port, more, "https")) as (hub, ask),
    ):
        assert (await ask()).content == CONTENT
        assert "\r\nAuthorization: Bearer a-token\r\n" in source.heads[0]
        for wrong, status in (
            (more.replace(ours.file.name, theirs.file.name), 503),  # another's certificate
            (more.replace("certificate =", "#").replace("key =", "#"), 503),  # shows none
            (more.replace('"token"', '"missing"'), 502),
        ):
            await hub.fetched.close()
            await _changed(hub, at(source.port, wrong, "https"))
            assert (await ask()).status_code == status
        assert len(source.heads) == 1


async def _changed(hub: Hub, site_profile: str) -> None:
    site = {"site": SITE, "institution": "91110000802100433B", "adapter": "dicom"}
    await run(hub, "site-add", {**site, "profile": site_profile})
    async with hub.db.unit() as unit:
        await unit.execute("DELETE FROM study_source WHERE uid = ''")


@pytest.mark.parametrize(
    "url",
    [
        "http://pacs.hospital.example/dicom-web",
        "http://169.254.169.254/latest",
        "https://user:secret@pacs.example/dicom-web",
        "https://pacs.example/dicom-web?x=1",
        "https://pacs.example/#a",
        "file:///etc/passwd",
        "https://pacs.example/a b",
        "https://pacs.example/\\r\\nHost: other",
        "",
    ],
)
async def test_an_address_that_is_no_source_is_refused_with_the_profile(
    place: Any, url: str
) -> None:
    from hie.errors import UnprocessableRequest

    site = {"site": SITE, "institution": "91110000802100433B", "adapter": "dicom"}
    async with imaging_hub(place) as hub:
        for table in (f'url = "{url}"', 'token = "../keys/data.key"', 'ca = "/etc/ssl/a.pem"'):
            with pytest.raises(UnprocessableRequest):
                await run(hub, "site-add", {**site, "profile": f"[source]\n{table}\n"})


async def test_a_source_may_be_named_beside_the_hub_s_own_door(place: Any, tmp_path: Path) -> None:
    async with (
        answering(GOOD) as source,
        asked_by(place, tmp_path, at(source.port, "shown = true")) as (hub, _),
    ):
        (study,) = await studies(hub)
        assert len(study["endpoint"]) == 2
        assert await count(hub, "SELECT count(*) FROM endpoint") == 2
        assert await count(hub, "SELECT count(*) FROM endpoint WHERE status = 'active'") == 2
        assert source.heads == []


async def test_nobody_asks_once_a_site_keeps_its_images_here(place: Any, tmp_path: Path) -> None:
    async with (
        answering(b"") as source,
        asked_by(place, tmp_path, at(source.port)) as (hub, ask),
    ):
        assert (await ask()).status_code == 503
        site = {"site": SITE, "institution": "91110000802100433B", "adapter": "dicom"}
        await run(hub, "site-add", {**site, "profile": profile()})
        async with hub.db.unit() as unit:
            await unit.execute("UPDATE study_source SET next_us = 1 WHERE next_us IS NOT NULL")
        assert await ask_due(hub) == 2
        assert await count(hub, "SELECT count(*) FROM study_source") == 0
        assert await count(hub, "SELECT count(*) FROM endpoint WHERE status = 'error'") == 0


async def test_what_was_left_at_its_source_is_still_fetched_when_the_site_keeps_its_images_here(
    place: Any, tmp_path: Path
) -> None:
    async with (
        answering(GOOD) as source,
        asked_by(place, tmp_path, at(source.port)) as (hub, ask),
    ):
        await _changed(hub, at(source.port).replace('keep = "source"', 'keep = "hub"'))
        assert (await ask()).content == CONTENT
        (study,) = await studies(hub)
        assert fact(study, "retrievable") is True


async def test_a_slow_source_is_noticed_and_forgotten(place: Any, tmp_path: Path) -> None:
    async with (
        answering(GOOD, delay=0.2) as source,
        asked_by(place, tmp_path, at(source.port)) as (hub, ask),
    ):
        loading: LoadingTimes = loading_of(hub.db)
        loading.target = 0.1
        for _ in range(3):
            assert (await ask()).status_code == 200
            await hub.fetched.close()
        assert loading.is_slow(SITE)
        assert not loading.is_slow(SITE, time.monotonic() + 400)
