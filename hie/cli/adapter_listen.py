"""`hie adapter listen`: a test receiver; it prints what arrives and keeps nothing."""

import asyncio
import json
import ssl
import sys
import time
from typing import Annotated, Literal

import typer

from hie.adapter import Answering, Refusal
from hie.charset import decode
from hie.cli.adapter_send import Ca, Cert, Format, Key, speaking
from hie.cli.output import JsonFlag, LangOption, fail
from hie.errors import HubError, MalformedMessage, Unavailable
from hie.intake import mllp_answer as answer
from hie.intake.mllp_frames import Frame, Framer, framed
from hie.store.inbox import Outcome

_LIMIT = 64 * 1024 * 1024


def listen(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 2575,
    cert: Cert = None,
    key: Key = None,
    ca: Ca = None,
    code: Annotated[Literal["AA", "AE", "AR"], typer.Option(help="What to answer.")] = "AA",
    count: Annotated[int, typer.Option(min=0, help="Stop after so many; 0: never.")] = 0,
    adapter: Format = "hl7v2",
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """Print what arrives over MLLP and answer it: a test receiver. Nothing is kept.

    What is printed is what the sender sent: use it with test data.
    """
    from hie.intake.mllp_tls import listening_context

    try:
        context = listening_context(cert, key or cert, ca) if cert else None
        asyncio.run(Receiver(speaking(adapter), code, count, as_json).run(host, port, context))
    except HubError as error:
        fail(error)
    except KeyboardInterrupt:
        pass


class Receiver:
    """Answers every frame with one code."""

    def __init__(self, adapter: Answering, code: str, count: int, as_json: bool) -> None:
        self._adapter, self._code, self._count, self._as_json = adapter, code, count, as_json
        self._seen = 0
        self._done = asyncio.Event()

    async def run(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        """Listen until the count is reached. Raises Unavailable when the address cannot be had."""
        try:
            server = await asyncio.start_server(self._serve, host, port, ssl=context)
        except OSError as fault:
            raise Unavailable(f"cannot listen on {host}:{port}: {fault.strerror}") from fault
        where = server.sockets[0].getsockname()
        print(f"listening on {where[0]}:{where[1]}", file=sys.stderr, flush=True)
        async with server:
            await self._done.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer = Framer(_LIMIT)
        try:
            while data := await reader.read(65536):
                for event in framer.feed(data):
                    if isinstance(event, Frame):
                        for content in self._answers(event.content):
                            writer.write(framed(content))
                await writer.drain()
                if self._count and self._seen >= self._count:
                    break
        except OSError as fault:
            print(f"connection lost: {fault}", file=sys.stderr)
        finally:
            writer.close()
            if self._count and self._seen >= self._count:
                self._done.set()

    def _answers(self, content: bytes) -> list[bytes]:
        written = [self._one(part) for part in self._adapter.split(content)]
        flat = [one for own in written for one in own]
        if len(written) > 1:
            now_us = time.time_ns() // 1000
            return [self._adapter.gather(content, flat, f"B{now_us}", now_us)]
        return flat

    def _one(self, content: bytes) -> list[bytes]:
        self._seen += 1
        envelope = self._adapter.envelope(content)
        number = answer.number_of(envelope, content)
        self._show(content, number, envelope.kind if envelope else "")
        outcome = Outcome(f"{self._seen:016d}", True, "kept", time.time_ns() // 1000)
        if envelope is None or self._code != "AA":
            code: Literal["AE", "AR"] = "AE" if self._code == "AE" else "AR"
            refusal = Refusal("207", "MSH", "refused for the test", "test", code)
            replies = answer.refused(envelope, content, refusal)
        else:
            kept = answer.kept(envelope, content, outcome)
            replies = [*kept, *answer.stored(envelope, content, outcome)]
        return [self._adapter.acknowledge(envelope, reply) for reply in replies]

    def _show(self, content: bytes, number: str, kind: str) -> None:
        try:
            text = decode(content).text
        except MalformedMessage:
            text = content.decode("latin-1")
        if self._as_json:
            told = {"number": number, "kind": kind, "bytes": len(content), "text": text}
            print(json.dumps(told, ensure_ascii=False), flush=True)
            return
        lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
        shown = "".join(char for char in lines if char == "\n" or char.isprintable())
        print(f"--- {self._seen}: {kind} {number}, {len(content)} bytes\n{shown}", flush=True)
