"""Training of the optical flow network: exact flow of synthetic scenes, and real clips that explain themselves."""
