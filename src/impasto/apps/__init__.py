"""What people do with the engine beyond one picture: batches, comparisons, textures, learnt styles.

Each module is one use, over `impasto.api`; none imports another. The command line and the demo may import it.
"""
