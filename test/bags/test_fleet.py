from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from glamor_ros.bags.annotation import AnnotationChoice, AnnotationReport
from glamor_ros.bags.fleet import (
    AnnotationJob,
    FailedAnnotation,
    annotate_here,
    annotate_on_cluster,
    plan_annotation,
)
from glamor_ros.bags.records import BagError

from .made_bags import camera_and_words, content, words, write_bag

distributed = pytest.importorskip("distributed")

CHOICE = AnnotationChoice(device="cpu", detection="sparse")


def test_one_recording_goes_to_the_output_and_several_into_it(tmp_path: Path) -> None:
    for name in ("archive/monday/one", "archive/two", "three"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write_bag(tmp_path / name, words(1))
    archive, three, out = tmp_path / "archive", tmp_path / "three", tmp_path / "out"
    file = three / "three.mcap"
    assert plan_annotation([three], out) == [AnnotationJob(three, out)]
    assert plan_annotation([file], out) == [AnnotationJob(file, out)]
    assert plan_annotation([archive], out) == [
        AnnotationJob(archive / "monday/one", out / "monday/one"),
        AnnotationJob(archive / "two", out / "two"),
    ]
    assert plan_annotation([archive / "two", file], out) == [
        AnnotationJob(archive / "two", out / "two"),
        AnnotationJob(file, out / "three"),
    ]
    with pytest.raises(BagError, match="would both go to"):
        plan_annotation([three, file], out)
    with pytest.raises(BagError, match="no such file"):
        plan_annotation([tmp_path / "nowhere"], out)


def test_one_that_fails_does_not_keep_the_others_waiting(
    tmp_path: Path, picture: NDArray[np.uint8]
) -> None:
    write_bag(tmp_path / "in/a", words(3))
    write_bag(tmp_path / "in/b", list(camera_and_words(picture, 3)))
    (tmp_path / "in/c.mcap").write_bytes(b"nothing")
    seen: list[tuple[int, Any]] = []
    jobs = plan_annotation([tmp_path / "in"], tmp_path / "out")
    outcomes = list(annotate_here(jobs, CHOICE, lambda job: lambda *n: seen.append(n)))
    kinds = {outcome.recording.name: type(outcome) for outcome in outcomes}
    assert kinds == {"c.mcap": FailedAnnotation, "a": FailedAnnotation, "b": AnnotationReport}
    assert seen[-1] == (6, 6)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["b"]


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Two worker processes of one thread on 127.0.0.1."""
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs=50,
    ) as cluster:
        yield cluster


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing(
    tmp_path: Path, picture: NDArray[np.uint8], cluster: Any
) -> None:
    for name in ("a", "b", "c"):
        write_bag(tmp_path / "in" / name, list(camera_and_words(picture, 16)))
    jobs = plan_annotation([tmp_path / "in"], tmp_path / "out")
    with distributed.Client(cluster) as client:
        outcomes = annotate_on_cluster(client, jobs, CHOICE)
        # The jobs begin when the first outcome is asked for: a thread of its own kills a worker.
        killer = ThreadPoolExecutor(1)
        killed = killer.submit(_kill_a_worker_at_work, client, tmp_path / "out")
        reports = list(outcomes)
        journal_size = killed.result()
        killer.shutdown()
    assert journal_size > 0
    assert all(isinstance(report, AnnotationReport) for report in reports), reports
    at_once = [
        AnnotationJob(job.recording, tmp_path / "at_once" / job.recording.name) for job in jobs
    ]
    list(annotate_here(at_once, CHOICE, lambda job: lambda *_: None))
    for job in jobs:
        assert content(job.output) == content(tmp_path / "at_once" / job.recording.name)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a", "b", "c"]


def _kill_a_worker_at_work(client: Any, output: Path) -> int:
    """Kill a worker that has computed something; how much it had kept by then."""
    pids = client.run(os.getpid)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for address, keys in client.processing().items():
            for key in keys:
                work = output / f".{Path(str(key)).name}.partial"
                journal = work / "journal"
                if journal.exists() and journal.stat().st_size > 2000:
                    os.kill(pids[address], signal.SIGKILL)
                    return journal.stat().st_size
        time.sleep(0.01)
    raise AssertionError("no worker was at work")
