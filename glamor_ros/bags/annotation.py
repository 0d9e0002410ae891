"""The annotation of a recording: resumable, and at its place only once it is complete."""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from ..atomic_file import OutputError, make_folder
from ..network.weights.checkpoint import load_checkpoint
from ..perception.detection.build import DETECTOR_NAMES, build_face_detector
from ..perception.detection.face_detector import FaceDetector
from ..perception.device import AUTO, require_device
from ..perception.engine import PeopleObserver
from ..perception.recognition.emotion_recognizer import CONTEXT_MODES, EmotionRecognizer
from ..perception.tracking.detection_choice import DETECTIONS, policy_maker
from ..perception.tracking.detection_policy import DetectionPolicy
from ..resources import STARTER_WEIGHTS, shipped_weights
from .annotator import RESULTS, BagAnnotator, CameraCount
from .bag_metadata import BagMetadata, new_version, read_metadata, result_qos_profiles
from .bag_writing import STORAGES, BagWriter, sync_to_disk
from .camera_topics import choose_cameras, require_new_names
from .cdr import CdrCodec
from .network_journal import JournaledDetector, JournaledRecognizer, NetworkJournal
from .recording import Recording
from .records import BagError, Loss, Topic

_NOTE = "glamor_ros"
_PIECE_BYTES = 1 << 20

Report = Callable[[int, "int | None"], object]


@dataclass(frozen=True)
class AnnotationChoice:
    """How recordings are annotated.

    Attributes:
        topics: The names of the images' topics; empty: those that are found.
        namespace: Put in front of the names of the results' topics.
        pictures: Whether pictures with boxes, and with attention, are among the results.
        storage: Of the new recording, one of STORAGES.
        detection: What is searched in each image, one of DETECTIONS.
        weights: GLAMOR-Net's; None: those that ship.
        context_mode: One of CONTEXT_MODES.
        detector: One of DETECTOR_NAMES.
        detector_weights: None: those that ship.
        upsample: How often an image is doubled before detection.
        device: As `require_device` takes it.
        precision: What the networks compute in.
    """

    topics: tuple[str, ...] = ()
    namespace: str = ""
    pictures: bool = False
    storage: str = STORAGES[0]
    detection: str = DETECTIONS[0]
    weights: Path | None = None
    context_mode: str = CONTEXT_MODES[0]
    detector: str = DETECTOR_NAMES[0]
    detector_weights: Path | None = None
    upsample: int = 0
    device: str = AUTO
    precision: str = "float32"


@dataclass(frozen=True)
class AnnotationReport:
    """What became of a recording.

    Attributes:
        recording: Its path.
        output: The annotated recording.
        messages: How many of its messages are in there.
        losses: What of it could not be read.
        cameras: What became of the images, by the names of their topics.
        was_done: Whether the annotated recording was there already, of the same recording and
            choice; nothing else is known of it then.
    """

    recording: Path
    output: Path
    messages: int = 0
    losses: tuple[Loss, ...] = ()
    cameras: Mapping[str, CameraCount] = dataclasses.field(default_factory=dict)
    was_done: bool = False


def annotate_recording(
    recording: Path,
    output: Path,
    choice: AnnotationChoice,
    report: Report = lambda done, total: None,
) -> AnnotationReport:
    """Annotate a recording: all its messages, and the emotions of the people in its images.

    The new recording appears at `output` when it is complete. Until then what has been computed is
    kept in a folder beside it; a run that was ended, in whatever way, goes on from there when it is
    called again, and gives the same messages as one run would have.

    Args:
        recording: The recording.
        output: A path at which there is nothing yet.
        choice: How it is annotated.
        report: Called with the number of messages done, and of all where that is known.

    Raises:
        BagError: There is no such recording, or it holds nothing to annotate.
        OutputError: Something else is at `output`, another run is at work on it, or it cannot be
            written, as on a full disk; what has been computed is kept.
        JournalError: A run of another choice is unfinished there.
        GlamorError: The networks cannot be loaded as chosen.
    """
    purpose = _purpose(recording, choice)
    note = _note(purpose, choice)
    if _is_done(output, note):
        _remove_work(output)
        return AnnotationReport(recording, output, was_done=True)
    networks = _Networks.load(choice)
    with _work_folder(output) as work:
        if _is_done(output, note):
            return AnnotationReport(recording, output, was_done=True)
        shutil.rmtree(work / "bag", ignore_errors=True)
        try:
            with Recording(recording, scratch=work) as source:
                codec = CdrCodec()
                cameras = choose_cameras(source, codec, choice.topics, choice.namespace)
                require_new_names(cameras, RESULTS, source)
                version = new_version(source.metadata, source.topics)
                with (
                    BagWriter(
                        work / "bag",
                        output.name,
                        storage=choice.storage,
                        version=version,
                        ros_distro=source.metadata.ros_distro,
                    ) as writer,
                    NetworkJournal(work / "journal", purpose) as journal,
                ):
                    annotator = BagAnnotator(
                        networks.observer(journal),
                        cameras,
                        networks.make_policy,
                        codec,
                        qos_profiles=result_qos_profiles(version),
                        draws_pictures=choice.pictures,
                    )
                    count = _write(source, annotator, writer, codec, report)
                    writer.finish({**source.metadata.custom, _NOTE: note})
                losses = (*source.losses, *_unexplained(source, count))
        except OSError as error:
            raise OutputError(
                f"{error}; what has been computed of {recording} is kept in {work}, and the same "
                "command goes on from there"
            ) from error
        (work / "bag").rename(output)
        sync_to_disk(output.parent)
    return AnnotationReport(recording, output, count, losses, annotator.counts)


