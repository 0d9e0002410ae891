"""The parameters of image_source_node. Defaults are given here only."""

from __future__ import annotations

from ...media.sources import DEMO_SIZE
from ...messages.camera_info import MAX_FOV_DEG, MIN_FOV_DEG
from ...messages.image_encoding import SENDABLE_ENCODINGS
from ..common.parameter_spec import Changes, ParameterSpec

IMAGE_SOURCE_PARAMETERS = (
    ParameterSpec(
        "source",
        "demo",
        "demo: two people in a photograph that is moved about and warped, so that their "
        "expressions change; demo_one: one person, who smiles. Or the number of a webcam, or the "
        "path of a video, of a folder of images, or of an image, which is moved about.",
        Changes.AT_START,
        is_text_or_integer=True,
    ),
    ParameterSpec(
        "rate_hz",
        0.0,
        "Images a second. 0: as the source has it (a video's and a webcam's own rate, 30 for a "
        "photograph, 1 for a folder).",
        Changes.AT_START,
        0.0,
        1000.0,
    ),
    ParameterSpec(
        "loop",
        True,
        "Begin again after the last image of a video or folder. False: the node ends.",
        Changes.AT_START,
    ),
    ParameterSpec(
        "wait_for_subscriber",
        False,
        "Read no image before somebody subscribes to the images.",
        Changes.AT_START,
    ),
    ParameterSpec(
        "width",
        0,
        "Width of the images published. What sticks out of the aspect ratio asked for is cut off. "
        f"0: follows from the source (demo: {DEMO_SIZE[0]}).",
        Changes.AT_START,
        0,
        16384,
    ),
    ParameterSpec(
        "height",
        0,
        f"Their height. 0: follows from the source (demo: {DEMO_SIZE[1]}).",
        Changes.AT_START,
        0,
        16384,
    ),
    ParameterSpec(
        "encoding",
        "bgr8",
        "Encoding of the images published.",
        Changes.AT_START,
        choices=SENDABLE_ENCODINGS,
    ),
    ParameterSpec(
        "publish_compressed",
        False,
        "Publish the images as jpeg too, on `image/compressed`.",
        Changes.AT_START,
    ),
    ParameterSpec(
        "reliability",
        "reliable",
        "Reliability that the publishers of images offer.",
        Changes.AT_START,
        choices=("reliable", "best_effort"),
    ),
    ParameterSpec(
        "frame_id",
        "camera_optical_frame",
        "Frame of the images' headers.",
        Changes.AT_START,
    ),
    ParameterSpec(
        "horizontal_fov_deg",
        60.0,
        "Field of view that the camera_info published is made for.",
        Changes.AT_START,
        MIN_FOV_DEG,
        MAX_FOV_DEG,
    ),
)
