"""Lines that libraries written in C print to the standard error, with no setting against it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2


@contextmanager
def native_stderr_without(text: str) -> Iterator[None]:
    """A block whose lines on the standard error that hold a text are left out.

    All other lines are printed at the block's end, whoever of the process has written them; keep
    it short, and start no process meanwhile.

    Args:
        text: What is in the lines to leave out.
    """
    try:
        stderr = os.dup(_STDERR)
    except OSError:  # closed: nothing is printed anyway
        yield
        return
    # In memory, since what is being written may be on a full disk.
    with open(os.memfd_create("stderr"), "w+b") as caught:
        os.dup2(caught.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(stderr, _STDERR)
            os.close(stderr)
            caught.seek(0)
            for line in caught:
                if text.encode() not in line:
                    os.write(_STDERR, line)
