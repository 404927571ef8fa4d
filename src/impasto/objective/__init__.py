"""The loss of one scale: a weighted sum of terms, with its value and gradient (Gatys et al. 2016, equation 7).

Read `objective`, `terms`, then `build`, which makes an objective from options, and `state`, its state dict. The engine
and the packages above it may import this one.
"""
