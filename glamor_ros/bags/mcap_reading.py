"""MCAP files (https://mcap.dev/spec), read as far as they are whole.

A healthy file and a damaged one are read in the same way: not by the index at its end but by the
headers of its records, which are visited one after the other. Chunks are decompressed as their time
comes, so that messages leave in the order of their log times.
"""

from __future__ import annotations

import heapq
import struct
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import lz4.frame
import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, ChunkIndex, Footer, Schema, Statistics

from .records import BagError, Loss, RecordedMessage, Topic, unique_topics

MCAP_MAGIC = b"\x89MCAP0\r\n"
_RECORD_HEADER = struct.Struct("<BQ")
_CHUNK_HEADER = struct.Struct("<QQQI")
_MESSAGE_HEADER = struct.Struct("<HIQQ")
# Of a message index: the channel and the length of its array, then 16 bytes for each message.
_INDEX_HEADER_BYTES, _INDEX_ENTRY_BYTES = 6, 16
_FOOTER_BYTES = _RECORD_HEADER.size + 20 + len(MCAP_MAGIC)
_BLOCK_BYTES = 4 << 20
_PIECE_BYTES = 1 << 16

# What the parsers raise over bytes that are not what they should be.
_BROKEN = (
    McapError,
    struct.error,
    ValueError,
    RuntimeError,
    EOFError,
    MemoryError,
    zstandard.ZstdError,
)


@dataclass
class _Block:
    """A chunk, or a run of messages outside chunks, in the file."""

    offset: int
    length: int
    start_ns: int
    end_ns: int
    is_chunk: bool
    is_whole: bool = True
    messages: int = 0


