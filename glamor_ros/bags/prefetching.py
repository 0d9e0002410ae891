"""Work that runs ahead in a thread: what comes next is made while what came last is used."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

_Item = TypeVar("_Item")


def prefetched(items: Iterable[_Item], depth: int) -> Iterator[_Item]:
    """The items, in order, of which a thread makes some in advance.

    An error of theirs is raised in its place. The thread ends with the iteration, also where that
    is left early.

    Args:
        items: They are iterated over in the thread.
        depth: So many are made in advance at most.
    """
    ready: queue.Queue[tuple[bool, object]] = queue.Queue(depth)
    is_abandoned = threading.Event()

    def put(is_item: bool, value: object) -> bool:
        while not is_abandoned.is_set():
            try:
                ready.put((is_item, value), timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def make() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                if not put(True, item):
                    return
        except BaseException as raised:
            error = raised
        put(False, error)

    thread = threading.Thread(target=make, name="reading ahead", daemon=True)
    thread.start()
    try:
        while True:
            is_item, value = ready.get()
            if is_item:
                yield value  # type: ignore[misc]
            elif value is None:
                return
            else:
                raise value  # type: ignore[misc]
    finally:
        is_abandoned.set()
        thread.join()
