"""The process that decodes: `python -m hie.dicomweb.worker`, asked over its standard input.

A request is a JSON line. The answer is any number of parts, each a JSON line with its size and then
its bytes, and a last line that says how it ended. Limits of memory and processor time hold for
the process; the time of a whole request is its parent's business.
"""

import json
import os
import resource
import sys
import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO

MEMORY = 2 << 30
SECONDS = 20  # of processor time, for one request

Part = tuple[str, bytes]


def answer(request: dict[str, Any]) -> Iterator[Part]:
    """The parts of one answer."""
    from hie.dicomweb import metadata, pixels

    match request["do"]:
        case "metadata":
            for path, address, is_head in request["files"]:
                made = metadata.head_json(path, address, is_head=is_head)
                yield "application/dicom+json", made
        case "bulk":
            yield from metadata.bulk(request["path"], request["place"])
        case "frames":
            path = request["path"]
            dataset = pixels.open_image(path)
            wanted = request["frames"] or list(range(1, pixels.frame_count(dataset) + 1))
            make = pixels.plain_frames if request["plain"] else pixels.stored_frames
            yield from make(path, dataset, wanted)
        case "picture":
            path = request["path"]
            dataset = pixels.open_image(path)
            window = pixels.Window(*request["window"]) if request["window"] else None
            made = pixels.picture(
                path,
                dataset,
                request["frame"],
                request["media"],
                window=window,
                longest=request["longest"],
            )
            yield request["media"], made


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    from hie.dicomweb.pixels import CannotDecode

    for line in requests:
        _allow(SECONDS)
        request = json.loads(line)
        end: dict[str, Any] = {"end": "done"}
        try:
            for media, data in answer(request):
                answers.write(json.dumps({"media": media, "size": len(data)}).encode() + b"\n")
                answers.write(data)
                answers.flush()
        except CannotDecode as refusal:
            end = {"end": refusal.code, "text": str(refusal)}
        except MemoryError:
            end = {"end": "over-limits", "text": "less memory than this needs"}
        except Exception as fault:  # noqa: BLE001 - whatever a file does to a decoder
            end = {"end": "cannot-decode", "text": type(fault).__name__}
        answers.write(json.dumps(end).encode() + b"\n")
        answers.flush()


def _allow(seconds: int) -> None:
    """So much processor time from now; the kernel ends a process that takes more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(
        resource.RLIMIT_CPU,
        (int(used.ru_utime + used.ru_stime) + seconds, resource.RLIM_INFINITY),
    )


def main() -> None:
    """Limit this process, then serve."""
    warnings.simplefilter("ignore")
    # What decoders print on standard output must not stand among the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    from hie.dicomweb import metadata, pixels  # noqa: F401 - loaded before memory is limited

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
