"""Picture files in and out: formats, depths, colour profiles, orientation. Read `io`, then `decode` and `encode`.

`opening`, `formats` and `kinds` load no PyTorch, so that looking at a file is quick.
"""
