"""Which topics of a recording are cameras, and what the topics of their results are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..messages.pixel_layouts import ENCODINGS
from .cdr import COMPRESSED_IMAGE_TYPE, IMAGE_TYPE, CdrCodec
from .recording import Recording
from .records import BagError, Topic

_MAX_FOUND = 4
_COMPRESSED = "/compressed"
# As image_proc names undistorted images: image_rect, image_rect_color.
_RECTIFIED = "image_rect"
# What this package draws.
_DRAWN = ("annotated_image", "attention_image")


@dataclass(frozen=True)
class CameraTopics:
    """A camera's images in a recording, and the names of its results.

    Attributes:
        image: The name of the topic of its images.
        namespace: The namespace of its results, without a slash at the end.
    """

    image: str
    namespace: str

    def result(self, name: str) -> str:
        """The full name of one of its results."""
        return f"{self.namespace}/{name}"

    @property
    def camera_info(self) -> str:
        """The name of the topic of its calibration, beside the images as image_transport has it."""
        return f"{self._base.rpartition('/')[0]}/camera_info"

    @property
    def is_rectified(self) -> bool:
        """Whether its images are undistorted already, as their name tells."""
        return self._base.rpartition("/")[2].startswith(_RECTIFIED)

    @property
    def _base(self) -> str:
        return self.image.removesuffix(_COMPRESSED)


def choose_cameras(
    recording: Recording, codec: CdrCodec, wanted: Sequence[str] = (), namespace: str = ""
) -> tuple[CameraTopics, ...]:
    """The cameras of a recording.

    Without a choice they are all topics of colour or grey images: a camera's raw images where its
    compressed ones were recorded beside them, no depth, and no pictures of this package's own.

    Args:
        recording: The recording, open.
        codec: Reads the first image of each topic.
        wanted: The names of the topics to take; empty: those that are found.
        namespace: Put in front of the names of all results.

    Raises:
        BagError: There are none, or so many that a choice is needed.
    """
    types = {topic.name: topic.type_name for topic in recording.topics}
    images = [name for name in types if types[name] in (IMAGE_TYPE, COMPRESSED_IMAGE_TYPE)]
    if unknown := [name for name in wanted if name not in images]:
        raise BagError(
            f"{recording.path} has no images on {', '.join(unknown)}; {_listed(recording.topics)}"
        )
    chosen = list(wanted) or _found(recording, codec, images)
    if not chosen:
        raise BagError(f"{recording.path} holds no images; {_listed(recording.topics)}")
    if len(chosen) > _MAX_FOUND and not wanted:
        raise BagError(
            f"{recording.path} holds images on {len(chosen)} topics; name those to annotate "
            f"(--topic): {', '.join(chosen)}"
        )
    return _named(chosen, namespace)


def require_new_names(
    cameras: Sequence[CameraTopics], results: Sequence[str], recording: Recording
) -> None:
    """Check that no topic of a recording has the name of a camera's result.

    Raises:
        BagError: One has.
    """
    names = {camera.result(result) for camera in cameras for result in results}
    if taken := sorted(names.intersection(topic.name for topic in recording.topics)):
        raise BagError(
            f"{recording.path} has {', '.join(taken)} already; choose another namespace for the "
            "results (--namespace)"
        )


def _found(recording: Recording, codec: CdrCodec, images: Sequence[str]) -> list[str]:
    candidates = [
        name
        for name in images
        if not (name.endswith(_COMPRESSED) and name.removesuffix(_COMPRESSED) in images)
        and not name.endswith("compressedDepth")
        and name.removesuffix(_COMPRESSED).rpartition("/")[2] not in _DRAWN
    ]
    undecided, depth = set(candidates), set()
    for message in recording.messages(candidates) if candidates else ():
        name = message.topic.name
        if name in undecided:
            undecided.remove(name)
            try:
                image = codec.image(message.data, message.topic.type_name)
            except BagError:
                continue
            if getattr(image, "encoding", "bgr8") not in ENCODINGS:
                depth.add(name)
        if not undecided:
            break
    return [name for name in candidates if name not in depth]


def _named(images: Sequence[str], namespace: str) -> tuple[CameraTopics, ...]:
    """The cameras with their namespaces: those of the images, or where two share one, their names.

    `/front/image_raw` gives `/front/emotions`; `/image_raw` gives `/emotions`.
    """
    prefix = f"/{namespace.strip('/')}" if namespace.strip("/") else ""
    bases = [name.removesuffix(_COMPRESSED) for name in images]
    parents = [base.rpartition("/")[0] for base in bases]
    return tuple(
        CameraTopics(image, prefix + (base if parents.count(parent) > 1 else parent))
        for image, base, parent in zip(images, bases, parents, strict=True)
    )


def _listed(topics: Sequence[Topic]) -> str:
    if not topics:
        return "it has no topics at all"
    return "its topics are " + ", ".join(f"{topic.name} ({topic.type_name})" for topic in topics)
