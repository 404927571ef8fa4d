"""Figures of pictures and numbers: labelled contact sheets, and loss curves by matplotlib. Nothing here computes a picture."""
