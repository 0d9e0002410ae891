"""From the messages of a recording to the same messages with emotions among them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from glamor_ros.msg import AttentionMapArray, PersonEmotionArray

from ..errors import GlamorError
from ..messages.image_decoding import ImageDecoder
from ..messages.image_encoding import compressed_image_message
from ..messages.people_messages import attention_message, people_message
from ..perception.camera_model import CalibrationError, CameraModel
from ..perception.engine import PeopleObserver
from ..perception.frame import Frame, StampError
from ..perception.people import PeopleInView
from ..perception.tracking.detection_policy import DetectionPolicy
from ..perception.tracking.follower import FollowerSettings, PeopleFollower
from ..perception.tracking.tracker import PersonIds
from ..visualization.attention import attention_panel
from ..visualization.overlay import draw_people
from .calibration import RecordedCalibration, located
from .camera_topics import CameraTopics
from .cdr import CAMERA_INFO_TYPE, CdrCodec
from .prefetching import prefetched
from .records import RecordedMessage, Topic

EMOTIONS = "emotions"
ATTENTION = "attention"
ANNOTATED_IMAGE = "annotated_image/compressed"
ATTENTION_IMAGE = "attention_image/compressed"
RESULTS = (EMOTIONS, ATTENTION, ANNOTATED_IMAGE, ATTENTION_IMAGE)

# Images of several cameras that were recorded within this time go through the networks together.
_BATCH_SPAN_NS = 50_000_000
_READ_AHEAD = 8


@dataclass
class CameraCount:
    """What became of one camera's images.

    Attributes:
        images: How many there were.
        annotated: How many have results.
        late: How many were left out because a newer one came before them.
        people: How many different people were seen.
        unusable: Why others could not be used, and how many.
        unlocated: Why the people in annotated ones have no positions, and in how many.
    """

    images: int = 0
    annotated: int = 0
    late: int = 0
    people: set[str] = field(default_factory=set)
    unusable: Counter[str] = field(default_factory=Counter)
    unlocated: Counter[str] = field(default_factory=Counter)


class _Camera:
    """One camera of the recording: its decoder, calibration, follower, and its results' topics."""

    def __init__(
        self,
        topics: CameraTopics,
        calibration: RecordedCalibration,
        follower: PeopleFollower,
        results: dict[str, Topic],
    ) -> None:
        self.name = topics.image
        self.camera_info = topics.camera_info
        self.calibration = calibration
        self.follower = follower
        self.results = results
        self.decoder = ImageDecoder()
        self.count = CameraCount()


@dataclass(frozen=True, eq=False)
class _Item:
    """A message on its way through; of an image that can be used with what is in it."""

    message: RecordedMessage
    camera: _Camera | None = None
    frame: Frame | None = None
    header: Header | None = None
    model: CameraModel | str = ""
    problem: str = ""


