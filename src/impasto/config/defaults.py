"""Defaults of the options that depend on objective, backbone and effort."""

from __future__ import annotations

from typing import Any

from .choices import BACKBONES, EFFORTS, OBJECTIVES, registered

__all__ = [
    "DEFAULT_WEIGHTS",
    "MATCHED_LAYERS",
    "OF_THE_BACKBONE",
    "PAPER_STYLE_LAYERS",
    "defaults_of",
]

PAPER_STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
MATCHED_LAYERS = tuple(
    f"relu{b}_{n}" for b, last in ((1, 2), (2, 2), (3, 4), (4, 4), (5, 1)) for n in range(1, last + 1)
)

OF_THE_BACKBONE = {
    "weights": None,
    "network_input": "own",
    "padding": None,
}  # options that are reset if another backbone is chosen
DEFAULT_WEIGHTS = registered(BACKBONES, {"compact": "compact", "vgg19": "vgg19.oxford8", "vgg16": "vgg16.oxford"})

_ABSENT = {"vgg16": ("relu3_4", "relu4_4")}  # layers of VGG-19 that it does not have

# Defaults of each objective, found by comparing pictures. The losses are relative to their targets, so the same
# coefficients apply to other weights, whatever the scale of their activations. What depends on the network is below.
_EVERY: dict[str, Any] = {
    "content_layers": ("relu4_2",),
    "content_loss": "relative",
    "content_fade": 1.0,
    "style_distance": "relative",
    "tv_weight": 0.0,
    "neighbour_weight": 0.0,
    "neighbour_mix": 0.75,
    "neighbour_rotations": 4,
    "neighbour_refresh": 30,
    "meanstd_weight": 0.0,
    "optimizer": "adam",
    "cooling": 0.1,
    "beta1": 0.9,  # Kingma and Ba 2015
    "beta2": 0.999,
    "variable": "laplacian",
    "style_layer_weights": (),
    "recolor": True,
    "detail": 1.0,
    "voting": (0.9,),
    "voting_edges": 0.35,
    "full_scales": 3,
    "split_iterations": 0,
}

_GRAM: dict[str, Any] = {
    "content_weight": 2.0,
    "style_weight": 10.0,
    "style_layers": (*PAPER_STYLE_LAYERS, "pixels"),
    # without it a narrow first layer leaves blotches of rainbow colours: Gram matrices hardly constrain correlations
    "meanstd_weight": 1.0,
    "step_size": 1e-2,
}

_OBJECTIVES: dict[str, dict[str, Any]] = registered(
    OBJECTIVES,
    {
        "blend": {
            "content_weight": 0.0,
            "style_weight": 8.0,
            "style_layers": ("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu4_1", "relu5_1", "pixels"),
            "style_layer_weights": (1, 1, 1, 1, 1, 1, 1, 3),
            "neighbour_weight": 1.0,
            "step_size": 8e-3,
        },
        "neighbours": {
            "content_weight": 0.0,
            "style_weight": 0.0,
            "style_layers": (),
            "neighbour_weight": 1.0,
            "step_size": 8e-3,
        },
        "gram": _GRAM,
        "wasserstein": {**_GRAM, "meanstd_weight": 0.0},
        "meanstd": {**_GRAM, "meanstd_weight": 0.0},
    },
)

# Defaults of the published networks that differ from those of the embedded one. Their deep layers are sparse, so that
# moments of relu5_1 reproduce objects of the style picture, not strokes. The content loss at coarse scales keeps such
# objects out of flat areas.
_STROKES = {"neighbour_mix": 0.5, "voting": (0.4, 0.4, 0.6, 1.0), "voting_edges": 0.45}
_PUBLISHED: dict[str, dict[str, Any]] = {
    "blend": {
        **_STROKES,
        "content_weight": 0.5,
        "content_fade": 0.35,
        "style_weight": 14.0,
        "style_layers": ("relu1_1", "relu2_1", "relu3_1", "pixels"),
        "style_layer_weights": (1, 1, 1, 6),
        "neighbour_weight": 0.68,
    },
    "neighbours": _STROKES,
}

# Adam over tens of iterations: its usual second moment is still that of the first, large gradients when they end.
_SHORT_MEMORY = {"beta1": 0.7, "beta2": 0.9, "cooling": 0.5}

# Iterations at each scale with options that depend on them: for objectives with matching by network, and for those of
# statistics only. Fewer iterations use larger steps. The finest scale of a draft of the published networks has no
# iterations, only patch voting with the matches of the scale below.
_MATCHING: dict[str, dict[str, dict[str, Any]]] = {
    "compact": registered(
        EFFORTS,
        {
            "draft": {"iterations": (40, 30, 20, 2), "neighbour_rotations": 1, "step_size": 1.6e-2},
            "standard": {"iterations": (120, 100, 60, 10)},
            "fine": {"iterations": (200, 160, 120, 60)},
        },
    ),
    "published": registered(
        EFFORTS,
        {
            "draft": {
                "iterations": (14, 10, 7, 0),
                "neighbour_rotations": 1,
                "step_size": 2.6e-2,
                "voting": (0.8, 0.8, 0.8, 1.0),
            },
            "standard": {
                **_SHORT_MEMORY,
                "iterations": (30, 25, 20, 5),
                "neighbour_refresh": 15,
                "step_size": 1.35e-2,
            },
            "fine": {"iterations": (120, 100, 80, 60), "step_size": 7.5e-3},
        },
    ),
}
_STATISTICS: dict[str, dict[str, Any]] = registered(
    EFFORTS,
    {
        "draft": {"iterations": (60, 40, 20, 5)},
        "standard": {"iterations": (150, 120, 80, 20)},
        "fine": {"iterations": (300, 240, 160, 60)},
    },
)


def defaults_of(objective: str, backbone: str, effort: str) -> dict[str, Any]:
    """The defaults of all options of `StylizeConfig` that may be None.

    Args:
        objective: one of `OBJECTIVES`.
        backbone: one of `BACKBONES`.
        effort: one of `EFFORTS`.

    Returns:
        Values by name of the option.
    """
    own = "compact" if backbone == "compact" else "published"
    matches = objective in ("blend", "neighbours")
    return {
        **_EVERY,
        **_OBJECTIVES[objective],
        **(_PUBLISHED.get(objective, {}) if own == "published" else {}),
        **(_MATCHING[own] if matches else _STATISTICS)[effort],
        "weights": DEFAULT_WEIGHTS[backbone],
        "pooling": "avg" if own == "compact" else "max",
        "padding": "replicate-all" if own == "compact" else "zeros",
        "neighbour_layers": [name for name in MATCHED_LAYERS if name not in _ABSENT.get(backbone, ())],
    }
