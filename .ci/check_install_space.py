"""Checks that the package is imported from a colcon install space, and that its messages work.

Usage: check_install_space.py INSTALL_PREFIX
"""

import sys
from importlib import import_module
from pathlib import Path

from ament_index_python import get_package_prefix
from rclpy.serialization import deserialize_message, serialize_message

prefix = Path(sys.argv[1])
for name in ("glamor_ros", "glamor_ros.msg", "glamor_ros.perception"):
    # Not resolved: with --symlink-install, files in the prefix point into the checkout.
    file = Path(str(import_module(name).__file__))
    if prefix not in file.parents:
        sys.exit(f"{name} was imported from {file}, not from {prefix}")
    print(f"imported {name} from {file}")

if Path(get_package_prefix("glamor_ros")) != prefix:
    sys.exit(f"the resource index finds glamor_ros in {get_package_prefix('glamor_ros')}")

messages = import_module("glamor_ros.msg")
sent = messages.PersonEmotionArray(people=[messages.PersonEmotion(person_id="person_1")])
if deserialize_message(serialize_message(sent), messages.PersonEmotionArray) != sent:
    sys.exit("PersonEmotionArray changed on its way through serialisation")
