"""Scenes that are drawn: known textures that move along known paths."""
