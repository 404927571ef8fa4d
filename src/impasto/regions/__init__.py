"""Pictures painted in parts: masks and what they get (`region`), and the painter that paints one after the other (`painter`).

After Gatys et al. 2017, section 4, "Spatial control", but each part has an objective of its own.
"""
