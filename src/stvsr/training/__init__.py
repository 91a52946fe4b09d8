"""Recipes, the training loop, checkpoints and losses."""
