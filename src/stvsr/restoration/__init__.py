"""A model applied to a video of any length, in bounded memory."""
