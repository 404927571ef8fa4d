"""Pictures of several regions: masks and their styles (`region`), and the painter of one after another (`painter`).

After Gatys et al. 2017, section 4, "Spatial control", but each region has an objective and a canvas of its own.
"""
