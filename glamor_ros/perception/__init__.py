"""From a camera image to the people in it and their emotions."""
