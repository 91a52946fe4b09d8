"""The tables of the papers: what they printed, and measuring them again."""
