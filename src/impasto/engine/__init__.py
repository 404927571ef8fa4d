"""The method: a coarse-to-fine loop over scales (Gatys et al. 2017, section 6), each with its objective and solver.

Read `loop`, which is the algorithm on one page, then `schedule` (sizes and iterations), `scale_start` (initial canvas
of a scale) and `scale` (its state). `init_canvas`, `quilting` and `color_modes` make the initial canvas of a run.
`impasto.regions`, `impasto.runs` and the packages above them may import this one.
"""
