"""Applications of the engine beyond one picture: batches, comparisons, textures, learnt styles.

Each module is one application, on top of `impasto.api`; none imports another. The command line and the demo may import
them.
"""
