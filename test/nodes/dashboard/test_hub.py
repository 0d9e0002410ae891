"""The hub: newest wins for every viewer, whatever the others do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest

from glamor_ros.nodes.dashboard.hub import (
    MAX_PICTURES_ON_THE_WAY,
    Hub,
    Picture,
    Text,
    TooManyViewersError,
    Viewer,
)

PATIENCE_S = 10.0


class Camera:
    """Makes pictures whose encodings are counted."""

    def __init__(self, name: str = "front") -> None:
        self.name = name
        self.encoded: list[int] = []
        self.threads: set[str] = set()

    def picture(self, number: int) -> Picture:
        def encode() -> bytes:
            self.encoded.append(number)
            self.threads.add(threading.current_thread().name)
            return f"{self.name} {number}".encode()

        return Picture(self.name, encode)


def people(number: int, camera: str = "front") -> Text:
    return Text("people", camera, f"people {number}")


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, PATIENCE_S))


async def next_of(viewer: Viewer) -> Sequence[str | bytes]:
    return await asyncio.wait_for(viewer.next(), PATIENCE_S)


async def is_idle(viewer: Viewer) -> bool:
    """Whether the viewer gets nothing although everybody else has had a turn."""
    waiting = asyncio.ensure_future(viewer.next())
    for _ in range(20):
        await asyncio.sleep(0)
    is_waiting = not waiting.done()
    waiting.cancel()
    return is_waiting


def test_a_viewer_gets_the_newest_of_each_kind_alone() -> None:
    async def scenario() -> None:
        hub, camera = Hub(max_viewers=2), Camera()
        viewer = hub.join()
        viewer.watch(["front"], [])
        for number in range(5):
            hub.publish(people(number), camera.picture(number))

        assert await next_of(viewer) == ["people 4", b"front 4"]
        assert await is_idle(viewer)
        assert camera.encoded == [4]

    run(scenario())


def test_twenty_viewers_cost_one_encoding_in_the_hub_s_own_thread() -> None:
    async def scenario() -> None:
        hub, camera = Hub(max_viewers=20), Camera()
        viewers = [hub.join() for _ in range(20)]
        for viewer in viewers:
            viewer.watch(["front"], [])
        for number in range(3):
            hub.publish(camera.picture(number))
            got = await asyncio.gather(*(next_of(viewer) for viewer in viewers))

            assert got == [[f"front {number}".encode()]] * 20
            for viewer in viewers:
                viewer.acknowledge("front")
        assert camera.encoded == [0, 1, 2]
        assert threading.current_thread().name not in camera.threads
        assert len(camera.threads) == 1

    run(scenario())


def test_nothing_is_encoded_while_nobody_watches() -> None:
    async def scenario() -> None:
        hub, camera = Hub(max_viewers=2), Camera()
        viewer = hub.join()
        hub.publish(people(1), camera.picture(1))

        assert await next_of(viewer) == ["people 1"]
        assert await is_idle(viewer)
        assert camera.encoded == []

    run(scenario())


def test_a_viewer_that_does_not_acknowledge_gets_texts_and_slows_nobody() -> None:
    async def scenario() -> None:
        hub, camera = Hub(max_viewers=2), Camera()
        slow, quick = hub.join(), hub.join()
        for viewer in (slow, quick):
            viewer.watch(["front"], [])
        slow_got: list[str | bytes] = []
        quick_got: list[str | bytes] = []
        for number in range(10):
            hub.publish(people(number), camera.picture(number))
            slow_got += await next_of(slow)
            quick_got += await next_of(quick)
            quick.acknowledge("front")

        def pictures(got: list[str | bytes]) -> list[bytes]:
            return [one for one in got if isinstance(one, bytes)]

        assert pictures(quick_got) == [f"front {number}".encode() for number in range(10)]
        assert len(pictures(slow_got)) == MAX_PICTURES_ON_THE_WAY
        assert sum(isinstance(one, str) for one in slow_got) == 10
        slow.acknowledge("front")
        assert await next_of(slow) == [b"front 9"]

    run(scenario())


def test_each_viewer_gets_the_cameras_and_the_attention_that_it_asked_for() -> None:
    async def scenario() -> None:
        interests: list[tuple[frozenset[str], frozenset[str]]] = []
        hub = Hub(2, lambda: interests.append((hub.watched, hub.attended)))
        front, rear = Camera("front"), Camera("rear")
        one, other = hub.join(), hub.join()
        one.watch(["front"], ["front"])
        other.watch(["rear"], [])
        hub.publish(
            front.picture(1),
            rear.picture(1),
            Text("attention", "front", "front attention", is_attention=True),
            Text("attention", "rear", "rear attention", is_attention=True),
            Text("status", None, "status"),
        )

        assert set(await next_of(one)) == {"front attention", "status", b"front 1"}
        assert set(await next_of(other)) == {"status", b"rear 1"}
        one.leave()
        other.leave()
        nobody: frozenset[str] = frozenset()
        assert interests == [
            (frozenset({"front"}), frozenset({"front"})),
            (frozenset({"front", "rear"}), frozenset({"front"})),
            (frozenset({"rear"}), nobody),
            (nobody, nobody),
        ]
        assert hub.viewer_count == 0

    run(scenario())


def test_a_camera_that_is_watched_again_shows_no_picture_from_before() -> None:
    async def scenario() -> None:
        hub, camera = Hub(max_viewers=2), Camera()
        viewer = hub.join()
        viewer.watch(["front"], [])
        hub.publish(camera.picture(1))
        assert await next_of(viewer) == [b"front 1"]
        viewer.leave()

        late = hub.join()
        late.watch(["front"], [])

        assert await is_idle(late)

    run(scenario())


def test_a_picture_that_cannot_be_encoded_is_passed_over() -> None:
    async def scenario() -> None:
        hub, camera = Hub(max_viewers=1), Camera()
        viewer = hub.join()
        viewer.watch(["front"], [])
        for _ in range(MAX_PICTURES_ON_THE_WAY + 1):
            hub.publish(Picture("front", lambda: None))
            assert await is_idle(viewer)
        hub.publish(camera.picture(7))

        assert await next_of(viewer) == [b"front 7"]

    run(scenario())


def test_a_viewer_that_leaves_does_not_take_the_encoding_from_the_others() -> None:
    async def scenario() -> None:
        hub = Hub(max_viewers=2)
        released = threading.Event()

        def encode() -> bytes:
            assert released.wait(PATIENCE_S)
            return b"encoded"

        leaving, staying = hub.join(), hub.join()
        for viewer in (leaving, staying):
            viewer.watch(["front"], [])
        hub.publish(Picture("front", encode))
        tasks = [asyncio.ensure_future(viewer.next()) for viewer in (leaving, staying)]
        await asyncio.sleep(0.01)
        tasks[0].cancel()
        leaving.leave()
        released.set()

        assert await tasks[1] == [b"encoded"]

    run(scenario())


def test_values_come_from_any_thread_and_in_pairs() -> None:
    async def scenario() -> None:
        hub, camera = Hub(max_viewers=1), Camera()
        viewer = hub.join()
        viewer.watch(["front"], [])

        def publish_all() -> None:
            for number in range(500):
                hub.publish(people(number), camera.picture(number))

        thread = threading.Thread(target=publish_all)
        thread.start()
        newest = -1
        while newest < 499:
            texts_and_pictures = await next_of(viewer)
            for one in texts_and_pictures:
                if isinstance(one, bytes):
                    viewer.acknowledge("front")
                    number = int(one.split()[1])
                    # The text that belongs to a picture has come by the time the picture does.
                    assert f"people {number}" in texts_and_pictures
                    assert number > newest
                    newest = number
        thread.join(PATIENCE_S)

    run(scenario())


def test_more_viewers_than_allowed_are_turned_away_until_one_leaves() -> None:
    async def scenario() -> None:
        hub = Hub(max_viewers=1)
        viewer = hub.join()
        with pytest.raises(TooManyViewersError, match="max_viewers"):
            hub.join()
        viewer.leave()
        hub.join()

    run(scenario())


def test_closing_ends_the_waiting_of_all_viewers() -> None:
    async def scenario() -> None:
        hub = Hub(max_viewers=2)
        waiting = [asyncio.ensure_future(hub.join().next()) for _ in range(2)]
        await asyncio.sleep(0)
        thread = threading.Thread(target=hub.close)
        thread.start()

        assert await asyncio.gather(*waiting) == [(), ()]
        thread.join(PATIENCE_S)

    run(scenario())
