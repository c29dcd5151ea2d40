"""One instance from its source: asked for, held against what is known of it, and only then shown.

DICOMweb retrieve (PS3.18 10.4.1.1.1). Bytes go to a file of the hub while they arrive; what is
not whole, not this instance, or names another patient than the study does is thrown away. Silence
is tried again twice, with a pause; then the source is left alone for a while (`source_health`).
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import msgspec

from hie.adapter import Site
from hie.canonical.study_identity import patient_conflicts
from hie.errors import InvalidRequest, MalformedMessage, ResourceNotFound, SourceOffline
from hie.errors import SourceRefused as Refused
from hie.exchange import sites, source_health
from hie.exchange.body_parts import boundary_of, parts
from hie.exchange.fetched import FetchedFile
from hie.exchange.hub import Hub
from hie.exchange.instance_header import Header, read_header
from hie.exchange.loading_times import loading_of
from hie.exchange.named import Named
from hie.exchange.receive_images import spooled
from hie.exchange.source_http import Reply, SourceBroken, SourceSilent, asked
from hie.exchange.source_profile import SourceProfile, source_profile, tls_of, token_of
from hie.records import InstanceRecord
from hie.store.instance_files import InstanceFiles
from hie.store.instances import StoredInstance
from hie.store.studies import StudyRow

PAUSES = (0.0, 0.2, 0.8)  # seconds before each try
_ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_DICOM = "application/dicom"
_SLOWEST = 100_000  # bytes a second: a source that drips is one that does not answer
_ROOM = 1 << 20
_MOST_TIMES = 20  # the size it came with: what no other way of writing the instance reaches
_LATER = frozenset({408, 425, 429})
_WORDS = {
    401: ("source-forbids", "a source that knows this hub"),
    403: ("source-forbids", "a source that lets this hub read"),
    404: ("source-lacks-it", "the instance at its source"),
    410: ("source-lacks-it", "the instance at its source"),
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """One instance to be had, and all it is held against."""

    site: Site
    source: SourceProfile
    study: StudyRow
    instance: StoredInstance
    limit: int


async def fetched(
    hub: Hub, study: StudyRow, instance: StoredInstance, *, anew: bool = False
) -> FetchedFile:
    """The file of an instance that is left at its source; kept for a little while.

    Raises ResourceNotFound (the site names no source), SourceOffline, SourceRefused (with the
    reason), and Unavailable. `anew` asks even a source that lately did not answer, once.
    """
    site = (await sites.all_sites(hub))[study.site].site
    source = source_profile(site)
    if source is None:
        raise ResourceNotFound("the images are kept at their source, not at this hub")
    limit = min(source.most_bytes, hub.settings.instance_limit)
    one = _Asked(site, source, study, instance, min(limit, _MOST_TIMES * instance.size + _ROOM))
    key = (instance.site, instance.sop, instance.sha256)
    if anew:
        hub.fetched.drop(key)
    return await hub.fetched.get(key, lambda: _fetch(hub, one, PAUSES[:1] if anew else PAUSES))


async def _fetch(hub: Hub, one: _Asked, pauses: tuple[float, ...]) -> FetchedFile:
    if len(pauses) > 1:
        async with hub.db.reading() as reader:
            seconds = await source_health.offline_seconds(reader, one.site.id)
        if seconds is not None:
            raise SourceOffline(seconds)
    begun = time.monotonic()
    try:
        async with hub.fetched.place(one.site.id, one.source.at_once, one.source.timeout):
            found = await _tried(hub, one, pauses)
    except SourceSilent as silent:
        seconds = await source_health.did_not_answer(hub, one.site, one.instance, str(silent))
        raise SourceOffline(seconds) from silent
    except Refused as refused:
        code = refused.faults[0].code
        if code != "source-misconfigured":
            await source_health.answered(hub, one.site)
        await source_health.refuses(hub, one.study, one.instance, code)
        raise
    loading_of(hub.db).note(one.site.id, time.monotonic() - begun)
    await source_health.answered(hub, one.site)
    await source_health.gives(hub, one.study, one.instance)
    return found


async def _tried(hub: Hub, one: _Asked, pauses: tuple[float, ...]) -> FetchedFile:
    """Ask until the source answers. Raises SourceSilent: it never did; SourceRefused."""
    silent = SourceSilent("not asked")
    for pause in pauses:
        await asyncio.sleep(pause)
        try:
            async with asyncio.timeout(one.source.timeout * 2 + one.instance.size / _SLOWEST):
                path = await _retrieve(hub, one)
        except SourceSilent as again:
            silent = again
            continue
        except TimeoutError:
            silent = SourceSilent("slow")
            continue
        return await _checked(hub, one, path)
    raise silent


async def _retrieve(hub: Hub, one: _Asked) -> Path:
    """The instance as a file, whatever it turns out to be; the caller's to delete."""
    instance, data_dir = one.instance, hub.settings.data_dir
    names = (("studies", instance.study), ("series", instance.series), ("instances", instance.sop))
    path = "".join(f"/{kind}/{quote(uid, safe='')}" for kind, uid in names)
    tls, token = tls_of(one.source, data_dir), token_of(one.source, data_dir)
    try:
        async with asked(one.source, path, accept=_ACCEPT, tls=tls, token=token) as reply:
            return await _body(hub, one, reply)
    except SourceBroken as fault:
        raise Refused.because("source-wrong-type", "HTTP") from fault


