"""A camera's images, from the subscription to the newest frame."""
