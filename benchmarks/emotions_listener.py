"""A process that takes what emotion_node publishes and writes down when it came.

    python -m benchmarks.emotions_listener LOG TOPIC [TOPIC ...] [--images]

LOG gets one JSON array a message: the topic, the arrival and the image's stamp in seconds of the
system's clock, the message's own `latency` (null: NaN, or an image), and the number of people.
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image

from glamor_ros.msg import PersonEmotionArray

_DEPTH = 10


def main() -> None:
    """Listen until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("log", type=Path)
    parser.add_argument("topics", nargs="+")
    parser.add_argument("--images", action="store_true", help="the topics carry images")
    arguments = parser.parse_args()
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.ALL)
    node = rclpy.create_node("benchmark_listener", start_parameter_services=False)
    message_type = Image if arguments.images else PersonEmotionArray
    depth = 1 if arguments.images else _DEPTH
    qos = QoSProfile(depth=depth, reliability=ReliabilityPolicy.RELIABLE)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    with arguments.log.open("w", buffering=1) as log:
        for topic in arguments.topics:
            node.create_subscription(message_type, topic, _writing(topic, log), qos)
        try:
            executor.spin()
        except (KeyboardInterrupt, ExternalShutdownException):
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _writing(topic: str, log: TextIO) -> Callable[[Any], None]:
    def write(message: Any) -> None:
        arrival_s = time.time()
        stamp = message.header.stamp
        latency_s = getattr(message, "latency", math.nan)
        entry = (
            topic,
            arrival_s,
            stamp.sec + stamp.nanosec * 1e-9,
            latency_s if math.isfinite(latency_s) else None,
            len(getattr(message, "people", ())),
        )
        log.write(json.dumps(entry) + "\n")

    return write


if __name__ == "__main__":
    main()
