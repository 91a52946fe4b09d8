"""Programs that people would pick instead, measured on the same frames: published networks that other wheels carry."""