class BagAnnotator:
    """The networks and what is known of the people before each camera of one recording.

    Every image of the cameras is looked at. The results of an image follow it with its log time and
    its header; `latency` is NaN, and so are positions without a calibration that can be used. For
    one recording, and one run through it.

    Args:
        observer: The networks.
        cameras: The cameras.
        make_policy: Makes what decides what is searched in a camera's images.
        codec: Reads and writes messages.
        qos_profiles: Of the results' topics.
        draws_pictures: Whether annotated pictures and attention pictures are among the results.
        settings: How people are followed.
    """

    def __init__(
        self,
        observer: PeopleObserver,
        cameras: Sequence[CameraTopics],
        make_policy: Callable[[], DetectionPolicy],
        codec: CdrCodec,
        *,
        qos_profiles: str = "",
        draws_pictures: bool = False,
        settings: FollowerSettings | None = None,
    ) -> None:
        self._observer = observer
        self._codec = codec
        self._draws_pictures = draws_pictures
        ids = PersonIds()
        types: dict[str, type[Any]] = {EMOTIONS: PersonEmotionArray, ATTENTION: AttentionMapArray}
        if draws_pictures:
            types.update({ANNOTATED_IMAGE: CompressedImage, ATTENTION_IMAGE: CompressedImage})
        self._cameras = {
            topics.image: _Camera(
                topics,
                RecordedCalibration(topics, codec),
                PeopleFollower(ids, make_policy(), settings),
                {
                    name: codec.topic(topics.result(name), message_type, qos_profiles)
                    for name, message_type in types.items()
                },
            )
            for topics in cameras
        }

    @property
    def result_topics(self) -> tuple[Topic, ...]:
        """The topics of the results."""
        return tuple(
            topic for camera in self._cameras.values() for topic in camera.results.values()
        )

    @property
    def counts(self) -> dict[str, CameraCount]:
        """What became of the images so far, by the names of their topics."""
        return {name: camera.count for name, camera in self._cameras.items()}

    def annotated(self, messages: Iterable[RecordedMessage]) -> Iterator[RecordedMessage]:
        """All messages as they come, and after each image its results."""
        batch: list[_Item] = []
        cameras: set[str] = set()
        for item in prefetched(map(self._read, messages), _READ_AHEAD):
            if batch and self._begins_another_batch(item, batch, cameras):
                yield from self._finished(batch)
                batch, cameras = [], set()
            if item.camera is not None:
                cameras.add(item.camera.name)
            batch.append(item)
        yield from self._finished(batch)

    def _begins_another_batch(self, item: _Item, batch: Sequence[_Item], cameras: set[str]) -> bool:
        span_ns = item.message.log_time_ns - batch[0].message.log_time_ns
        return (
            len(cameras) == len(self._cameras)
            or (item.camera is not None and item.camera.name in cameras)
            or not 0 <= span_ns <= _BATCH_SPAN_NS
        )

    def _read(self, message: RecordedMessage) -> _Item:
        """The message, with its image where it is a camera's; in the thread that reads ahead."""
        if message.topic.type_name == CAMERA_INFO_TYPE:
            for one in self._cameras.values():
                if one.camera_info == message.topic.name:
                    one.calibration.update(message.data)
        camera = self._cameras.get(message.topic.name)
        if camera is None:
            return _Item(message)
        try:
            image = self._codec.image(message.data, message.topic.type_name)
            stamp = image.header.stamp
            if stamp.sec < 0:
                raise StampError(f"the stamp is negative ({stamp.sec} s)")
            is_stamped = stamp.sec != 0 or stamp.nanosec != 0
            stamp_s = stamp.sec + stamp.nanosec * 1e-9
            if not is_stamped:
                stamp_s = message.log_time_ns * 1e-9
            frame = Frame(camera.decoder.decode(image), stamp_s, camera.name)
            return _Item(message, camera, frame, image.header, camera.calibration.model)
        except GlamorError as error:
            return _Item(message, camera, problem=str(error))

    def _finished(self, batch: Sequence[_Item]) -> Iterator[RecordedMessage]:
        """The batch's messages, each image with its results."""
        seen = [item for item in batch if item.frame is not None]
        views = iter(self._observe(seen))
        for item in batch:
            yield item.message
            if item.camera is not None:
                item.camera.count.images += 1
                result = next(views) if item.frame is not None else item.problem
                yield from self._results(item, result)

    def _observe(self, items: Sequence[_Item]) -> list[PeopleInView | str | None]:
        """What is in each image; a text: why it cannot be used; None: it came late."""
        if not items:
            return []
        pairs = [
            (item.camera.follower, item.frame)
            for item in items
            if item.camera is not None and item.frame is not None
        ]
        try:
            return list(self._observer.observe(pairs))
        except GlamorError as error:
            if len(items) == 1 and isinstance(error, ValueError):
                return [str(error)]
            if len(items) == 1:
                raise
        # One by one they show which of them is the cause.
        return [view for item in items for view in self._observe([item])]

    def _results(self, item: _Item, view: PeopleInView | str | None) -> Iterator[RecordedMessage]:
        camera, frame = item.camera, item.frame
        assert camera is not None
        if view is None:
            camera.count.late += 1
            return
        if isinstance(view, str):
            camera.count.unusable[view] += 1
            return
        assert frame is not None
        assert item.header is not None
        camera.count.annotated += 1
        camera.count.people.update(person.person_id for person in view.people)
        if view.people:
            view = _located(view, item.model, camera.count)
        results = {
            EMOTIONS: people_message(view, item.header, math.nan),
            ATTENTION: attention_message(view, item.header),
        }
        if self._draws_pictures:
            pictures = {
                ANNOTATED_IMAGE: draw_people(frame.bgr, view.people),
                ATTENTION_IMAGE: attention_panel(frame.bgr, view.people),
            }
            for name, picture in pictures.items():
                results[name] = compressed_image_message(picture, item.header)
        for name, message in results.items():
            yield RecordedMessage(
                camera.results[name],
                item.message.log_time_ns,
                item.message.log_time_ns,
                self._codec.serialized(message),
            )


def _located(view: PeopleInView, model: CameraModel | str, count: CameraCount) -> PeopleInView:
    """The people with their positions; where there are none, the reason is counted."""
    if isinstance(model, str):
        count.unlocated[model] += 1
        return view
    try:
        return located(view, model)
    except CalibrationError as error:
        count.unlocated[str(error)] += 1
        return view
