"""The physical act both methods describe: blur by a 3-D kernel, sample on a coarser grid, and its inverse.

Import from the modules: `stvsr.physics.scale` (no torch), `stvsr.physics.kernels`, `stvsr.physics.operator`.
"""
