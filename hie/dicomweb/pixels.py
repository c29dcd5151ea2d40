"""Pixels of one instance: frames as stored or plain, pictures, previews. Runs in a worker only.

Everything that reads a file with a decoder happens here, in a process with limits of memory, time
and size (`worker`): a file that kills a decoder kills that process and nothing else. The stored
file is only read.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import get_frame
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.pixels.utils import pixel_array
from pydicom.tag import Tag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from hie.dicomweb.media import FRAME_MEDIA, OCTETS, PLAIN

MOST_PIXELS = 64_000_000  # samples of one frame
THUMBNAIL = 128  # pixels of a preview's longer side
_PIXEL_DATA = Tag(0x7FE00010)


class CannotDecode(Exception):
    """What cannot be shown; `code` says why, in a word the door knows."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Window:
    """A window of grey values: PS3.3 C.11.2.1.2."""

    center: float
    width: float


def open_image(path: str) -> Dataset:
    """The data set of a file, its pixels left on disk. Raises CannotDecode: there are none."""
    dataset = dcmread(path, force=True, defer_size=65536)
    if "Rows" not in dataset or _PIXEL_DATA not in dataset:
        raise CannotDecode("no-pixels", "an instance with pixel data")
    if frame_bits(dataset) > MOST_PIXELS * 32:
        raise CannotDecode("too-large", f"frames of at most {MOST_PIXELS} samples")
    return dataset


def frame_count(dataset: Dataset) -> int:
    """How many frames the instance has."""
    return int(dataset.get("NumberOfFrames") or 1)


def frame_bits(dataset: Dataset) -> int:
    """How many bits one native frame has (PS3.5 8.1.1; PS3.3 C.7.6.3.1.2 for halved colour)."""
    samples = int(dataset.Rows) * int(dataset.Columns) * int(dataset.get("SamplesPerPixel", 1))
    if samples > MOST_PIXELS:
        raise CannotDecode("too-large", f"frames of at most {MOST_PIXELS} samples")
    if dataset.get("PhotometricInterpretation") == "YBR_FULL_422" and _is_native(dataset):
        samples = samples // 3 * 2
    return samples * int(dataset.BitsAllocated)


def stored_frames(path: str, dataset: Dataset, wanted: list[int]) -> Iterator[tuple[str, bytes]]:
    """(media type, bytes) of each frame exactly as stored; frames count from 1.

    Native pixels come as their bytes in the file's own order of bytes.
    """
    syntax, total = _syntax(dataset), frame_count(dataset)
    _check_frames(wanted, total)
    if not syntax.is_encapsulated:
        for number in wanted:
            yield f"{OCTETS}; transfer-syntax={syntax}", _native(path, dataset, number)
        return
    media = FRAME_MEDIA.get(str(syntax), OCTETS)
    at = _place(dataset)
    with Path(path).open("rb") as file:
        for number in wanted:
            file.seek(at)
            frame = get_frame(file, number - 1, number_of_frames=total)
            yield f"{media}; transfer-syntax={syntax}", frame


def plain_frames(path: str, dataset: Dataset, wanted: list[int]) -> Iterator[tuple[str, bytes]]:
    """(media type, bytes) of each frame decompressed: little endian, samples of a pixel together.

    Grey values have their bits allocated, 8 or 16 (32 for float); colour is RGB, 8 bits a sample.
    """
    _check_frames(wanted, frame_count(dataset))
    for number in wanted:
        if _is_plain(dataset):
            yield f"{OCTETS}; transfer-syntax={PLAIN}", _native(path, dataset, number)
            continue
        found = _array(path, dataset, number)
        found = found.astype(found.dtype.newbyteorder("<"), copy=False)
        yield f"{OCTETS}; transfer-syntax={PLAIN}", found.tobytes()


def picture(
    path: str,
    dataset: Dataset,
    number: int,
    media: str,
    *,
    window: Window | None = None,
    longest: int | None = None,
) -> bytes:
    """One frame as PNG or JPEG, 8 bits; grey values through `window`, else the file's own.

    `longest` is the most pixels of the longer side; smaller pictures stay as they are.
    """
    _check_frames([number], frame_count(dataset))
    found = _array(path, dataset, number)
    image = Image.fromarray(_bytes(found, dataset, window))
    if longest is not None and max(image.size) > longest:
        scale = longest / max(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.BILINEAR)
    out = io.BytesIO()
    if media == "image/jpeg":
        image.save(out, "JPEG", quality=90)
    else:
        image.save(out, "PNG")
    return out.getvalue()


