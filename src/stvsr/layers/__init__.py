"""Building blocks of networks that know nothing of a particular model."""