async def _body(hub: Hub, one: _Asked, reply: Reply) -> Path:
    status = reply.status
    if status >= 500 or status in _LATER:
        raise SourceSilent(f"status {status}")
    if 300 <= status < 400:
        raise Refused.because("source-redirects", "an answer from this address: none is followed")
    if status != 200:
        raise Refused.because(*_WORDS.get(status, ("source-refuses", "status 200")))
    media = reply.headers.get("content-type", "")
    kind = media.partition(";")[0].strip().lower()
    if reply.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused.because("source-wrong-type", "bytes as they are, not encoded")
    files = InstanceFiles.below(hub.settings.data_dir)
    stream = _bounded(reply.body, one.limit)
    if kind == _DICOM:
        return await spooled(files, stream)
    if kind != "multipart/related":
        raise Refused.because("source-wrong-type", _ACCEPT)
    found: list[tuple[str, Path]] = []
    try:
        async for part in parts(stream, boundary_of(media), files.new):
            found.append(part)
            if len(found) > 1 or part[0].partition(";")[0].strip() not in {"", _DICOM}:
                raise Refused.because("source-wrong-type", "one part, application/dicom")
        if not found:
            raise Refused.because("source-wrong-type", "one part, application/dicom")
    except InvalidRequest as fault:
        _drop(found)
        raise Refused.because("source-damaged", "a multipart body to its end") from fault
    except BaseException:
        _drop(found)
        raise
    return found[0][1]


async def _bounded(body: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    total = 0
    async for piece in body:
        total += len(piece)
        if total > limit:
            raise Refused.because("source-too-large", f"at most {limit} bytes")
        yield piece


def _drop(found: list[tuple[str, Path]]) -> None:
    for _, path in found:
        path.unlink(missing_ok=True)


async def _checked(hub: Hub, one: _Asked, path: Path) -> FetchedFile:
    """The file, once it is this instance and whole. Raises SourceRefused; the file is gone then."""
    try:
        header = await asyncio.to_thread(read_header, hub.adapters, path)
        _compare(hub, one, header)
        return FetchedFile(path, header.transfer_syntax, header.size)
    except MalformedMessage as fault:
        path.unlink(missing_ok=True)
        raise Refused.because("source-wrong-type", "a DICOM file") from fault
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _compare(hub: Hub, one: _Asked, header: Header) -> None:
    """Held against what is known: the very data set that came, or the same instance rewritten."""
    instance = one.instance
    if header.problem is not None:
        raise Refused.because("source-damaged", "a whole DICOM file")
    known = (instance.study, instance.series, instance.sop, instance.sop_class)
    told = (header.study[:64], header.series[:64], header.sop[:64], header.sop_class[:64])
    if told != known:
        raise Refused.because("source-other-image", "the instance that was asked for")
    if header.data_hash == instance.data_hash:
        return
    decoded = hub.adapters[one.site.adapter].decode(header.header, one.site)
    record = next((r for r in decoded.records if isinstance(r, InstanceRecord)), None)
    if record is None:
        raise Refused.because("source-damaged", "a DICOM file that can be read")
    named = msgspec.msgpack.decode(one.study.identity, type=Named)
    if patient_conflicts(named.patient, record.patient):
        raise Refused.because("source-other-patient", "the patient the study was sent for")
