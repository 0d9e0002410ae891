"""Ending on Ctrl-C or a termination signal, in order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stop_request() -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM or SIGHUP sets, as often as they come: what has been begun is
    ended in order.
    """
    requested = threading.Event()
    previous = {n: signal.signal(n, lambda *_: requested.set()) for n in _SIGNALS}
    try:
        yield requested
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
