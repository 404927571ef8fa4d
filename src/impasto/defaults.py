"""What each objective and each backbone chooses where an option is left open, and what a texture has no use for."""

from __future__ import annotations

from typing import Any

__all__ = ["ABSENT", "DEFAULTS", "DEFAULT_WEIGHTS", "MATCHED_LAYERS", "OF_THE_BACKBONE", "PAPER_STYLE_LAYERS", "WITHOUT_CONTENT"]

PAPER_STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
MATCHED_LAYERS = tuple(f"relu{b}_{n}" for b, last in ((1, 2), (2, 2), (3, 4), (4, 4), (5, 1)) for n in range(1, last + 1))

WITHOUT_CONTENT: dict[str, Any] = {
    "content_weight": 0.0,
    "detail": 0.0,
    "voting_edges": 0.0,
    "recolor": False,
    "color": "style",
    "neighbour_mix": 1.0,
    "neighbour_sees": "features",
    "strength": 0.5,
    "side": "long",
    "enlarge": True,
}
"""The options that speak of the content, as they are for a texture."""

OF_THE_BACKBONE = {"weights": None, "network_input": "own", "padding": None}  # of no use to another one
DEFAULT_WEIGHTS = {"compact": "compact", "vgg19": "vgg19.oxford8", "vgg16": "vgg16.oxford"}
ABSENT = {"vgg16": ("relu3_4", "relu4_4")}  # layers that VGG-19 has

# What each objective needs, found by looking at the pictures on the embedded backbone. The losses are relative to their
# targets, so the same numbers serve other weights, whatever the scale of their activations.
DEFAULTS: dict[str, dict[str, Any]] = {
    "all": {
        "content_layers": ("relu4_2",),
        "content_loss": "relative",
        "style_distance": "relative",
        "tv_weight": 0.0,
        "neighbour_weight": 0.0,
        "meanstd_weight": 0.0,
        "optimizer": "adam",
        "cooling": 0.1,
        "variable": "laplacian",
        "style_layer_weights": (),
        "recolor": True,
        "detail": 1.0,
    },
    "blend": {
        "iterations": (120, 100, 60, 10),
        "content_weight": 0.0,
        "style_weight": 8.0,
        "style_layers": ("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu4_1", "relu5_1", "pixels"),
        "style_layer_weights": (1, 1, 1, 1, 1, 1, 1, 3),
        "neighbour_weight": 1.0,
        "step_size": 8e-3,
    },
    "neighbours": {
        "iterations": (120, 100, 60, 10),
        "content_weight": 0.0,
        "style_weight": 0.0,
        "style_layers": (),
        "neighbour_weight": 1.0,
        "step_size": 8e-3,
    },
    "gram": {
        "iterations": (150, 120, 80, 20),
        "content_weight": 2.0,
        "style_weight": 10.0,
        "style_layers": (*PAPER_STYLE_LAYERS, "pixels"),
        "meanstd_weight": 1.0,  # without it a narrow first layer leaves rainbow blotches: Gram matrices hardly see correlations
        "step_size": 1e-2,
    },
}
DEFAULTS["wasserstein"] = DEFAULTS["meanstd"] = {**DEFAULTS["gram"], "meanstd_weight": 0.0}
