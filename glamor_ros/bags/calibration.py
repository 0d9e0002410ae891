"""The calibration of a recording's camera, and the positions of people by it."""

from __future__ import annotations

from ..errors import GlamorError
from ..messages.camera_info import camera_model_of
from ..perception.camera_model import CameraModel
from ..perception.head_position import with_positions
from ..perception.people import PeopleInView
from .camera_topics import CameraTopics
from .cdr import CdrCodec


class RecordedCalibration:
    """What the newest CameraInfo of one camera says; CameraInfos and images come as recorded.

    Args:
        topics: The camera.
        codec: Reads the messages.

    Attributes:
        model: The geometry of the camera's images; where it is not known, the reason.
    """

    def __init__(self, topics: CameraTopics, codec: CdrCodec) -> None:
        self.model: CameraModel | str = f"no CameraInfo on {topics.camera_info} before them"
        self._topics = topics
        self._codec = codec

    def update(self, data: bytes) -> None:
        """Take over a CameraInfo.

        Args:
            data: The bytes of the message.
        """
        try:
            info = self._codec.camera_info(data)
            self.model = camera_model_of(info, is_rectified=self._topics.is_rectified)
        except GlamorError as error:
            self.model = f"the CameraInfo on {self._topics.camera_info} cannot be used: {error}"


def located(view: PeopleInView, model: CameraModel) -> PeopleInView:
    """The people in an image with the positions of their heads, by the widths of their faces.

    Args:
        view: The people.
        model: The geometry of the camera's images.

    Raises:
        CalibrationError: It is for images of another size.
    """
    model.require_size(view.image_width, view.image_height)
    return with_positions(view, model)
