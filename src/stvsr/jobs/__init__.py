"""One module for each kind of job on a video file: what is to be made, of what, and when it is shown."""
