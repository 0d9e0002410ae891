"""Emotion recognition of everybody in view, for ROS 2."""

from pkgutil import extend_path

# The generated message modules (glamor_ros.msg) are installed beside this package; a checkout that
# is put in front of an installation still finds them there.
__path__ = extend_path(__path__, __name__)
