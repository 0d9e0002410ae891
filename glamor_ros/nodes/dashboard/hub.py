"""What the viewers of the dashboard get: the newest of everything, never a queue.

The hub knows nothing of ROS nor of the web. Values come from any thread; viewers live in one
asyncio event loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

from ...errors import GlamorError

# Pictures on their way that the viewer has not acknowledged: with one, its rate would be bounded by
# the round trip; with more, a slow link would show the past.
MAX_PICTURES_ON_THE_WAY = 2


class TooManyViewersError(GlamorError):
    """The limit on viewers, reached."""


@dataclass(frozen=True)
class Text:
    """A JSON text for the page.

    Attributes:
        kind: What it tells; the newest of each kind and camera is kept.
        camera: Whose it is; None: for every viewer.
        json: As it is sent.
        is_attention: Whether only viewers who look at the camera's attention get it.
    """

    kind: str
    camera: str | None
    json: str
    is_attention: bool = False


class Picture:
    """A camera's frame that is encoded once, when the first viewer asks for it.

    Args:
        camera: Whose it is.
        encode: Gives what is sent, None where the frame cannot be shown; runs in the hub's thread
            for encoding.
    """

    kind = "picture"
    is_attention = False

    def __init__(self, camera: str, encode: Callable[[], bytes | None]) -> None:
        self.camera = camera
        self._encode = encode
        self._encoding: asyncio.Future[bytes | None] | None = None

    async def encoded(self, executor: ThreadPoolExecutor) -> bytes | None:
        """What is sent, from the one encoding that all viewers share."""
        if self._encoding is None:
            loop = asyncio.get_running_loop()
            self._encoding = loop.run_in_executor(executor, self._encode)
        # A viewer who leaves meanwhile must not take the encoding from the others.
        return await asyncio.shield(self._encoding)


Value: TypeAlias = "Text | Picture"
_Slot: TypeAlias = "tuple[str, str | None]"


@dataclass(frozen=True)
class _Newest:
    version: int
    value: Value


class Hub:
    """The newest values of all cameras, and who watches them.

    Args:
        max_viewers: More are turned away.
        on_interest: Called, in the event loop, when what the viewers watch has changed.
    """

    def __init__(self, max_viewers: int, on_interest: Callable[[], None] = lambda: None) -> None:
        self._max_viewers = max_viewers
        self._on_interest = on_interest
        self._viewers: set[Viewer] = set()
        self._newest: dict[_Slot, _Newest] = {}
        self._version = 0
        self._executor = ThreadPoolExecutor(1, "encoding of pictures")
        self._is_closed = False
        # Replaced as a whole, so that other threads may read them.
        self._watched: frozenset[str] = frozenset()
        self._attended: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._arrived: dict[_Slot, Value] = {}
        self._is_take_scheduled = False

    @property
    def viewer_count(self) -> int:
        """How many viewers there are."""
        return len(self._viewers)

    @property
    def watched(self) -> frozenset[str]:
        """The cameras whose pictures somebody watches."""
        return self._watched

    @property
    def attended(self) -> frozenset[str]:
        """The cameras whose attention maps somebody looks at."""
        return self._attended

    def publish(self, *values: Value) -> None:
        """Replace what is there by newer values, together; from any thread."""
        with self._lock:
            for value in values:
                self._arrived[value.kind, value.camera] = value
            if self._loop is None or self._loop.is_closed() or self._is_take_scheduled:
                return
            self._is_take_scheduled = True
            self._loop.call_soon_threadsafe(self._take)

    def join(self) -> Viewer:
        """A new viewer, who leaves with Viewer.leave; in the event loop.

        Raises:
            TooManyViewersError: There are as many as there may be.
        """
        if len(self._viewers) >= self._max_viewers:
            raise TooManyViewersError(
                f"{len(self._viewers)} viewers are connected, and no more are allowed: close one, "
                "or raise the node's parameter max_viewers"
            )
        with self._lock:
            self._loop = asyncio.get_running_loop()
        self._take()
        viewer = Viewer(self)
        self._viewers.add(viewer)
        return viewer

    def close(self) -> None:
        """Let all viewers go; from any thread."""
        self._is_closed = True
        with self._lock:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._wake)
        self._executor.shutdown(wait=False, cancel_futures=True)

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._is_closed

    @property
    def executor(self) -> ThreadPoolExecutor:
        """The one thread that encodes pictures."""
        return self._executor

    def newer_than(self, seen: dict[_Slot, int]) -> list[tuple[_Slot, int, Value]]:
        """The values of a later version than the one seen, texts before pictures."""
        newer = [
            (slot, newest.version, newest.value)
            for slot, newest in self._newest.items()
            if newest.version > seen.get(slot, 0)
        ]
        return sorted(newer, key=lambda one: isinstance(one[2], Picture))

    def forget(self, viewer: Viewer) -> None:
        """Take a viewer out; in the event loop."""
        self._viewers.discard(viewer)
        self.interest_changed()

    def interest_changed(self) -> None:
        """Work out anew what is watched; in the event loop."""
        watched = frozenset(camera for viewer in self._viewers for camera in viewer.watched)
        attended = frozenset(camera for viewer in self._viewers for camera in viewer.attended)
        # Who comes back later must not see a picture from before.
        for camera in self._watched - watched:
            self._newest.pop((Picture.kind, camera), None)
        if (watched, attended) != (self._watched, self._attended):
            self._watched, self._attended = watched, attended
            self._on_interest()

    def _take(self) -> None:
        with self._lock:
            arrived, self._arrived = self._arrived, {}
            self._is_take_scheduled = False
        for slot, value in arrived.items():
            self._version += 1
            self._newest[slot] = _Newest(self._version, value)
        if arrived:
            self._wake()

    def _wake(self) -> None:
        for viewer in self._viewers:
            viewer.wake()


class Viewer:
    """One viewer: what it watches, what it has got, and how many pictures are on their way to it.

    Made by Hub.join and used in the event loop alone.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._seen: dict[_Slot, int] = {}
        self._on_the_way: dict[str, int] = {}
        self._news = asyncio.Event()
        self.watched: frozenset[str] = frozenset()
        self.attended: frozenset[str] = frozenset()

    def watch(self, cameras: Iterable[str], attended: Iterable[str]) -> None:
        """Choose the cameras whose pictures, and those whose attention maps, are sent."""
        self.watched, self.attended = frozenset(cameras), frozenset(attended)
        self._hub.interest_changed()
        self.wake()

    def acknowledge(self, camera: str) -> None:
        """Say that a picture of the camera has been received: the next may come."""
        self._on_the_way[camera] = max(self._on_the_way.get(camera, 0) - 1, 0)
        self.wake()

    async def next(self) -> Sequence[str | bytes]:
        """What is new for this viewer, once there is something; empty: the hub is closed."""
        while not self._hub.is_closed:
            due = self._due()
            if payloads := [p for value in due if (p := await self._payload(value)) is not None]:
                return payloads
            if not due:
                self._news.clear()
                await self._news.wait()
        return ()

    def wake(self) -> None:
        """Look for news; called by the hub."""
        self._news.set()

    def leave(self) -> None:
        """Stop being a viewer."""
        self.watched = self.attended = frozenset()
        self._hub.forget(self)

    def _due(self) -> list[Value]:
        due = []
        for slot, version, value in self._hub.newer_than(self._seen):
            if self._may_have(value):
                self._seen[slot] = version
                due.append(value)
        return due

    def _may_have(self, value: Value) -> bool:
        if value.is_attention:
            return value.camera in self.attended
        if isinstance(value, Picture):
            on_the_way = self._on_the_way.get(value.camera, 0)
            return value.camera in self.watched and on_the_way < MAX_PICTURES_ON_THE_WAY
        return True

    async def _payload(self, value: Value) -> str | bytes | None:
        if isinstance(value, Text):
            return value.json
        encoded = await value.encoded(self._hub.executor)
        if encoded is not None:
            self._on_the_way[value.camera] = self._on_the_way.get(value.camera, 0) + 1
        return encoded
