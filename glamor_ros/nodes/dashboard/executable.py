"""The executable dashboard_node: cameras and people on a page."""

from __future__ import annotations

import os
import socket
import sys
import time
from typing import TYPE_CHECKING, Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from ..common.camera_names import camera_names
from ..common.node_parameters import NodeParameters, name_unknown_parameters
from ..common.node_process import ProcessNode, run_node
from .access import access_rules
from .camera_feed import CameraFeed, PictureSettings
from .diagnostics import Diagnostics
from .emotion_services import EmotionServices
from .hub import Hub, Text
from .page_messages import status_text, welcome_text
from .parameters import DASHBOARD_PARAMETERS

if TYPE_CHECKING:
    from .server import WebServer

STATUS_INTERVAL_S = 0.5
DIAGNOSTICS_DEPTH = 10
EXTRA = "glamor_ros[dashboard]"


class DashboardNode(Node):
    """A node that serves a page with what emotion_node sees; see DASHBOARD_PARAMETERS."""

    def __init__(self, **node_options: Any) -> None:
        super().__init__("dashboard_node", **node_options)
        parameters = NodeParameters(self, DASHBOARD_PARAMETERS)
        values = parameters.values()
        self._values = values
        self._viewers_changed = self.create_guard_condition(self._follow_viewers)
        self._hub = Hub(int(values["max_viewers"]), self._viewers_changed.trigger)
        settings = PictureSettings(
            transport=values["image_transport"],
            reliability=values["image_reliability"],
            max_rate_hz=values["max_picture_rate_hz"],
            max_width_px=values["max_picture_width_px"],
            jpeg_quality=values["jpeg_quality"],
        )
        self._cameras = [
            CameraFeed(self, name, number, settings, self._hub, time.monotonic)
            for number, name in enumerate(camera_names(values["cameras"]))
        ]
        self._emotion_services = EmotionServices(self)
        self._diagnostics = Diagnostics()
        self.create_subscription(
            DiagnosticArray, "/diagnostics", self._diagnostics.add, DIAGNOSTICS_DEPTH
        )
        # Steady: it must also run where the robot's clock stands still.
        self.create_timer(
            STATUS_INTERVAL_S, self._tell_status, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        self._server: WebServer | None = None
        self._server_has_failed = False

    def start(self) -> bool:
        """Serve the page.

        Returns:
            False where that is not possible; the log then says why.
        """
        name_unknown_parameters(self)
        try:
            from .server import WebServer, build_app, listen
        except ImportError as error:
            self.get_logger().fatal(
                f"the dashboard needs more packages: pip install {EXTRA} ({error})"
            )
            return False
        host, port = str(self._values["host"]), int(self._values["port"])
        try:
            rules = access_rules(host, self._values["token"], self._values["allowed_hosts"])
            listening = listen(host, port)
        except OSError as error:
            self.get_logger().fatal(
                f"cannot listen on {host}:{port}: {error}. Set the parameters host and port"
            )
            return False
        _give_way(int(self._values["niceness"]))
        welcome = welcome_text([camera.name for camera in self._cameras])
        app = build_app(self._hub, rules, self._emotion_services.run, welcome)
        self._server = WebServer(app, listening)
        query = f"/?token={rules.token}" if rules.token is not None else "/"
        shown_host = socket.gethostname() if host in ("0.0.0.0", "::") else host
        self.get_logger().info(
            f"the dashboard is at http://{_in_address(shown_host)}:"
            f"{listening.getsockname()[1]}{query}"
        )
        return True

    @property
    def exit_code(self) -> int | None:
        """None while the page is served; 1 where the server has failed."""
        if self._server is None or self._server.is_running:
            return None
        if not self._server_has_failed:
            self._server_has_failed = True
            self.get_logger().fatal("the web server has ended")
        return 1

    def shut_down(self) -> None:
        """Let the viewers go."""
        self._hub.close()
        if self._server is not None:
            self._server.stop()

    def _follow_viewers(self) -> None:
        for camera in self._cameras:
            camera.follow_viewers()

    def _tell_status(self) -> None:
        for camera in self._cameras:
            camera.supervise()
        if self._hub.viewer_count == 0:
            return
        text = status_text(
            {camera.name: camera.status() for camera in self._cameras},
            self._emotion_services.status(),
            self._diagnostics.statuses(),
            self._hub.viewer_count,
        )
        self._hub.publish(Text("status", None, text))


def _give_way(niceness: int) -> None:
    # On Linux each thread has its own; DDS has started some.
    for thread_id in os.listdir("/proc/self/task"):
        os.setpriority(os.PRIO_PROCESS, int(thread_id), niceness)


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def main(args: list[str] | None = None) -> int:
    """Run the node; the exit code is that of run_node."""
    return run_node(_make_node, args)


def _make_node() -> ProcessNode:
    node: ProcessNode = DashboardNode()
    return node


if __name__ == "__main__":
    sys.exit(main())
