"""Pictures: of measurements, and of videos beside each other."""
