"""The laboratory: studies behind pages of `docs/`, run from the folder of the repository. Not part of the package."""
