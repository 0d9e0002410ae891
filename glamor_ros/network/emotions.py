"""The seven emotion classes, in the order of the network's outputs."""

EMOTIONS = ("Anger", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")

# The name in place of an emotion where there is none, or too little evidence for one.
UNKNOWN_EMOTION = "Unknown"


def emotion_label(emotion: str, unknown_reason: str) -> str:
    """An emotion for people to read: "Happy", or "Unknown (blurred)" with the reason."""
    return f"{emotion} ({unknown_reason})" if unknown_reason else emotion