class McapFile:
    """One MCAP file.

    Args:
        path: The file.

    Attributes:
        losses: What could not be read; grows while messages are read.
        message_count: Of all messages, as the file itself says; None where it does not.

    Raises:
        BagError: It is no MCAP file.
    """

    def __init__(self, path: Path) -> None:
        self.losses: list[Loss] = []
        self.message_count: int | None = None
        self._path = path
        self._schemas: dict[int, Schema] = {}
        self._channels: dict[int, Topic] = {}
        self._blocks: list[_Block] = []
        with path.open("rb") as file:
            if file.read(len(MCAP_MAGIC)) != MCAP_MAGIC:
                raise BagError(f"{path} is not an MCAP file, or its beginning is damaged")
            if not self._find_blocks(file):
                self._find_channels(file)

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The topics of the file."""
        return unique_topics(self._channels.values())

    def messages(self, names: Collection[str] | None = None) -> Iterator[RecordedMessage]:
        """The messages in the order of their log times.

        Args:
            names: Of the topics wanted; None: all.
        """
        waiting: list[tuple[int, int, RecordedMessage]] = []
        number = 0
        with self._path.open("rb") as file:
            for block in sorted(self._blocks, key=lambda block: block.start_ns):
                while waiting and waiting[0][0] < block.start_ns:
                    yield heapq.heappop(waiting)[2]
                for message in self._read_block(file, block):
                    if names is None or message.topic.name in names:
                        heapq.heappush(waiting, (message.log_time_ns, number, message))
                        number += 1
        while waiting:
            yield heapq.heappop(waiting)[2]

    def _find_blocks(self, file: BinaryIO) -> bool:
        """Note where the messages are; whether the file has told all of its channels."""
        size = file.seek(0, 2)
        offset, is_in_summary, indexed_end = len(MCAP_MAGIC), False, 0
        while True:
            file.seek(offset)
            header = file.read(_RECORD_HEADER.size)
            if len(header) < _RECORD_HEADER.size:
                self._lose_rest(offset, size)
                return False
            opcode, length = _RECORD_HEADER.unpack(header)
            body = offset + _RECORD_HEADER.size
            end = body + length
            if opcode == Opcode.FOOTER:
                return is_in_summary and bool(self._channels or not self._blocks)
            if not _is_opcode(opcode) or end > size:
                if skipped := self._chunk_after(file, size, max(offset, indexed_end)):
                    self.losses.append(
                        Loss(f"{self._path}: bytes {offset} to {skipped} are damaged")
                    )
                    offset = indexed_end = skipped
                    continue
                if opcode == Opcode.CHUNK:
                    self._add_chunk(file, body, size - body, is_whole=False)
                self._lose_rest(offset, size)
                return False
            try:
                if opcode == Opcode.CHUNK:
                    self._add_chunk(file, body, length, is_whole=True)
                elif opcode == Opcode.MESSAGE:
                    self._add_message(file, offset, end)
                elif opcode == Opcode.MESSAGE_INDEX and self._blocks:
                    entries = (length - _INDEX_HEADER_BYTES) // _INDEX_ENTRY_BYTES
                    self._blocks[-1].messages += entries
                elif opcode in (Opcode.SCHEMA, Opcode.CHANNEL, Opcode.STATISTICS):
                    self._add_description(opcode, file.read(length))
            except _BROKEN as error:
                self.losses.append(Loss(f"{self._path}: the record at byte {offset}: {error}"))
            is_in_summary |= opcode == Opcode.DATA_END
            offset = end

    def _lose_rest(self, offset: int, size: int) -> None:
        self.losses.append(
            Loss(
                f"{self._path} ends in the middle of a record, at byte {size}: it was cut off, or "
                f"is damaged from byte {offset} on"
            )
        )

    def _add_chunk(self, file: BinaryIO, body: int, length: int, *, is_whole: bool) -> None:
        file.seek(body)
        header = file.read(_CHUNK_HEADER.size)
        if len(header) == _CHUNK_HEADER.size:
            start_ns, end_ns, _, _ = _CHUNK_HEADER.unpack(header)
            self._blocks.append(
                _Block(body, length, start_ns, end_ns, is_chunk=True, is_whole=is_whole)
            )

    def _add_message(self, file: BinaryIO, offset: int, end: int) -> None:
        _, _, log_time_ns, _ = _MESSAGE_HEADER.unpack(file.read(_MESSAGE_HEADER.size))
        last = self._blocks[-1] if self._blocks else None
        if (
            last is None
            or last.is_chunk
            or last.offset + last.length != offset
            or last.length > _BLOCK_BYTES
        ):
            last = _Block(offset, 0, log_time_ns, log_time_ns, is_chunk=False)
            self._blocks.append(last)
        last.length = end - last.offset
        last.start_ns = min(last.start_ns, log_time_ns)
        last.end_ns = max(last.end_ns, log_time_ns)
        last.messages += 1

    def _add_description(self, opcode: int, content: bytes) -> None:
        stream = ReadDataStream(BytesIO(content))
        if opcode == Opcode.SCHEMA:
            schema = Schema.read(stream)
            self._schemas[schema.id] = schema
        elif opcode == Opcode.CHANNEL:
            channel = Channel.read(stream)
            self._channels[channel.id] = _topic(channel, self._schemas.get(channel.schema_id))
        else:
            self.message_count = Statistics.read(stream).message_count

    def _find_channels(self, file: BinaryIO) -> None:
        """Look for the channels in the chunks, where there is no summary."""
        for block in self._blocks:
            if block.is_chunk:
                content = _chunk_content(file, block)
                for opcode, record in _records(content if isinstance(content, bytes) else b""):
                    if opcode in (Opcode.SCHEMA, Opcode.CHANNEL):
                        self._add_description(opcode, bytes(record))

    def _chunk_after(self, file: BinaryIO, size: int, offset: int) -> int | None:
        """Where the next chunk begins, by the summary at the file's end; None: it has none."""
        try:
            file.seek(-_FOOTER_BYTES, 2)
            tail = file.read()
            if not tail.endswith(MCAP_MAGIC):
                return None
            footer = Footer.read(ReadDataStream(BytesIO(tail[_RECORD_HEADER.size :])))
            file.seek(footer.summary_start)
            summary = file.read(size - _FOOTER_BYTES - footer.summary_start)
            chunks = [
                ChunkIndex.read(ReadDataStream(BytesIO(record))).chunk_start_offset
                for opcode, record in _records(summary)
                if opcode == Opcode.CHUNK_INDEX
            ]
        except (*_BROKEN, OSError):
            return None
        data_end = footer.summary_start - _RECORD_HEADER.size - 4
        return min((start for start in (*chunks, data_end) if start > offset), default=None)

    def _read_block(self, file: BinaryIO, block: _Block) -> Iterator[RecordedMessage]:
        if block.is_chunk:
            content = _chunk_content(file, block)
        else:
            file.seek(block.offset)
            content = file.read(block.length)
        if isinstance(content, str):
            count = block.messages or None
            self.losses.append(
                Loss(f"{self._path}: {content}", count, block.start_ns, block.end_ns)
            )
            return
        for opcode, record in _records(content):
            try:
                if opcode == Opcode.MESSAGE:
                    channel, sequence, log_ns, publish_ns = _MESSAGE_HEADER.unpack_from(record)
                    data = bytes(record[_MESSAGE_HEADER.size :])
                    topic = self._channels[channel]
                    yield RecordedMessage(topic, log_ns, publish_ns, data, sequence)
                elif opcode in (Opcode.SCHEMA, Opcode.CHANNEL):
                    self._add_description(opcode, bytes(record))
            except (KeyError, *_BROKEN):
                self.losses.append(
                    Loss(
                        f"{self._path}: a message or channel in the block at byte {block.offset}",
                        1,
                        block.start_ns,
                        block.end_ns,
                    )
                )


