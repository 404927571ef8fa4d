"""Pictures as tensors: conversion, resizing, masks, Laplacian pyramids and colours. Depends on no network, loss or run.

The tensor contract of all packages: pictures are ``(1, 3, H, W)`` float32 in [0, 1], sRGB encoded; masks and alpha are
``(1, 1, H, W)`` in [0, 1]; sizes are (height, width) in px.
"""
