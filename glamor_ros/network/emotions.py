"""The seven emotion classes, in the order of the network's outputs."""

EMOTIONS = ("Anger", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
