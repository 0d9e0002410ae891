"""The executable hri_node: the people of emotion_node for ROS4HRI (REP-155)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from ..common.camera_names import camera_names
from ..common.hri_package import TRACKED_TOPIC, HriMessagesError, require_hri_msgs
from ..common.node_parameters import NodeParameters, name_unknown_parameters
from ..common.node_process import ProcessNode, run_node
from .parameters import HRI_PARAMETERS

if TYPE_CHECKING:
    from .camera import CameraPeople
    from .faces import PublishedFaces

SUPERVISION_INTERVAL_S = 0.1


class HriNode(Node):
    """A node that publishes the people on `emotions` as REP-155's faces; see HRI_PARAMETERS."""

    def __init__(self, **node_options: Any) -> None:
        super().__init__("hri_node", **node_options)
        self._values = NodeParameters(self, HRI_PARAMETERS).values()
        self._faces: PublishedFaces | None = None
        self._cameras: Sequence[CameraPeople] = ()
        self._knows_of_others = False

    def start(self) -> bool:
        """Subscribe.

        Returns:
            False where hri_msgs is missing; the log then says what to install.
        """
        name_unknown_parameters(self)
        try:
            require_hri_msgs()
        except HriMessagesError as error:
            self.get_logger().fatal(str(error))
            return False
        from .camera import CameraPeople
        from .faces import CroppedSize, PublishedFaces

        values = self._values
        self._faces = PublishedFaces(
            self,
            CroppedSize(int(values["cropped_width_px"]), int(values["cropped_height_px"])),
            publish_faces=bool(values["publish_faces"]),
        )
        self._cameras = [
            CameraPeople(
                self,
                name,
                self._faces,
                transport=str(values["image_transport"]),
                reliability=str(values["image_reliability"]),
                max_silence_s=float(values["max_silence_s"]),
            )
            for name in camera_names(values["cameras"])
        ]
        # Steady: faces must also go where the robot's clock stands still.
        self.create_timer(
            SUPERVISION_INTERVAL_S, self._supervise, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        return True

    @property
    def exit_code(self) -> int | None:
        """None: there is always something to do."""
        return None

    def shut_down(self) -> None:
        """Say that no face is followed any more."""
        if self._faces is not None:
            self._faces.close()

    def _supervise(self) -> None:
        for camera in self._cameras:
            camera.supervise()
        if self._values["publish_faces"] and not self._knows_of_others:
            self._look_for_others()

    def _look_for_others(self) -> None:
        if self.count_publishers(TRACKED_TOPIC) > 1:
            self._knows_of_others = True
            self.get_logger().warning(
                f"another node publishes {TRACKED_TOPIC}, too; readers take each list for all "
                "faces that there are. Where emotion_node takes its faces from there (face_source "
                "hri), set publish_faces to false; else stop one of them"
            )


def main(args: list[str] | None = None) -> int:
    """Run the node; the exit code is that of run_node."""
    return run_node(_make_node, args)


def _make_node() -> ProcessNode:
    node: ProcessNode = HriNode()
    return node


if __name__ == "__main__":
    sys.exit(main())
