"""Clips for training: real ones, synthetic scenes, augmentation, and the loader."""
