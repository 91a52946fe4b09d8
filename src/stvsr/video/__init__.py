"""Real video files: reading, writing, colour, time stamps, stream copy. PyAV stays inside this package."""
