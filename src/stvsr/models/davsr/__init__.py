"""DAVSR: a low video and the operator that made it go in, a sharp, fast, large one comes out."""
