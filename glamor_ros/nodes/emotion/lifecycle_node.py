"""The managed node that tells the emotions of the people before a camera."""

from __future__ import annotations

import gc
import time
from pathlib import Path
from typing import Any

import torch

from ...messages.cv_bridge_conversion import try_cv_bridge
from ...messages.image_decoding import ImageDecoder
from ...perception.tracking.detection_policy import FullDetection
from ...perception.tracking.follower import PeopleFollower
from ...perception.tracking.tracker import PersonIds
from ..common.managed_node import ManagedNode
from ..common.node_parameters import NodeParameters, ParameterValues
from .camera_pipeline import CameraPipeline
from .models import load_observer
from .parameters import EMOTION_PARAMETERS, follower_settings, model_choice


class EmotionNode(ManagedNode):
    """Loads the networks in configure, subscribes in activate. See EMOTION_PARAMETERS, topics."""

    def __init__(self, **node_options: Any) -> None:
        super().__init__("emotion_node", **node_options)
        self._camera: CameraPipeline | None = None
        self._ids = PersonIds()
        self._declared = NodeParameters(
            self,
            EMOTION_PARAMETERS,
            check=follower_settings,
            apply=self._apply,
            may_reconfigure=lambda: self.is_unconfigured,
        )

    def start(self) -> bool:
        """Come up by itself where `autostart` is set. False: that failed."""
        if not self._declared.values()["autostart"]:
            return True
        if self.bring_up():
            return True
        self.get_logger().fatal("cannot start: see the error above")
        return False

    @property
    def exit_code(self) -> int | None:
        """None while there is something to do: until a lifecycle manager shuts the node down."""
        return 0 if self.is_finalized else None

    def configure(self) -> None:
        """Load the networks."""
        values = self._declared.values()
        began_s = time.monotonic()
        choice = model_choice(values)
        observer = load_observer(choice)
        settings, interval_s = follower_settings(values), float(values["detection_interval_s"])
        follower = PeopleFollower(self._ids, FullDetection(interval_s), settings)
        cv_bridge = try_cv_bridge()
        if cv_bridge.problem:
            self.get_logger().warning(cv_bridge.problem)
        self._camera = CameraPipeline(
            self,
            ImageDecoder(cv_bridge.conversion),
            observer,
            follower,
            transport=str(values["image_transport"]),
            reliability=str(values["image_reliability"]),
            no_image_timeout_s=float(values["no_image_timeout_s"]),
        )
        self.get_logger().info(
            f"configured in {time.monotonic() - began_s:.1f} s: weights {_shown(choice.weights)}, "
            f"detector {choice.detector}, device {choice.device}, context {choice.context_mode}"
        )

    def activate(self) -> None:
        """Subscribe."""
        if self._camera is not None:
            self._camera.activate()

    def deactivate(self) -> None:
        """Unsubscribe."""
        if self._camera is not None:
            self._camera.deactivate()

    def cleanup(self) -> None:
        """Give the networks' memory back."""
        if self._camera is not None:
            self._camera.destroy()
            self._camera = None
        gc.collect()
        if torch.cuda.is_initialized():
            torch.cuda.empty_cache()

    def _apply(self, values: ParameterValues) -> None:
        if self._camera is not None:
            self._camera.apply(
                follower_settings(values),
                float(values["detection_interval_s"]),
                float(values["no_image_timeout_s"]),
            )


def _shown(weights: Path | None) -> str:
    return str(weights) if weights else "as shipped"
