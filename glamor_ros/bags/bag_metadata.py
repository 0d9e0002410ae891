"""The `metadata.yaml` of a recording, and QoS profiles as the versions of rosbag2 write them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .records import BagError, Topic

METADATA_FILE = "metadata.yaml"
_ROOT = "rosbag2_bagfile_information"
# Jazzy's; profiles are lists with names there, and texts with numbers in the version before.
_VERSION_WITH_NAMES = 9
_VERSION_WITH_NUMBERS = 8
_INFINITE = {"sec": 9223372036, "nsec": 854775807}


@dataclass(frozen=True)
class BagMetadata:
    """What a `metadata.yaml` says of a recording.

    Attributes:
        version: Of the file's format; 0: there is no such file.
        files: The names of the recording's files, in order.
        message_counts: How many messages each of these files holds, where it is said.
        type_hashes: The hashes of the topics' types, by topic and type, where they are said.
        custom: What the recorder noted besides.
        ros_distro: The distribution of ROS that recorded it.
    """

    version: int = 0
    files: tuple[str, ...] = ()
    message_counts: Mapping[str, int] = field(default_factory=dict)
    type_hashes: Mapping[tuple[str, str], str] = field(default_factory=dict)
    custom: Mapping[str, str] = field(default_factory=dict)
    ros_distro: str = ""


def read_metadata(folder: Path) -> BagMetadata | None:
    """The metadata of a recording; None where it has none, as after a recorder that was killed.

    Raises:
        BagError: The file is there but is no rosbag2 metadata.
    """
    path = folder / METADATA_FILE
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))[_ROOT]
        return BagMetadata(
            version=int(content["version"]),
            files=tuple(Path(name).name for name in content["relative_file_paths"]),
            message_counts={
                Path(entry["path"]).name: int(entry["message_count"])
                for entry in content.get("files") or ()
            },
            type_hashes={
                (topic["name"], topic["type"]): topic.get("type_description_hash", "")
                for entry in content["topics_with_message_count"]
                for topic in [entry["topic_metadata"]]
            },
            custom=dict(content.get("custom_data") or {}),
            ros_distro=str(content.get("ros_distro") or ""),
        )
    except FileNotFoundError:
        return None
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise BagError(
            f"{path} cannot be read as rosbag2's metadata ({type(error).__name__}: {error}); "
            "move it away, and the recording is read by its other files"
        ) from error


@dataclass(frozen=True)
class WrittenFile:
    """The one storage file of a new recording.

    Attributes:
        name: Its name in the recording's folder.
        storage: `mcap` or `sqlite3`.
        counts: The number of messages on each topic.
        start_ns: The first log time; 0 without messages.
        end_ns: The last log time.
    """

    name: str
    storage: str
    counts: Mapping[Topic, int]
    start_ns: int
    end_ns: int


def new_metadata(
    file: WrittenFile, *, version: int, ros_distro: str, custom: Mapping[str, str]
) -> dict[str, Any]:
    """The metadata of a new recording."""
    times = {
        "duration": {"nanoseconds": file.end_ns - file.start_ns},
        "starting_time": {"nanoseconds_since_epoch": file.start_ns},
        "message_count": sum(file.counts.values()),
    }
    return {
        "version": version,
        "storage_identifier": file.storage,
        **times,
        "topics_with_message_count": [
            {"topic_metadata": _topic_metadata(topic, version), "message_count": count}
            for topic, count in file.counts.items()
        ],
        "compression_format": "",
        "compression_mode": "",
        "relative_file_paths": [file.name],
        "files": [{"path": file.name, **times}],
        "custom_data": dict(custom),
        "ros_distro": ros_distro or "unknown",
    }


def storage_text(metadata: Any) -> str:
    """Metadata as it stands inside a storage file."""
    return yaml.dump(metadata, Dumper=_PlainDumper, sort_keys=False, width=1 << 16)


class _PlainDumper(yaml.SafeDumper):
    """A writer of YAML that repeats what is equal, as rosbag2 does."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def file_text(metadata: Mapping[str, Any]) -> str:
    """Metadata as it stands in a `metadata.yaml`."""
    return storage_text({_ROOT: metadata})


def _topic_metadata(topic: Topic, version: int) -> dict[str, Any]:
    profiles: Any = topic.qos_profiles
    if version >= _VERSION_WITH_NAMES:
        profiles = yaml.safe_load(topic.qos_profiles or "[]")
    return {
        "name": topic.name,
        "type": topic.type_name,
        "serialization_format": topic.serialization_format,
        "offered_qos_profiles": profiles,
        "type_description_hash": topic.type_hash,
    }


def new_version(metadata: BagMetadata, topics: Sequence[Topic]) -> int:
    """The version of new metadata that leaves the QoS profiles of a recording as they are.

    Args:
        metadata: The recording's.
        topics: Its topics, whose profiles tell the version where it has no metadata.
    """
    has_names = any(re.search(r"history:\s*[a-z]", topic.qos_profiles) for topic in topics)
    if has_names or metadata.version >= _VERSION_WITH_NAMES:
        return _VERSION_WITH_NAMES
    return _VERSION_WITH_NUMBERS


def result_qos_profiles(version: int) -> str:
    """The QoS profiles of results, which are reliable and volatile and keep the last ten.

    Args:
        version: Of the metadata that they are to stand in.
    """
    has_names = version >= _VERSION_WITH_NAMES
    profile = {
        "history": "keep_last" if has_names else 1,
        "depth": 10,
        "reliability": "reliable" if has_names else 1,
        "durability": "volatile" if has_names else 2,
        "deadline": dict(_INFINITE),
        "lifespan": dict(_INFINITE),
        "liveliness": "automatic" if has_names else 1,
        "liveliness_lease_duration": dict(_INFINITE),
        "avoid_ros_namespace_conventions": False,
    }
    return storage_text([profile]).strip()
