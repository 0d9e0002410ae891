"""The construction of NCAER-S from the videos of CAER: measuring, planning, writing the frames.

The folder then holds `images/<split>/<Class>/*.png`, frames.csv (which frame of which video each
image is), left_out.csv (videos and frames that could not be used, and why) and lengths.jsonl (the
measured videos, so that each is decoded only once for that).
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from ...atomic_file import atomic_write
from ...media.pictures import MediaError, write_picture
from ...network.emotions import EMOTIONS
from .caer_videos import (
    Video,
    VideoLength,
    list_videos,
    measure,
    read_frames,
    without_copies,
)
from .ncaers_plan import PlannedFrame, PlanSettings, plan_frames
from .samples import DatasetError, Skipped

PLAN_FILE = "plan.json"
FRAMES_FILE = "frames.csv"
LEFT_OUT_FILE = "left_out.csv"
LENGTHS_FILE = "lengths.jsonl"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class NcaersReport:
    """The result of a build of NCAER-S.

    Attributes:
        counts: The number of images by class, for each split that has any.
        kept: The number of images that an earlier build had written.
        left_out: Videos and frames that could not be used, and why.
    """

    counts: dict[str, dict[str, int]]
    kept: int
    left_out: tuple[Skipped, ...]

    @property
    def images(self) -> int:
        """The number of images."""
        return sum(sum(of_split.values()) for of_split in self.counts.values())


def build_ncaers(
    caer_root: Path,
    out: Path,
    settings: PlanSettings,
    *,
    workers: int = 1,
    on_measured: Progress = lambda done, total: None,
    on_extracted: Progress = lambda done, total: None,
) -> NcaersReport:
    """Build NCAER-S; an interrupted build continues where it was.

    Args:
        caer_root: The folder of CAER's videos.
        out: The folder to build in; images that are already in it are not written again.
        settings: How many frames are drawn, and from where.
        workers: Videos decoded at a time.
        on_measured: Called with the numbers of videos measured and of all.
        on_extracted: Called with the numbers of images written and of all.

    Raises:
        DatasetError: There is no video, none can be read, or `out` holds a build of other videos or
            settings.
        OutputError: `out` cannot be written.
    """
    listed, left_out = list_videos(caer_root)
    videos, copies = without_copies(listed)
    out.mkdir(parents=True, exist_ok=True)
    measured, unreadable = _measure_all(videos, out / LENGTHS_FILE, workers, on_measured)
    left_out += [*copies, *unreadable]
    plan = plan_frames(measured, settings)
    if not plan:
        raise DatasetError(f"no frame of the videos in {caer_root} can be used: {left_out[:3]}")
    _claim(out, plan)
    kept, lost = _extract(plan, [video for video, _ in measured], out, workers, on_extracted)
    left_out += lost.values()
    written = [frame for frame in plan if frame.image not in lost]
    paths = {(v.split, v.emotion, v.name): v.path.relative_to(caer_root) for v, _ in measured}
    _write_csv(
        out / FRAMES_FILE,
        ("image", "split", "label", "video", "part", "frame", "time_s"),
        (
            (f.image, f.split, EMOTIONS[f.emotion], paths[_source(f)], f.part, f.frame, f.time_s)
            for f in written
        ),
    )
    left_out_rows = sorted((one.where, one.reason) for one in left_out)
    _write_csv(out / LEFT_OUT_FILE, ("file", "reason"), left_out_rows)
    return NcaersReport(_counts(written), kept, tuple(left_out))


def _measure_all(
    videos: Sequence[Video], record: Path, workers: int, on_progress: Progress
) -> tuple[list[tuple[Video, VideoLength]], list[Skipped]]:
    known = _read_lengths(record)
    measured: list[tuple[Video, VideoLength]] = []
    skipped: list[Skipped] = []

    def measured_now(video: Video) -> VideoLength | MediaError:
        try:
            return known.get(_state(video)) or measure(video.path)
        except MediaError as error:
            return error

    with ThreadPoolExecutor(workers) as pool, record.open("a", encoding="utf-8") as file:
        lengths = zip(videos, pool.map(measured_now, videos), strict=True)
        for done, (video, length) in enumerate(lengths):
            on_progress(done, len(videos))
            if isinstance(length, MediaError):
                skipped.append(Skipped(str(video.path), length.problem))
                continue
            measured.append((video, length))
            if _state(video) not in known:
                file.write(json.dumps([_state(video), asdict(length)]) + "\n")
                file.flush()
    on_progress(len(videos), len(videos))
    return measured, skipped


def _state(video: Video) -> str:
    """A key that changes when the file does."""
    status = video.path.stat()
    return f"{video.key}|{status.st_size}|{status.st_mtime_ns}"


def _read_lengths(record: Path) -> dict[str, VideoLength]:
    lengths = {}
    for line in record.read_text(encoding="utf-8").splitlines() if record.is_file() else []:
        try:
            state, fields = json.loads(line)
            lengths[state] = VideoLength(**fields)
        except (ValueError, TypeError):  # A line torn by what ended an earlier build.
            continue
    return lengths


def _claim(out: Path, plan: Sequence[PlannedFrame]) -> None:
    """Write the plan, or make sure that it is the one that the folder was begun with.

    The name of an image says which frame it is, so the plan is all that builds must have in common.

    Raises:
        DatasetError: The folder belongs to another plan.
    """
    content = json.dumps([asdict(frame) for frame in plan], indent=0).encode()
    path = out / PLAN_FILE
    if path.is_file() and path.read_bytes() != content:
        raise DatasetError(
            f"{out} holds a build of other videos or with other settings ({path} differs); give "
            "another folder, or delete this one"
        )
    atomic_write(path, content)


def _extract(
    plan: Sequence[PlannedFrame],
    videos: Sequence[Video],
    out: Path,
    workers: int,
    on_progress: Progress,
) -> tuple[int, dict[str, Skipped]]:
    """Write the planned frames that are not there yet.

    Returns:
        The number of images that were there already; and by the name of the image the frames that
        cannot be read.
    """
    missing: dict[tuple[str, int, str], list[PlannedFrame]] = defaultdict(list)
    for frame in plan:
        if not (out / frame.image).is_file():
            missing[_source(frame)].append(frame)
    kept = len(plan) - sum(map(len, missing.values()))
    sources = [v for v in videos if (v.split, v.emotion, v.name) in missing]
    lost: dict[str, Skipped] = {}

    def extract(video: Video) -> tuple[list[PlannedFrame], str]:
        """The frames that were not written, and why."""
        frames = {f.frame: f for f in missing[video.split, video.emotion, video.name]}
        try:
            for number, image in read_frames(video.path, sorted(frames)):
                write_picture(out / frames[number].image, image)
                del frames[number]
        except MediaError as error:
            return list(frames.values()), error.problem
        return [], ""

    done = kept
    on_progress(done, len(plan))
    with ThreadPoolExecutor(workers) as pool:
        for video, (failed, problem) in zip(sources, pool.map(extract, sources), strict=True):
            for frame in failed:
                lost[frame.image] = Skipped(str(video.path), f"{problem} (frame {frame.frame})")
            done += len(missing[video.split, video.emotion, video.name])
            on_progress(done, len(plan))
    return kept, lost


def _source(frame: PlannedFrame) -> tuple[str, int, str]:
    return frame.split, frame.emotion, frame.video


def _counts(frames: Iterable[PlannedFrame]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for frame in frames:
        of_split = counts.setdefault(frame.split, dict.fromkeys(EMOTIONS, 0))
        of_split[EMOTIONS[frame.emotion]] += 1
    return counts


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    atomic_write(path, text.getvalue().encode())
