"""Weights of the networks: which exist, where they are found or fetched, and how their files are read.

Read `manifest` (the list), `store` (find, fetch, load), then `formats`, which reads every file format by one of the
other modules. `impasto.backbones` and the packages above it may import this one.
"""
