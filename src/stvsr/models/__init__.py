"""The networks, their files, and the zoo of shipped weights. This package imports nothing by itself."""
