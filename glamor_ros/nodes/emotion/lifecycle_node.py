"""The managed node that tells the emotions of the people before its cameras."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from glamor_ros.msg import PersonEmotionArray

from ...messages.cv_bridge_conversion import try_cv_bridge
from ...messages.image_decoding import ImageDecoder, RawConversion
from ...messages.people_messages import people_message
from ...perception.detection.given_faces import GivenFaces
from ...perception.device import describe_device, require_device
from ...perception.engine import observe_alone
from ...perception.frame import Frame
from ...perception.tracking.follower import PeopleFollower
from ...perception.tracking.tracker import PersonIds
from ..common import topics
from ..common.bond import Bond, bond_message_type
from ..common.camera_names import camera_names
from ..common.hri_package import TRACKED_TOPIC, require_hri_msgs
from ..common.managed_node import ManagedNode
from ..common.node_parameters import NodeParameters, ParameterValues, name_unknown_parameters
from ..input.image_statistics import ImageStatistics
from ..input.image_subscription import ImageMessage, image_topic
from .camera import Camera, CameraOutputs, Decode
from .diagnostics import DiagnosticsOutput
from .health import CameraHealth
from .models import (
    ModelChoice,
    Models,
    gpu_memory_bytes,
    limit_threads,
    load_models,
    release_memory,
)
from .observation import MakeIntake, Observation
from .parameters import (
    EMOTION_PARAMETERS,
    detection_policy,
    follower_settings,
    health_limits,
    model_choice,
    picture_settings,
    position_settings,
    questionable_combinations,
    speed_advice,
    takes_faces,
)
from .positions import HeadPositions
from .services import NodeServices, RequestError


def _decoder(conversion: RawConversion | None) -> Decode:
    return ImageDecoder(conversion).decode


class EmotionNode(ManagedNode):
    """The node that loads the networks in configure and subscribes to its cameras in activate.

    Its parameters are EMOTION_PARAMETERS, its topics those of `topics`, for each
    camera, its services EMOTION_SERVICES.

    Args:
        load: Loads the networks, in configure.
        make_decoder: Makes what turns a camera's messages into images, for each camera anew; takes
            cv_bridge's conversion where there is one.
        node_options: As rclpy's Node takes them.
    """

    def __init__(
        self,
        *,
        load: Callable[[ModelChoice], Models] = load_models,
        make_decoder: Callable[[RawConversion | None], Decode] = _decoder,
        **node_options: Any,
    ) -> None:
        super().__init__("emotion_node", **node_options)
        self._load = load
        self._make_decoder = make_decoder
        self._ids = PersonIds()
        self._models: Models | None = None
        self._description: Mapping[str, str] = {}
        self._bond: Bond | None = None
        self._conversion: RawConversion | None = None
        self._outputs: dict[str, CameraOutputs] = {}
        self._cameras: Sequence[Camera] = ()
        self._observation: Observation | None = None
        self._last_observation: Observation | None = None
        self._declared = NodeParameters(
            self,
            EMOTION_PARAMETERS,
            apply=self._apply,
            may_reconfigure=lambda: self.is_unconfigured,
        )
        self._service_desk = NodeServices(self, lambda: self._observation, self._recognition)
        self._diagnostics = DiagnosticsOutput(
            self,
            describe=self._describe,
            stage_times_s=lambda: self._models.stopwatch.take_means_s() if self._models else {},
            limits=lambda: health_limits(self._declared.values()),
            is_paused=lambda: self._observation is not None and self._observation.is_paused,
        )

    def start(self) -> bool:
        """Come up by itself where `autostart` is set.

        Returns:
            False where that failed.
        """
        name_unknown_parameters(self)
        if not self._declared.values()["autostart"]:
            return True
        if self.bring_up():
            return True
        self.get_logger().fatal("cannot start: see the error above")
        return False

    @property
    def exit_code(self) -> int | None:
        """None while there is something to do.

        0 once a lifecycle manager has shut the node down; 1 once it has given up, where there is no
        manager to bring it up again.
        """
        if self.has_given_up and self._declared.values()["autostart"]:
            return 1
        return 0 if self.is_finalized else None

    @property
    def statistics(self) -> Mapping[str, ImageStatistics]:
        """How each camera's images have fared since the node was activated, by its name."""
        return {camera.name: camera.statistics for camera in self._cameras}

    def shut_down(self) -> None:
        """Go to `finalized`; returns when the threads have finished their last frames."""
        super().shut_down()
        if self._last_observation is not None:
            self._last_observation.join()

    def configure(self) -> None:
        """Load the networks."""
        values = self._declared.values()
        began_s = time.monotonic()
        limit_threads(int(values["threads"]))
        choice = model_choice(values)
        if takes_faces(values):
            require_hri_msgs()
        self._models = self._load(choice)
        self._models.set_min_face_size(int(values["min_face_size_px"]))
        cv_bridge = try_cv_bridge()
        self._conversion = cv_bridge.conversion
        if cv_bridge.problem:
            self.get_logger().warning(cv_bridge.problem)
        for name in camera_names(values["cameras"]):
            self._outputs[name] = CameraOutputs(self, name)
            self._outputs[name].pictures.settings = picture_settings(values)
        self._warn_of(values)
        device = describe_device(require_device(choice.device))
        finder = TRACKED_TOPIC if takes_faces(values) else f"detector {choice.detector}"
        self._description = {
            "device": device,
            "precision": choice.precision,
            "weights": _shown(choice.weights),
            "detector": TRACKED_TOPIC if takes_faces(values) else choice.detector,
        }
        self.get_logger().info(
            f"configured in {time.monotonic() - began_s:.1f} s: weights {_shown(choice.weights)}, "
            f"faces from {finder}, device {device}, context {choice.context_mode}"
        )

    def activate(self) -> None:
        """Subscribe to every camera."""
        models = self._models
        if models is None:
            return
        values = self._declared.values()
        self._cameras = [self._camera(name, values, models) for name in self._outputs]
        self._observation = self._last_observation = Observation(
            self,
            models.observer,
            self._cameras,
            stopwatch=models.stopwatch,
            reliability=str(values["image_reliability"]),
            no_image_timeout_s=float(values["no_image_timeout_s"]),
            advice=speed_advice(values),
            on_end=self._release_where_cleaned_up,
            intake=self._hri_intake(values, models),
        )
        self._observation.start()
        self._diagnostics.cameras = [
            CameraHealth(camera.name, camera.topic.name, camera.statistics)
            for camera in self._cameras
        ]
        status, period_s = bond_message_type(), float(values["bond_heartbeat_period_s"])
        if status is not None and period_s > 0:
            self._bond = Bond(self, status, period_s)

    def deactivate(self) -> None:
        """Unsubscribe; does not wait for a frame that is being worked on."""
        if self._bond is not None:
            self._bond.break_off()
            self._bond = None
        self._diagnostics.cameras = ()
        if self._observation is not None:
            self._observation.stop()
            self._observation = None
            self._cameras = ()

    def cleanup(self) -> None:
        """Give the networks' memory back, once nobody works with them any more."""
        self._models = None
        self._description = {}
        for outputs in self._outputs.values():
            outputs.destroy()
        self._outputs = {}
        release_memory()

    def _describe(self) -> Mapping[str, str]:
        memory_bytes = gpu_memory_bytes()
        if not self._description or memory_bytes is None:
            return self._description
        return {**self._description, "GPU memory [MB]": f"{memory_bytes / 1e6:.0f}"}

    def _recognition(self, image: ImageMessage) -> Callable[[], PersonEmotionArray]:
        """What finds the people in an image by itself, for the observing thread."""
        models, values, ids = self._models, self._declared.values(), self._ids
        assert models is not None
        if isinstance(models.detector, GivenFaces):
            raise RequestError(
                f"faces come from {TRACKED_TOPIC}, no detector is loaded: set face_source to "
                "'detector', or ask a node that has one"
            )
        decode = self._make_decoder(self._conversion)

        def recognize() -> PersonEmotionArray:
            frame = Frame(decode(image), 0.0)
            view = observe_alone(models.observer, frame, follower_settings(values), ids)
            return people_message(view, image.header, math.nan)

        return recognize

    def _release_where_cleaned_up(self) -> None:
        """Called by a thread that has outlived deactivate, and maybe cleanup as well."""
        if self._models is None:
            release_memory()

    def _hri_intake(self, values: ParameterValues, models: Models) -> MakeIntake | None:
        """What lets images wait for their faces where these come from another node."""
        faces = models.detector
        if not isinstance(faces, GivenFaces):
            return None
        # Needs hri_msgs, which configure has found.
        from ..input.hri_faces import HriFaces

        return lambda submit: HriFaces(
            self,
            faces,
            {camera.name: camera.statistics for camera in self._cameras},
            submit,
            tolerance_s=float(values["face_stamp_tolerance_s"]),
            silence_timeout_s=float(values["no_image_timeout_s"]),
        )

    def _camera(self, name: str, values: ParameterValues, models: Models) -> Camera:
        base = topics.IMAGE.of_camera(name).name
        logger = self.get_logger()
        clock = self.get_clock()
        # rclpy refuses another severity from the line that it is called from, hence the lambdas.
        return Camera(
            name,
            image_topic(self, base, str(values["image_transport"])),
            decode=self._make_decoder(self._conversion),
            follower=PeopleFollower(
                self._ids, detection_policy(values, models), follower_settings(values)
            ),
            outputs=self._outputs[name],
            positions=HeadPositions(
                name,
                position_settings(values),
                warn=lambda line: logger.warning(line),
                tell=lambda line: logger.info(line),
            ),
            now_s=lambda: clock.now().nanoseconds * 1e-9,
            warn=lambda line: logger.warning(line),
            complain=lambda line: logger.error(line),
        )

    def _apply(self, values: ParameterValues) -> None:
        if self._models is not None:
            self._models.set_min_face_size(int(values["min_face_size_px"]))
        for outputs in self._outputs.values():
            outputs.pictures.settings = picture_settings(values)
        if self._observation is None or self._models is None:
            return
        self._warn_of(values)
        for camera in self._cameras:
            camera.follower.settings = follower_settings(values)
            camera.positions.settings = position_settings(values)
            camera.follower.policy = detection_policy(values, self._models)
        self._observation.no_image_timeout_s = float(values["no_image_timeout_s"])

    def _warn_of(self, values: ParameterValues) -> None:
        for problem in questionable_combinations(values):
            self.get_logger().warning(problem)


def _shown(weights: Path | None) -> str:
    return str(weights) if weights else "as shipped"
