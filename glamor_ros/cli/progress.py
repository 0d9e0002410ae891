"""Progress bars, for commands that take long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from .console import message_console


class CountColumn(ProgressColumn):
    """A column with the number done, and of all where it is known; rich before 12.3 has none."""

    def render(self, task: Task) -> Text:
        """The text of a task, such as `3/10`."""
        total = f"/{task.total:.0f}" if task.total else ""
        return Text(f"{task.completed:.0f}{total}", style="progress.download")


def progress_columns() -> tuple[ProgressColumn, ...]:
    """What every bar of this package shows."""
    return (
        TextColumn("{task.description}"),
        BarColumn(),
        CountColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )


@contextmanager
def progress_bar() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """A display of stages, each with a bar of its own.

    Yields:
        A function from the title of a stage to what takes the numbers done and of all in it.
    """
    with Progress(*progress_columns(), console=message_console()) as progress:

        def stage(title: str) -> Callable[[int, int], None]:
            # Not started: the bar pulses until the first report says how many there are.
            task = progress.add_task(title, start=False, total=0)

            def report(done: int, total: int) -> None:
                progress.start_task(task)
                progress.update(task, completed=done, total=total)

            return report

        yield stage