def _is_opcode(value: int) -> bool:
    """Whether a record can begin so; from 0x80 on they are for private use."""
    return 0x01 <= value <= 0x0F or value >= 0x80


def _topic(channel: Channel, schema: Schema | None) -> Topic:
    return Topic(
        name=channel.topic,
        type_name=schema.name if schema else "",
        definition=schema.data.decode("utf-8", "replace") if schema else "",
        definition_encoding=schema.encoding if schema else "",
        serialization_format=channel.message_encoding,
        qos_profiles=channel.metadata.get("offered_qos_profiles", ""),
        type_hash=channel.metadata.get("topic_type_hash", ""),
    )


def _records(content: bytes) -> Iterator[tuple[int, memoryview]]:
    """The records in a piece of a file, up to the first that is not whole."""
    view, offset = memoryview(content), 0
    while offset + _RECORD_HEADER.size <= len(view):
        opcode, length = _RECORD_HEADER.unpack_from(view, offset)
        offset += _RECORD_HEADER.size
        if offset + length > len(view):
            return
        yield opcode, view[offset : offset + length]
        offset += length


def _chunk_content(file: BinaryIO, block: _Block) -> bytes | str:
    """The records in a chunk; a text: why they cannot be read.

    Of a chunk that the end of the file cuts off it is what there is. One that is whole but does not
    fit its checksum is not trusted at all.
    """
    file.seek(block.offset)
    body = file.read(block.length)
    where = f"the chunk at byte {block.offset}"
    try:
        _, _, size, checksum = _CHUNK_HEADER.unpack_from(body)
        (name_length,) = struct.unpack_from("<I", body, _CHUNK_HEADER.size)
        name_at = _CHUNK_HEADER.size + 4
        compression = body[name_at : name_at + name_length].decode()
        data = body[name_at + name_length + 8 :]
        if not block.is_whole:
            return _begun(compression, data)
        if compression == "zstd":
            data = zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
        elif compression == "lz4":
            data = lz4.frame.decompress(data)
        elif compression:
            return f"{where} is compressed by {compression!r}, which is unknown"
    except _BROKEN as error:
        return f"{where} is damaged: {error}"
    if checksum and zlib.crc32(data) != checksum:
        return f"{where} is damaged: its checksum does not fit"
    return data


def _begun(compression: str, data: bytes) -> bytes:
    """As much of a chunk's records as comes out of the beginning of its data."""
    if not compression:
        return data
    decompressor = (
        zstandard.ZstdDecompressor().decompressobj()
        if compression == "zstd"
        else lz4.frame.LZ4FrameDecompressor()
    )
    content = bytearray()
    try:
        for start in range(0, len(data), _PIECE_BYTES):
            content += decompressor.decompress(data[start : start + _PIECE_BYTES])
    except _BROKEN:
        pass
    return bytes(content)