def _write(
    source: Recording,
    annotator: BagAnnotator,
    writer: BagWriter,
    codec: CdrCodec,
    report: Report,
) -> int:
    """Write everything; the number of the recording's own messages."""
    completed = _CompletedTopics(codec, source.metadata)
    for topic in (*map(completed, source.topics), *annotator.result_topics):
        writer.add_topic(topic)
    results = set(annotator.result_topics)
    count, total = 0, source.message_count
    for message in annotator.annotated(source.messages()):
        if message.topic in results:
            writer.write(message)
        else:
            writer.write(dataclasses.replace(message, topic=completed(message.topic)))
            count += 1
            report(count, total)
    return count


class _CompletedTopics:
    """Topics with the definitions and hashes of their types, which some storage files lack."""

    def __init__(self, codec: CdrCodec, metadata: BagMetadata) -> None:
        self._codec = codec
        self._metadata = metadata
        self._known: dict[Topic, Topic] = {}

    def __call__(self, topic: Topic) -> Topic:
        if topic not in self._known:
            definition = topic.definition or self._codec.definition(topic.type_name)
            encoding = topic.definition_encoding or "ros2msg"
            key = topic.name, topic.type_name
            self._known[topic] = dataclasses.replace(
                topic,
                definition=definition,
                definition_encoding=encoding,
                type_hash=topic.type_hash or self._metadata.type_hashes.get(key, ""),
            )
        return self._known[topic]


def _unexplained(source: Recording, count: int) -> list[Loss]:
    """The messages that are missing although nobody has noticed."""
    total = source.message_count
    explained = sum(loss.messages or 0 for loss in source.losses)
    if total is None or total <= count + explained:
        return []
    return [
        Loss(
            f"{source.path} should hold {total} messages, but {count} are there",
            total - count - explained,
        )
    ]


@dataclass(frozen=True, eq=False)
class _Networks:
    detector: FaceDetector
    recognizer: EmotionRecognizer
    make_policy: Callable[[], DetectionPolicy]

    @classmethod
    def load(cls, choice: AnnotationChoice) -> _Networks:
        device = str(require_device(choice.device))
        detector = build_face_detector(
            choice.detector,
            upsample=choice.upsample,
            device=device,
            precision=choice.precision,
            weights=choice.detector_weights,
        )
        recognizer = EmotionRecognizer(
            load_checkpoint(choice.weights or shipped_weights(STARTER_WEIGHTS)),
            context_mode=choice.context_mode,
            device=device,
            precision=choice.precision,
        )
        return cls(detector, recognizer, policy_maker(choice.detection, detector))

    def observer(self, journal: NetworkJournal) -> PeopleObserver:
        """What sees people with these networks, or with what the journal knows they said."""
        return PeopleObserver(
            JournaledDetector(self.detector, journal),
            JournaledRecognizer(self.recognizer, journal),
        )


def _purpose(recording: Path, choice: AnnotationChoice) -> str:
    """What the networks are asked: two runs of the same purpose get the same answers."""
    files = [recording] if recording.is_file() else sorted(recording.glob("*"))
    return json.dumps(
        {
            "recording": {path.name: path.stat().st_size for path in files if path.is_file()},
            "topics": choice.topics,
            "detection": choice.detection,
            "weights": _checksum(choice.weights or shipped_weights(STARTER_WEIGHTS)),
            "context_mode": choice.context_mode,
            "detector": choice.detector,
            "detector_weights": _checksum(choice.detector_weights),
            "upsample": choice.upsample,
            "device": require_device(choice.device).type,
            "precision": choice.precision,
            "torch": torch.__version__,
        }
    )


def _note(purpose: str, choice: AnnotationChoice) -> str:
    """What tells an annotated recording's making from others'."""
    outputs = {
        "namespace": choice.namespace,
        "pictures": choice.pictures,
        "storage": choice.storage,
    }
    return json.dumps({**json.loads(purpose), **outputs})


def _checksum(path: Path | None) -> str:
    if path is None:
        return ""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()[:16]


def _is_done(output: Path, note: str) -> bool:
    """Whether the output is there as it is to be.

    Raises:
        OutputError: Something else is there.
    """
    if not output.exists():
        return False
    try:
        metadata = read_metadata(output) if output.is_dir() else None
    except BagError:
        metadata = None
    if metadata is None or metadata.custom.get(_NOTE) != note:
        raise OutputError(
            f"{output} exists and is no annotation of this recording by this choice; remove it or "
            "choose another output"
        )
    return True


def _work_path(output: Path) -> Path:
    return output.with_name(f".{output.name}.partial")


def _remove_work(output: Path) -> None:
    """Remove what a run leaves that is killed after its recording is at its place."""
    shutil.rmtree(_work_path(output), ignore_errors=True)


@contextmanager
def _work_folder(output: Path) -> Iterator[Path]:
    """The folder beside the output in which it is made, this run's alone; removed in the end.

    After an error only the journal stays, where there is one.
    """
    work = _work_path(output)
    make_folder(work)
    lock = os.open(work / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OutputError(f"another process is annotating into {output}") from error
        try:
            yield work
        except BaseException:
            has_journal = (work / "journal").exists()
            shutil.rmtree(work / "bag" if has_journal else work, ignore_errors=True)
            raise
        shutil.rmtree(work, ignore_errors=True)
    finally:
        os.close(lock)
