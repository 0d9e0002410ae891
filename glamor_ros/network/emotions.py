"""The seven emotion classes, in the order of the network's outputs."""

EMOTIONS = ("Anger", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")

# The name in place of an emotion where there is no estimate of a person.
UNKNOWN_EMOTION = "Unknown"
