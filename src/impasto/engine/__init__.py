"""The method: scales from coarse to fine, at each one a start, matches, an objective, steps (Gatys et al. 2017, section 6).

Read `loop`, which is the algorithm on a page, then `schedule`, `scale`, `scale_start`; `init_canvas`, `quilting` and
`color_modes` are what a run may begin with. Regions, runs and whatever is above them may import it.
"""
