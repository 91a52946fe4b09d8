"""Figures of what was measured, drawn with matplotlib, which is imported only when one is drawn."""
