"""`hie adapter send`: files, folders and batches over MLLP; every answer is looked at."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, cast

import typer

from hie.adapter import Answering
from hie.cli.adapter_client import Answered, Parcel, Target, deliver
from hie.cli.output import REFUSED, USAGE, JsonFlag, LangOption, fail, show_json
from hie.cli.progress import Told, tracked
from hie.cli.receive import files_of
from hie.errors import HubError, HubMisconfigured

Host = Annotated[str, typer.Option(help="Where the receiver listens.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Its port.")]
Tls = Annotated[bool, typer.Option("--tls", help="Speak TLS.")]
Ca = Annotated[Path | None, typer.Option(help="Authorities to trust (PEM); implies --tls.")]
Cert = Annotated[Path | None, typer.Option(help="Own certificate (PEM); implies --tls.")]
Key = Annotated[Path | None, typer.Option(help="Its private key (PEM), if it is another file.")]
Format = Annotated[str, typer.Option("--adapter", help="Source format.")]
_SHOWN = 20  # lines of refusals; the rest is counted


def send(
    paths: Annotated[list[Path], typer.Argument(help="Message files, or folders of them.")],
    host: Host = "127.0.0.1",
    port: Port = 2575,
    tls: Tls = False,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
    connections: Annotated[
        int, typer.Option(min=1, max=256, help="Connections at once; one keeps the order.")
    ] = 1,
    retries: Annotated[
        int, typer.Option(min=0, max=1000, help="How often to try again when it breaks.")
    ] = 5,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for an answer.")] = 60,
    batch: Annotated[
        bool, typer.Option("--batch", help="Send each file as one frame, not message by message.")
    ] = False,
    acks: Annotated[bool, typer.Option("--acks", help="Print every acknowledgement.")] = False,
    adapter: Format = "hl7v2",
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Send files over MLLP, in order, and look at each acknowledgement.

    Exit 0: all were taken. Exit 1: some were refused (AE, AR, CE, CR). Exit 4: no answer.
    """
    from hie.intake.mllp_tls import client_context

    files = list(files_of(paths))
    if not files:
        print("hie: no files in what was named", file=sys.stderr)
        raise typer.Exit(USAGE)
    began = time.monotonic()
    told: list[Answered] = []
    failure: HubError | None = None

    def hear(one: Answered) -> None:
        told.append(one)
        if acks and not as_json:
            print(_readable(one.content), flush=True)

    try:
        speaks = speaking(adapter)
        context = client_context(ca, cert, key) if tls or ca or cert else None
        target = Target(host, port, context, retries, timeout)
        asyncio.run(_sent(target, speaks, files, connections, batch, hear))
    except HubError as error:
        failure = error
    seconds = time.monotonic() - began
    _summary(told, seconds, as_json, failure)
    if failure is not None:
        fail(failure, as_json=False)
    if not all(one.is_good for one in told):
        raise typer.Exit(REFUSED)


def speaking(name: str) -> Answering:
    """The adapter of this name. Raises HubMisconfigured if it is not spoken over MLLP."""
    from hie.exchange.plugins import load_adapters

    found = load_adapters().get(name)
    if found is None or not hasattr(found, "acknowledge"):
        raise HubMisconfigured(f"no adapter {name!r} that is spoken over MLLP")
    return cast("Answering", found)


async def _sent(
    target: Target,
    adapter: Answering,
    files: list[Path],
    connections: int,
    batch: bool,
    hear: Callable[[Answered], None],
) -> None:
    with tracked("send") as advance:
        parcels = _parcels(files, adapter, batch, advance)
        await deliver(target, adapter, parcels, connections, hear)


def _parcels(files: list[Path], adapter: Answering, batch: bool, advance: Told) -> Iterator[Parcel]:
    for done, file in enumerate(files, 1):
        try:
            content = file.read_bytes()
        except OSError as problem:
            raise HubMisconfigured(f"{file}: {problem.strerror}") from problem
        parts = [content] if batch else adapter.split(content)
        for number, part in enumerate(parts, 1):
            if bare := part.strip(b"\x0b\x1c"):
                yield Parcel(file.name if len(parts) == 1 else f"{file.name}#{number}", bare)
        advance(done, len(files))


def _summary(told: list[Answered], seconds: float, as_json: bool, failure: HubError | None) -> None:
    counts = Counter(one.code or "no answer wanted" for one in told)
    if as_json:
        answers = [
            {"file": one.name, "code": one.code, "number": one.number, "text": one.text}
            for one in told
        ]
        summary = {"messages": len(told), "counts": counts, "seconds": seconds, "answers": answers}
        show_json(summary if failure is None else {**summary, "error": failure.text})
        return
    bad = [one for one in told if not one.is_good]
    for one in bad[:_SHOWN]:
        print(f"{one.code}\t{one.name}\t{one.number}\t{one.text}")
    if len(bad) > _SHOWN:
        print(f"... and {len(bad) - _SHOWN} more")
    parts = ", ".join(f"{number} {code}" for code, number in sorted(counts.items()))
    rate = len(told) / max(seconds, 0.001)
    print(f"{len(told)} messages: {parts or 'nothing sent'}; {seconds:.1f} s, {rate:.0f}/s")


def _readable(content: bytes) -> str:
    """Segments on lines, without a character that could move the terminal."""
    text = content.decode("utf-8", "replace").replace("\r", "\n").strip("\n")
    return "".join(char for char in text if char == "\n" or char.isprintable()) + "\n"
