"""Reading emotions from faces and scenes."""