def _bytes(found: Any, dataset: Dataset, window: Window | None) -> Any:
    """The frame as 8-bit grey or RGB."""
    if found.ndim == 3:
        if found.dtype == np.uint8:
            return found
        return (found * (255.0 / max(1.0, float(found.max())))).astype(np.uint8)
    if dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
        coloured = apply_color_lut(found, dataset)
        return (coloured >> 8).astype(np.uint8) if coloured.itemsize > 1 else coloured
    values = apply_modality_lut(found, dataset)
    chosen = window or _stated(dataset)
    if window is None and "VOILUTSequence" in dataset:
        values = apply_voi_lut(values, dataset)
        chosen = None
    values = values.astype(np.float64)
    low, high = _edges(chosen) if chosen else (float(values.min()), float(values.max()))
    scaled = np.clip((values - low) / max(high - low, 1e-9), 0.0, 1.0) * 255.0
    if dataset.get("PhotometricInterpretation") == "MONOCHROME1":
        scaled = 255.0 - scaled
    return scaled.round().astype(np.uint8)


def _edges(window: Window) -> tuple[float, float]:
    """The lowest and highest value of a linear window (PS3.3 C.11.2.1.2.1)."""
    half = (max(window.width, 1.0) - 1) / 2
    return window.center - 0.5 - half, window.center - 0.5 + half


def _stated(dataset: Dataset) -> Window | None:
    """The first window the file states, at the top or shared by all frames."""
    places = [dataset]
    shared = dataset.get("SharedFunctionalGroupsSequence")
    if shared:
        places += list(shared[0].get("FrameVOILUTSequence") or ())
    for place in places:
        center, width = place.get("WindowCenter"), place.get("WindowWidth")
        try:
            one = float(center[0] if _is_several(center) else center)
            other = float(width[0] if _is_several(width) else width)
        except (TypeError, ValueError, IndexError):
            continue
        if other >= 1 and np.isfinite(one) and np.isfinite(other):
            return Window(one, other)
    return None


def _is_several(value: Any) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str)


def _array(path: str, dataset: Dataset, number: int) -> Any:
    """One frame as an array, colours as RGB. Raises CannotDecode."""
    # A deflated file has no place on disk where its frame begins: its data set is inflated.
    source = dataset if _syntax(dataset) == DeflatedExplicitVRLittleEndian else path
    try:
        return pixel_array(source, index=number - 1)
    except (NotImplementedError, RuntimeError, AttributeError, ValueError, KeyError) as fault:
        raise CannotDecode("cannot-decode", type(fault).__name__) from fault


def _native(path: str, dataset: Dataset, number: int) -> bytes:
    bits = frame_bits(dataset)
    first, last = (number - 1) * bits // 8, -(-number * bits // 8)
    if _syntax(dataset) == DeflatedExplicitVRLittleEndian:
        part = bytes(dataset.PixelData[first:last])
    else:
        with Path(path).open("rb") as file:
            file.seek(_place(dataset) + first)
            part = file.read(last - first)
    if len(part) < last - first:
        raise CannotDecode("truncated", "pixel data of the stated length")
    return part


def _place(dataset: Dataset) -> int:
    """Where the pixel data's value begins in the file."""
    element: Any = dataset._dict[_PIXEL_DATA]
    place: int = element.value_tell if hasattr(element, "value_tell") else element.file_tell
    return place


def _is_native(dataset: Dataset) -> bool:
    return not _syntax(dataset).is_encapsulated


def _is_plain(dataset: Dataset) -> bool:
    """Whether the stored bytes are what a decoder would give."""
    colour = dataset.get("PhotometricInterpretation") in {"MONOCHROME1", "MONOCHROME2", "RGB"}
    planar = int(dataset.get("PlanarConfiguration") or 0) == 0
    bytes_whole = int(dataset.BitsAllocated) % 8 == 0
    syntax = _syntax(dataset)
    return _is_native(dataset) and syntax.is_little_endian and colour and planar and bytes_whole


def _check_frames(wanted: list[int], total: int) -> None:
    if not all(1 <= number <= total for number in wanted):
        raise CannotDecode("no-such-frame", f"frames 1 to {total}")


def _syntax(dataset: Dataset) -> UID:
    return UID(str(dataset.file_meta.get("TransferSyntaxUID") or "1.2.840.10008.1.2"))
