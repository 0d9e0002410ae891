"""ROS4HRI's topics of faces (REP-155), and the package that their messages are in."""

from __future__ import annotations

from ...errors import GlamorError

FACES_NAMESPACE = "/humans/faces"
TRACKED_TOPIC = f"{FACES_NAMESPACE}/tracked"
IDS_LIST_TYPE = "hri_msgs/msg/IdsList"
# As hri_face_detect publishes them: the newest alone, reliable, volatile.
QUEUE_DEPTH = 1


class HriMessagesError(GlamorError):
    """The messages of ROS4HRI are not installed, or are too old."""


def face_topic(face_id: str, name: str) -> str:
    """A topic of one face."""
    return f"{FACES_NAMESPACE}/{face_id}/{name}"


def require_hri_msgs() -> None:
    """Check that the messages of ROS4HRI can be used.

    Raises:
        HriMessagesError: They cannot; the message says what to install.
    """
    try:
        from ...messages import hri  # noqa: F401
    except ImportError as error:
        raise HriMessagesError(
            "the messages of ROS4HRI are missing: install hri_msgs, version 2 or newer "
            "(sudo apt install ros-$ROS_DISTRO-hri-msgs, or its sources, "
            f"github.com/ros4hri/hri_msgs, in the workspace) ({error})"
        ) from error
