"""Several videos of one scene beside each other: as a picture, or as a page with a slider and synchronised video."""
