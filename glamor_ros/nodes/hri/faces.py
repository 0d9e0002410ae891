"""The topics below `/humans/faces` (REP-155): one list, and some of each face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from hri_msgs.msg import Expression, IdsList, NormalizedRegionOfInterest2D
from numpy.typing import NDArray
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from glamor_ros.msg import PersonEmotion, PersonEmotionArray

from ...messages.hri import expression_message, ids_message, roi_message
from ...messages.image_encoding import image_message
from ...messages.rep155 import can_be_face_id, cropped_face, is_in_image
from ..common.hri_package import QUEUE_DEPTH, TRACKED_TOPIC, face_topic

_FAREWELL_TIMEOUT_S = 1.0


class FaceTopics:
    """The topics of one face.

    Args:
        node: The publishers'.
        face_id: The face's.
        has_region: Whether the face itself is published, beside its expression.
    """

    def __init__(self, node: Node, face_id: str, *, has_region: bool) -> None:
        self._node = node
        self._publishers: list[Publisher] = []
        self._expression = self._publisher(Expression, face_topic(face_id, "expression"))
        self._roi: Publisher | None = None
        self._cropped: Publisher | None = None
        if has_region:
            self._roi = self._publisher(NormalizedRegionOfInterest2D, face_topic(face_id, "roi"))
            self._cropped = self._publisher(Image, face_topic(face_id, "cropped"))

    @property
    def is_cropped_wanted(self) -> bool:
        """Whether somebody subscribes to the face's picture."""
        return self._cropped is not None and self._cropped.get_subscription_count() > 0

    def publish(self, person: PersonEmotion, image_width: int, image_height: int) -> None:
        """Publish where the face is and what it expresses."""
        roi = roi_message(person, image_width, image_height)
        if self._roi is not None and roi is not None:
            self._roi.publish(roi)
        if (expression := expression_message(person)) is not None:
            self._expression.publish(expression)

    def publish_cropped(self, picture_bgr: NDArray[np.uint8], header: Header) -> None:
        """Publish the face's picture."""
        if self._cropped is not None:
            self._cropped.publish(image_message(picture_bgr, header))

    def destroy(self) -> None:
        """Take the topics off the graph."""
        for publisher in self._publishers:
            self._node.destroy_publisher(publisher)

    def _publisher(self, message_type: type, name: str) -> Publisher:
        self._publishers.append(self._node.create_publisher(message_type, name, QUEUE_DEPTH))
        return self._publishers[-1]


@dataclass(frozen=True)
class CroppedSize:
    """The size of the faces' pictures, in pixels."""

    width: int
    height: int


class PublishedFaces:
    """The faces of all cameras, each with topics from its first message to its last.

    Args:
        node: The publishers'.
        cropped: The size of the faces' pictures.
        publish_faces: False: nothing but expressions, for faces that another node publishes.
    """

    def __init__(self, node: Node, cropped: CroppedSize, *, publish_faces: bool) -> None:
        self._node = node
        self._cropped = cropped
        self._publish_faces = publish_faces
        self._topics: dict[str, FaceTopics] = {}
        self._face_ids: dict[str, tuple[str, ...]] = {}
        self._headers: dict[str, Header] = {}
        self._tracked: Publisher | None = None
        if publish_faces:
            self._tracked = node.create_publisher(IdsList, TRACKED_TOPIC, QUEUE_DEPTH)

    def update(self, camera: str, message: PersonEmotionArray) -> None:
        """Publish the people in a camera's image, and end the topics of those who are gone.

        As hri_face_detect does: a face that was missed in this image stays in the list, but
        nothing is published of it; the regions go before the list.

        Args:
            camera: The camera's name.
            message: What emotion_node found.
        """
        people = {p.person_id: p for p in message.people if can_be_face_id(p.person_id)}
        self._headers[camera] = message.header
        self._set_faces(camera, tuple(people))
        for face_id, person in people.items():
            if is_in_image(person):
                self._topics[face_id].publish(person, message.image_width, message.image_height)
        self._publish_list(camera)

    def drop(self, camera: str) -> None:
        """End the topics of a camera that has fallen silent."""
        if self._face_ids.get(camera):
            self._set_faces(camera, ())
            self._publish_list(camera)

    def close(self) -> None:
        """Say that no face is followed any more, and end all topics."""
        for camera in list(self._face_ids):
            self.drop(camera)
        if self._tracked is not None:
            self._tracked.wait_for_all_acked(Duration(seconds=_FAREWELL_TIMEOUT_S))
            self._node.destroy_publisher(self._tracked)
            self._tracked = None

    def wants_cropped(self, camera: str) -> bool:
        """Whether somebody subscribes to the picture of a face before a camera."""
        return any(self._topics[face_id].is_cropped_wanted for face_id in self._of(camera))

    def publish_cropped(
        self, camera: str, message: PersonEmotionArray, image_bgr: NDArray[np.uint8]
    ) -> None:
        """Publish the pictures of the faces in an image, as far as somebody subscribes to them.

        Args:
            camera: The camera's name.
            message: The people in the image.
            image_bgr: The image.
        """
        people: Mapping[str, PersonEmotion] = {p.person_id: p for p in message.people}
        for face_id in self._of(camera):
            topics = self._topics[face_id]
            if face_id not in people or not is_in_image(people[face_id]):
                continue
            if not topics.is_cropped_wanted:
                continue
            size = self._cropped
            picture = cropped_face(image_bgr, people[face_id], size.width, size.height)
            if picture is not None:
                topics.publish_cropped(picture, message.header)

    def _of(self, camera: str) -> tuple[str, ...]:
        return self._face_ids.get(camera, ())

    def _set_faces(self, camera: str, face_ids: tuple[str, ...]) -> None:
        self._face_ids[camera] = face_ids
        followed = {face_id for ids in self._face_ids.values() for face_id in ids}
        for face_id in self._topics.keys() - followed:
            self._topics.pop(face_id).destroy()
        for face_id in face_ids:
            if face_id not in self._topics:
                self._topics[face_id] = FaceTopics(
                    self._node, face_id, has_region=self._publish_faces
                )

    def _publish_list(self, camera: str) -> None:
        if self._tracked is not None:
            followed = dict.fromkeys(f for ids in self._face_ids.values() for f in ids)
            self._tracked.publish(ids_message(list(followed), self._headers[camera]))
