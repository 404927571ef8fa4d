"""The loss of one scale: weighted terms, their value and gradient (Gatys et al. 2016, equation 7).

Read `objective`, `terms`, then `build`, which makes one from options, and `state`, what it has found. The engine may import it.
"""
