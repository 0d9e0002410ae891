"""How a face box moves: a Kalman filter over its centre and size, for irregular intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..geometry import Box, Similarity

# Per coordinate (centre x, centre y, log width, log height), lengths in face sizes.
# How far a detector's box jitters about the face; the size jitters more, since detectors search an
# image pyramid in coarse steps.
_MEASUREMENT_STD = np.array([0.05, 0.05, 0.08, 0.08])
# How fast faces usually move and grow, per second.
_VELOCITY_STD = np.array([2.0, 2.0, 0.4, 0.4])
# A velocity that is not measured any more fades with this time constant.
_VELOCITY_DECAY_S = 1.0


@dataclass(frozen=True)
class BoxMotion:
    """The state of the filter at stamp_s; every step gives a new one.

    The four coordinates are filtered independently. Each one's velocity is an Ornstein-Uhlenbeck
    process and its position the integral of that: nearly constant velocity over a few frames,
    standing still after a long time unseen. Transition and process noise are the exact ones for an
    interval of any length (Särkkä and Solin, Applied Stochastic Differential Equations, 2019,
    §6.2).

    Attributes:
        mean: (4, 2), value and velocity of centre x, centre y [px], log width and log height.
        covariance: (4, 2, 2).
        stamp_s: When the face is believed to be there.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    stamp_s: float

    @classmethod
    def at_rest(cls, box: Box, stamp_s: float) -> BoxMotion:
        """A face seen for the first time, its velocity not known."""
        measured = _coordinates(box)
        scale = _scale(measured)
        covariance = np.zeros((4, 2, 2))
        covariance[:, 0, 0] = (_MEASUREMENT_STD * scale) ** 2
        covariance[:, 1, 1] = (_VELOCITY_STD * scale) ** 2
        return cls(np.stack([measured, np.zeros(4)], axis=1), covariance, stamp_s)

    @property
    def box(self) -> Box:
        """Where the filter believes the face to be at stamp_s."""
        x, y, log_width, log_height = self.mean[:, 0]
        half_width, half_height = np.exp([log_width, log_height]) / 2
        return Box(
            float(x - half_width),
            float(y - half_height),
            float(x + half_width),
            float(y + half_height),
        )

    def predicted(self, stamp_s: float) -> BoxMotion:
        """The state at a stamp that is not earlier."""
        interval = (stamp_s - self.stamp_s) / _VELOCITY_DECAY_S
        decay = np.exp(-interval)
        transition = np.array([[1.0, _VELOCITY_DECAY_S * (1 - decay)], [0.0, decay]])
        noise_pp = _VELOCITY_DECAY_S**2 * (2 * interval - 3 + 4 * decay - decay**2)
        noise_pv = _VELOCITY_DECAY_S * (1 - decay) ** 2
        noise = np.array([[noise_pp, noise_pv], [noise_pv, 1 - decay**2]])
        variance = (_VELOCITY_STD * _scale(self.mean[:, 0])) ** 2
        return BoxMotion(
            self.mean @ transition.T,
            transition @ self.covariance @ transition.T + variance[:, None, None] * noise,
            stamp_s,
        )

    def moved(self, camera: Similarity) -> BoxMotion:
        """The state in an image that the camera's movement has changed; velocities turn with it."""
        mean, covariance = self.mean.copy(), self.covariance.copy()
        mean[:2, 0] = camera.point(*self.mean[:2, 0])
        turn = np.array([[camera.cos_part, -camera.sin_part], [camera.sin_part, camera.cos_part]])
        mean[:2, 1] = turn @ self.mean[:2, 1]
        mean[2:, 0] += np.log(camera.scale)
        covariance[:2] *= camera.scale**2
        return BoxMotion(mean, covariance, self.stamp_s)

    def corrected(self, box: Box) -> BoxMotion:
        """The state after the face was measured at stamp_s."""
        measured = _coordinates(box)
        measurement_variance = (_MEASUREMENT_STD * _scale(measured)) ** 2
        gain = self.covariance[:, :, 0] / (self.covariance[:, 0, 0] + measurement_variance)[:, None]
        innovation = measured - self.mean[:, 0]
        return BoxMotion(
            self.mean + gain * innovation[:, None],
            self.covariance - gain[:, :, None] * self.covariance[:, None, 0, :],
            self.stamp_s,
        )


def _coordinates(box: Box) -> NDArray[np.float64]:
    return np.array([*box.center, np.log(box.width), np.log(box.height)])


def _scale(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    size_px = np.exp(coordinates[2:].mean())
    return np.array([size_px, size_px, 1.0, 1.0])
