"""Resource bodies as stored: zstd with a dictionary that knows how FHIR resources read.

One Observation compresses to a fifth only when the dictionary already holds what all share. A
row names the dictionary it was written with (`dict`), and dictionaries are never deleted or
changed: they lie in a table and are part of the data. Number 0 is zstd without a dictionary.
"""

from collections.abc import Mapping

import zstandard

from hie.errors import Unavailable
from hie.schemas import schema

_LEVEL = 3
_LARGEST = 64 * 1024 * 1024  # bytes a body may have; more is a damaged row


def shipped_dictionaries() -> Mapping[int, bytes]:
    """The dictionaries of this version by number: `schemas/dictionary/<number>.zdict`."""
    return {
        int(file.name.removesuffix(".zdict")): file.read_bytes()
        for file in schema("dictionary").iterdir()
        if file.name.endswith(".zdict")
    }


class Bodies:
    """Compresses with the newest dictionary, decompresses with each row's own."""

    def __init__(self, dictionaries: Mapping[int, bytes]) -> None:
        self.number = max(dictionaries, default=0)
        self._readers = {0: zstandard.ZstdDecompressor()}
        for number, data in dictionaries.items():
            self._readers[number] = zstandard.ZstdDecompressor(zstandard.ZstdCompressionDict(data))
        self._plain = zstandard.ZstdCompressor(level=_LEVEL)
        self._writer = self._plain
        if self.number:
            shared = zstandard.ZstdCompressionDict(dictionaries[self.number])
            shared.precompute_compress(level=_LEVEL)
            self._writer = zstandard.ZstdCompressor(
                level=_LEVEL, dict_data=shared, write_dict_id=False
            )

    def compress(self, body: bytes) -> bytes:
        """The body under the newest dictionary, `self.number`."""
        return self._writer.compress(body)

    def decompress(self, number: int, data: bytes) -> bytes:
        """The body again. Raises Unavailable for a dictionary that came after this process."""
        reader = self._readers.get(number)
        if reader is None:
            raise Unavailable(f"dictionary {number} is newer than this process: restart it")
        return reader.decompress(data, max_output_size=_LARGEST)

    def pack(self, data: bytes) -> bytes:
        """Other bytes (messages, snapshots), without a dictionary."""
        return self._plain.compress(data)

    def unpack(self, data: bytes) -> bytes:
        """What `pack` made smaller."""
        return self._readers[0].decompress(data, max_output_size=_LARGEST)
