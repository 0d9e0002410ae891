"""A process of viewers who look at the dashboard in turns.

    python -m benchmarks.dashboard_viewers LOG PORT [--viewers N] [--turn SECONDS]

LOG gets one JSON array a turn: what the viewers looked at ("nothing", "pictures", "attention"), its
begin and end in seconds of the system's clock, and how many pictures each of them got a second. The
three follow one another until the process is ended.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import struct
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

# What a viewer asks for; None: there are no viewers.
TURNS: Mapping[str, dict[str, Any] | None] = {
    "nothing": None,
    "pictures": {"watch": [""], "attention": []},
    "attention": {"watch": [""], "attention": [""]},
}
# From joining to all pictures at the full rate, which does not count.
_SETTLING_S = 1.0
_RETRY_S = 0.2
_BINARY = 2


async def _look(port: int, watched: dict[str, Any], pictures: list[float]) -> None:
    """Be one viewer until cancelled; pictures gets the time at which each came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        lines = (
            "GET /viewer HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        )
        writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_text_frame(watched))
        while True:
            opcode, _ = await _receive(reader)
            if opcode == _BINARY:
                pictures.append(time.time())
                writer.write(_text_frame({"shown": ""}))
    finally:
        writer.close()


def _text_frame(message: dict[str, Any]) -> bytes:
    """A client's frame of less than 126 bytes, masked with zeros (RFC 6455, section 5.2)."""
    payload = json.dumps(message).encode()
    return struct.pack(">BBI", 0x81, 0x80 | len(payload), 0) + payload


async def _receive(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first, length = await reader.readexactly(2)
    if length == 126:
        (length,) = struct.unpack(">H", await reader.readexactly(2))
    elif length == 127:
        (length,) = struct.unpack(">Q", await reader.readexactly(8))
    return first & 0x0F, await reader.readexactly(length)


async def _take_turns(log: Path, port: int, viewers: int, turn_s: float) -> None:
    while True:
        with suppress(ConnectionRefusedError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            break
        await asyncio.sleep(_RETRY_S)
    with log.open("w", buffering=1) as lines:
        while True:
            for name, watched in TURNS.items():
                pictures: list[float] = []
                count = viewers if watched is not None else 0
                tasks = [
                    asyncio.create_task(_look(port, watched, pictures))
                    for _ in range(count)
                    if watched is not None
                ]
                await asyncio.sleep(_SETTLING_S)
                begin_s = time.time()
                await asyncio.sleep(turn_s)
                end_s = time.time()
                for task in tasks:
                    task.cancel()
                for result in await asyncio.gather(*tasks, return_exceptions=True):
                    if not isinstance(result, asyncio.CancelledError):
                        raise RuntimeError(f"a viewer was let go: {result}")
                counted = sum(begin_s <= time_s <= end_s for time_s in pictures)
                rate_hz = counted / (end_s - begin_s) / max(count, 1)
                lines.write(json.dumps([name, begin_s, end_s, rate_hz]) + "\n")


def main() -> None:
    """Look until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("log", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--turn", type=float, default=4.0, help="seconds that count")
    arguments = parser.parse_args()
    # Viewers are other machines: on this one they take no more than what is left.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with suppress(KeyboardInterrupt):
        asyncio.run(_take_turns(arguments.log, arguments.port, arguments.viewers, arguments.turn))


if __name__ == "__main__":
    main()
