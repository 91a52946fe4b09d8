"""A computation applied to a video of any length: in bounded memory, resumable, here or on a cluster."""
