"""All options: default, help, unit, range and choices. Flags, documents and checks are derived from this module.

If the default of an option is ``None``, `StylizeConfig.resolve` chooses it by objective, backbone and effort: a good
step size for neighbour matching is a bad one for Gram matrices. A resolved config has no ``None``. Each option is
defined here only, so the file is as long as there are options.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ConfigError
from . import choices
from .concerns import Matching, Scales, SolverOptions, concern_of
from .defaults import OF_THE_BACKBONE, defaults_of
from .fields import SUBJECTS, Checked, by_present_name, option, options_of, refuse_unknown

__all__ = ["MOST_THREADS", "STYLE_BANK", "STYLE_SIZES", "WHOLE", "OutputConfig", "StylizeConfig", "options_about"]

STYLE_SIZES = (64, 128, 256, 512, 1024)
"""Default sizes in px at which a style is learnt: those of the default run, and the next larger one."""

STYLE_BANK = 16_384
"""Default limit of hypercolumns that a learnt style stores at each size: those of a square picture of 256 px with its
quarter turns."""

WHOLE = 100_000
"""Largest side of a picture in px; as ``tile_size`` it stands for no tiles."""

MOST_THREADS = 1024
"""Threads of the processor that a scale may be painted on."""

_AMOUNT = r"(?i)(\d+(?:\.\d+)?)\s*([KMGT])(i?)B?"


@refuse_unknown
@dataclass(frozen=True)
class StylizeConfig(Checked):
    """All options that the result of a run depends on. Immutable; change it with `overlay` or `dataclasses.replace`.

    Raises:
        ConfigError: an option is unknown (the hint gives the nearest name), of the wrong type, or out of range.
    """

    # Sizes and scales
    effort: str = option(
        "standard",
        "time and care of a run: a draft to choose by, standard, or fine, the best there is; it chooses iterations, "
        "full_scales, "
        "neighbour_rotations and the pass at the end where they are left open",
        "size",
        choices=choices.EFFORTS,
    )
    size: int = option(
        512,
        "size of the finished picture, along its long side",
        "size",
        unit="px",
        low=16,
        high=100_000,
        about=("shape",),
    )
    side: str = option(
        "long",
        "side along which pictures are measured, in size, coarsest and style_scale; area is the root of their number "
        "of pixels, "
        "so that a style of another shape has as many as the canvas",
        "size",
        choices=choices.SIDES,
        about=("content", "learning"),
        without_content="long",
    )
    enlarge: bool = option(
        True,
        "paint at the size asked for even if the content picture is smaller",
        "size",
        about=("content",),
        without_content=True,
    )
    coarsest: int = option(64, "size of the coarsest scale", "size", unit="px", low=16, high=100_000)
    scale_ratio: float = option(2.0, "ratio of one scale to the one below it", "size", low=1.05, high=16)
    scale_count: int = option(
        0, "number of scales; 0 chooses it from the coarsest, 1 paints at one size", "size", low=0, high=64
    )
    full_scales: int | None = option(
        None,
        "scales painted in full where neighbours are matched; finer ones keep the matches and refine; 0 all",
        "size",
        low=0,
        high=64,
    )
    iterations: tuple[int, ...] | None = option(
        None,
        "iterations at each scale, coarse to fine; the last number serves all finer ones",
        "size",
        low=0,
        high=10_000_000,
    )
    split_iterations: int | None = option(
        None, "iterations of a last pass at full size, with neighbour_match layers", "size", low=0, high=10_000_000
    )
    resample: str = option(
        "lanczos", "filter that resizes the pictures", "size", choices=choices.FILTERS, about=("learning",)
    )
    style_scale: tuple[float, ...] = option(
        (1.0,),
        "size of the style pictures, as a ratio of the canvas's: one for all or one for each",
        "size",
        low=0.01,
        high=100,
    )

    wrap: str = option(
        "none",
        "axes along which the finished picture continues over its border, so that copies of it join: x, y or xy",
        "size",
        choices=choices.WRAPS,
        former="tile",
    )

    texture: tuple[int, ...] = option(
        (),
        "height and width of a texture, or the side of a square one: its shape, whose long side is size; none paints "
        "a content",
        "size",
        unit="px",
        low=16,
        high=100_000,
        about=("shape",),
    )

    # Where the canvas starts
    init: str = option(
        "content", "start of the canvas: content, noise, style, pieces of the styles, or a picture file", "start"
    )
    noise: float = option(
        0.25, "standard deviation of a start from noise, around the mean colour of photographs", "start", low=0, high=10
    )
    detail: float | None = option(
        None,
        "share of the content's finest band added when a scale starts",
        "start",
        low=0,
        high=2,
        about=("content",),
        without_content=0.0,
    )

    voting: tuple[float, ...] | None = option(
        None,
        "share of the style's own strokes, voted by the matches, laid down when a scale starts: for each, coarse to "
        "fine; the "
        "last number serves all finer ones",
        "start",
        low=0,
        high=1,
    )
    voting_edges: float | None = option(
        None,
        "strength of the content's edges, to its mean, where only half of the strokes are laid down",
        "start",
        low=0,
        high=10,
        about=("content",),
        without_content=0.0,
    )
    recolor: bool | None = option(
        None,
        "give the content the styles' mean and covariance of colours where the canvas starts and gains detail; with "
        "color style "
        "and content only",
        "start",
        about=("content",),
        without_content=False,
    )

    # Colour
    color: str = option(
        "style",
        "colours of the picture: the style's; the content's, laid over the painting (content), or over one in grey "
        "(luminance); "
        "or a style that has the content's mean and covariance (match) or all of its shades (histogram)",
        "color",
        choices=choices.COLORS,
        about=("content",),
        without_content="style",
    )
    region_color: tuple[str, ...] = option(
        (), "color in each region", "color", choices=choices.COLORS, about=("regions",)
    )
    color_method: str = option(
        "symmetric",
        "how color match moves mean and covariance",
        "color",
        choices=choices.COLOR_METHODS,
        about=("content",),
    )
    color_space: str = option(
        "oklab", "space in which color match moves them", "color", choices=choices.COLOR_SPACES, about=("content",)
    )

    # Network
    backbone: str = option("vgg19", "network that sees", "network", choices=choices.BACKBONES, about=("learning",))
    weights: str | None = option(
        None, "weights id or file; by default the backbone's own", "network", about=("learning",)
    )
    network_input: str = option(
        "own",
        "what the network is given: what its weights want, or RGB in 0..1 (torchvision), RGB in 0..255 less "
        "torchvision's mean, "
        "BGR in 0..255 less Oxford's mean (caffe), or the same in RGB (matconvnet)",
        "network",
        choices=("own", *choices.INPUTS),
        about=("learning",),
    )
    activations: str = option(
        "own",
        "how large the features of the embedded network are: its own, of mean 1, or about as large as those of "
        "Oxford's VGG-19, "
        "for which most published coefficients were found; other networks stay as they are",
        "network",
        choices=("own", "oxford"),
    )
    pooling: str | None = option(
        None, "pooling between the blocks", "network", choices=choices.POOLINGS, about=("learning",)
    )
    padding: str | None = option(
        None,
        "border of the convolutions: zeros, replicate (first convolution only), replicate-all",
        "network",
        choices=choices.PADDINGS,
        about=("learning",),
    )

    # Objective
    strength: float = option(
        0.5,
        "from the content (0, untouched) to the style (1); 0.5 takes all other options as they are",
        "objective",
        low=0,
        high=1,
        about=("content",),
        without_content=0.5,
    )
    objective: str = option(
        "blend", "family of the style loss", "objective", choices=choices.OBJECTIVES, about=("learning",)
    )
    content_weight: float | None = option(
        None, "coefficient of the content loss", "objective", low=0, about=("content",), without_content=0.0
    )
    content_fade: float | None = option(
        None,
        "share of the content's coefficient that each scale leaves to the next finer one: less than 1 holds the "
        "composition and "
        "lets go of the detail",
        "objective",
        low=0,
        high=1,
        about=("content",),
    )
    content_layers: tuple[str, ...] | None = option(None, "layers of the content loss", "objective", about=("content",))
    content_layer_weights: tuple[float, ...] = option(
        (), "relative weight of each content layer; none means equal", "objective", low=0, about=("content",)
    )
    content_loss: str | None = option(
        None,
        "form of the content loss: mean, sum or half-sum of squares, sqrt (half-sum over sqrt(C H W)), relative to "
        "the target",
        "objective",
        choices=choices.CONTENT_LOSSES,
        about=("content",),
    )
    style_weight: float | None = option(
        None, "coefficient of the style loss (of the weighted mean over its layers)", "objective", low=0
    )
    style_layers: tuple[str, ...] | None = option(
        None, "layers of the style loss; 'pixels' is the picture itself", "objective", about=("learning",)
    )
    style_layer_weights: tuple[float, ...] | None = option(
        None, "relative weight of each style layer; none means equal", "objective", low=0
    )
    style_blend: tuple[float, ...] = option(
        (), "relative weight of each style picture; none means equal", "objective", low=0
    )
    style_blocks: tuple[str, ...] = option(
        (),
        "blocks of layers whose statistics come from each style picture, 1 (fine, and the pixels) to 5 (coarse) in "
        "VGG, as in "
        "1-2,3-5; none means all",
        "objective",
    )
    gram_normalization: str = option(
        "positions",
        "what a Gram matrix is divided by: positions (H W), elements (C H W), none",
        "objective",
        choices=choices.GRAM_NORMALIZATIONS,
    )
    style_distance: str | None = option(
        None,
        "comparison of statistics: mean or sum of squares, gatys (sum / 4 C^2), mean-c2 (mean / C^2), relative to "
        "the target",
        "objective",
        choices=choices.STYLE_DISTANCES,
    )
    meanstd_weight: float | None = option(
        None, "mean and standard deviation beside the Gram matrices, relative to them", "objective", low=0
    )
    covariance_epsilon: float = option(
        1e-4, "added to the diagonal of covariances (wasserstein)", "objective", low=0, high=1
    )
    neighbour_weight: float | None = option(
        None, "coefficient of neighbour matching", "objective", low=0, about=("learning",)
    )
    neighbour_layers: tuple[str, ...] | None = option(
        None, "layers stacked into hypercolumns", "objective", about=("learning",)
    )
    neighbour_mix: float | None = option(
        None,
        "what the search sees: 0 the content, 1 the canvas",
        "objective",
        low=0,
        high=1,
        about=("content",),
        without_content=1.0,
    )
    neighbour_sees: str = option(
        "features",
        "what is mixed for the search: the features of content and canvas, or the two pictures, the canvas with the "
        "content's "
        "finest band",
        "objective",
        choices=("features", "pictures"),
        about=("content",),
        without_content="features",
    )
    neighbour_match: str = option(
        "hypercolumns",
        "what is matched: all layers together, or each of the layers by itself, at its own resolution and anew at "
        "every step",
        "objective",
        choices=("hypercolumns", "layers"),
    )
    neighbour_refresh: int | None = option(None, "iterations between two searches", "objective", low=1)
    neighbour_rotations: int | None = option(
        None, "quarter turns of the style that are searched", "objective", low=1, high=4, about=("learning",)
    )
    neighbour_coherence: float = option(
        0.15,
        "how much nearer a match must be, in cosine, than one that continues a neighbour's; 0 matches each place by "
        "itself",
        "objective",
        low=0,
        high=2,
    )
    neighbour_border: float = option(
        0.03,
        "share of the style's long side, at each of its edges, that is not matched: frames and worn edges",
        "objective",
        low=0,
        high=0.4,
        about=("learning",),
    )
    neighbour_bank: int = option(32_768, "style positions searched at most; more are sampled", "objective", low=16)
    region_strength: tuple[float, ...] = option(
        (), "strength in each region of a picture with masks", "objective", low=0, high=1, about=("regions",)
    )
    region_style_weight: tuple[float, ...] = option(
        (), "style_weight in each region", "objective", low=0, about=("regions",)
    )
    region_content_weight: tuple[float, ...] = option(
        (), "content_weight in each region", "objective", low=0, about=("regions",)
    )
    feather: float = option(
        0.015,
        "width over which the edges of masks are softened, as a share of the long side",
        "objective",
        low=0,
        high=1,
        about=("regions",),
    )
    tv_weight: float | None = option(None, "coefficient of total variation", "objective", low=0)
    tv_loss: str = option(
        "l1-sum",
        "form of total variation",
        "objective",
        choices=choices.TV_LOSSES,
    )

    # Solver
    optimizer: str | None = option(None, "solver", "solver", choices=choices.OPTIMIZERS)
    step_size: float | None = option(None, "learning rate, in units of the variable", "solver", low=1e-9, high=1e6)
    cooling: float | None = option(
        None,
        "share of the step size that is left at the end of a scale, reached along a cosine",
        "solver",
        low=0,
        high=1,
    )
    variable: str | None = option(
        None,
        "what the solver moves: pixels in 0..1, pixels in 0..255, or the bands of a Laplacian pyramid",
        "solver",
        choices=choices.VARIABLES,
    )
    beta1: float | None = option(None, "decay of Adam's first moment", "solver", low=0, high=0.999999)
    beta2: float | None = option(None, "decay of Adam's second moment", "solver", low=0, high=0.999999)
    epsilon: float = option(1e-8, "added to Adam's denominator", "solver", low=0, high=10)
    epsilon_hat: bool = option(
        False, "add epsilon before the second moment's bias is corrected, as Keras does", "solver"
    )
    history: int = option(100, "pairs that L-BFGS remembers", "solver", low=1, high=10_000)
    line_search: str = option("none", "line search of L-BFGS", "solver", choices=("none", "strong-wolfe"))
    average: float = option(
        0.0, "decay of the average over iterates that is returned; 0 returns the last", "solver", low=0, high=0.999999
    )
    carry: bool = option(False, "carry the solver's moments from one scale to the next", "solver")
    clamp: bool = option(False, "keep the canvas in 0..1 after every step", "solver")
    best: bool = option(False, "return the canvas of the lowest loss at the last scale, not the last one", "solver")
    plateau: float = option(
        0.0,
        "end a scale when a quarter of its iterations, at most 50, improve the loss by less than this share; 0 never",
        "solver",
        low=0,
        high=1,
    )

    # Run
    seed: int = option(0, "seed of everything random", "run", low=0, high=2**63 - 1)
    device: str = option("auto", "where to compute", "run", choices=("auto", *choices.DEVICES), about=("learning",))
    precision: str = option(
        "auto",
        "number format of the network; mixed is bfloat16 with the last quarter of a scale's iterations in float32; "
        "auto takes "
        "bfloat16 where the processor multiplies it and a trial finds that faster, and mixed for L-BFGS there",
        "run",
        choices=("auto", *choices.NUMBER_FORMATS),
        about=("learning",),
    )
    threads: tuple[int, ...] = option(
        (),
        "threads of the processor at each scale, coarse to fine; the last number serves all finer ones; none takes one "
        "for small canvases, and for others as many as PyTorch has",
        "run",
        low=1,
        high=MOST_THREADS,
    )
    memory: str = option(
        "auto",
        "memory that a run may take, as in 4GB; auto takes up to 4 GB, and more where less would not do",
        "run",
        unit="amount",
    )
    tile_size: int = option(
        0,
        "side of the tiles in which larger pictures are evaluated, with the same result; 0 chooses it by the memory",
        "run",
        unit="px",
        low=0,
        high=WHOLE,
    )
    content_targets: str = option(
        "keep",
        "in tiles, keep what the content's features should stay, or compute it anew for each tile: less memory, more "
        "time",
        "run",
        choices=("keep", "recompute"),
        about=("content",),
    )

    def _check_together(self) -> None:
        if len(self.texture) > 2:
            raise ConfigError(f"texture has {len(self.texture)} sides", "give its height and its width")
        for name in ("iterations", "voting", "style_scale"):
            if getattr(self, name) == ():
                raise ConfigError(f"{name} is empty", "give at least one number")
        for kind in ("style", "content", "neighbour"):
            if getattr(self, f"{kind}_layers") == () and getattr(self, f"{kind}_weight"):
                raise ConfigError(f"{kind}_layers is empty", f"name a layer, or give a {kind}_weight of 0")
        for kind in ("style", "content"):
            layers, weights = getattr(self, f"{kind}_layers"), getattr(self, f"{kind}_layer_weights")
            if layers and weights and len(layers) != len(weights):
                raise ConfigError(
                    f"{len(weights)} {kind}_layer_weights for {len(layers)} {kind}_layers",
                    "give one weight for each layer, or none",
                )
        if self.style_distance in choices.GRAM_DISTANCES and self.objective != "gram":
            raise ConfigError(
                f"style_distance {self.style_distance} is of Gram matrices only", "give relative, mean or sum"
            )
        for blocks in self.style_blocks:
            span = re.fullmatch("([1-9][0-9]?)(?:-([1-9][0-9]?))?", blocks)
            if not span or int(span[1]) > int(span[2] or span[1]):  # how many there are, the network says
                raise ConfigError(
                    f"style_blocks holds {blocks!r}", "give blocks from 1, as in 1-2 or 3, one entry for each style"
                )
        if self.memory != "auto" and not re.fullmatch(_AMOUNT, self.memory):
            raise ConfigError(f"memory is {self.memory!r}", "it takes auto, or an amount as in 4GB, 500MB or 3.5GiB")
        for name in ("style_layer_weights", "content_layer_weights", "style_blend"):
            values = getattr(self, name)
            if values and not sum(values) > 0:
                raise ConfigError(f"{name} are all zero", "give at least one a positive value")

    @property
    def memory_bytes(self) -> int | None:
        """The option ``memory`` in bytes; None for auto. A GB is 10^9 bytes, a GiB 2^30."""
        amount = re.fullmatch(_AMOUNT, self.memory)
        if amount is None:
            return None
        return int(float(amount[1]) * (1024 if amount[3] else 1000) ** (1 + "KMGT".index(amount[2].upper())))

    @property
    def scales(self) -> Scales:
        """The group of sizes and iterations, resolved."""
        return concern_of(Scales, self.resolve())

    @property
    def matching(self) -> Matching:
        """The group of neighbour matching, resolved."""
        return concern_of(Matching, self.resolve())

    @property
    def solver(self) -> SolverOptions:
        """The group of the solver, resolved."""
        return concern_of(SolverOptions, self.resolve())

    def overlay(self, changes: Mapping[str, Any]) -> StylizeConfig:
        """This config with some options changed.

        If the backbone changes, its weights, input and padding are reset to the defaults, unless they are given.

        Args:
            changes: values by name of the option.

        Returns:
            The changed config.

        Raises:
            ConfigError: an option is unknown (the hint gives the nearest name), of the wrong type, or out of range.
        """
        own = OF_THE_BACKBONE if changes.get("backbone", self.backbone) != self.backbone else {}
        return self.changed({**own, **by_present_name(StylizeConfig, changes)})

    def of_texture(self, height: int, width: int, changes: Mapping[str, Any]) -> StylizeConfig:
        """This config for a texture: options that concern the content are reset.

        If ``init`` is the content, a texture starts from pieces of the styles if neighbours are matched, and from noise
        otherwise.

        Args:
            height: of the texture in px.
            width: of the texture in px.
            changes: options on top, by name.

        Returns:
            The config of the texture.

        Raises:
            ConfigError: one of the changes concerns the content.
        """
        of_content = options_about("content")
        for name, value in changes.items():
            if name in of_content or (name, value) == ("init", "content"):
                raise ConfigError(f"{name} speaks of the content, and a texture has none", "leave it out")
        changed = self.overlay(changes)
        start = "pieces" if changed.resolve().neighbour_weight else "noise"
        init = start if changed.init == "content" else changed.init
        shape = {"texture": (height, width), "size": max(height, width), "init": init}
        known = ((name, option.without_content) for name, (_, _, option) in options_of(self).items())
        return changed.overlay({**{name: value for name, value in known if value is not None}, **shape})

    def resolve(self) -> StylizeConfig:
        """This config with each ``None`` replaced by the default for its objective, backbone and effort.

        Returns:
            The resolved config; this one if it is resolved already.
        """
        if None not in vars(self).values():
            return self
        chosen = defaults_of(self.objective, self.backbone, self.effort)
        if self.optimizer == "lbfgs":
            chosen |= {"step_size": 1.0, "cooling": 1.0}  # the other defaults are for Adam
        if self.style_layers is not None:
            chosen["style_layer_weights"] = ()  # the default ones are for the default layers
        return self.overlay({k: v for k, v in chosen.items() if getattr(self, k) is None})


@refuse_unknown
@dataclass(frozen=True)
class OutputConfig(Checked):
    """Options of the output. The result of a run does not depend on them.

    Raises:
        ConfigError: an option is unknown (the hint gives the nearest name), of the wrong type, or out of range.
    """

    quality: int = option(95, "quality of JPEG and WebP", "output", low=1, high=100)
    bits: int = option(8, "bits a channel of PNG and TIFF: 8 or 16", "output", low=8, high=16, about=("one picture",))
    record: str | None = option(
        None, "write the run record to this JSON file as well", "output", about=("one run", "one picture")
    )
    save_every: int = option(
        0,
        "write the picture every so many iterations; 0 only at the end",
        "output",
        unit="iterations",
        low=0,
        about=("one run", "one picture"),
    )
    checkpoint: int = option(
        60,
        "write a checkpoint every so many seconds, from which impasto resume goes on, and when a signal stops the "
        "run; 0 never",
        "output",
        unit="seconds",
        low=0,
    )
    checkpoint_file: str | None = option(
        None,
        "the file of the checkpoint; by default the picture's name with .checkpoint after it",
        "output",
        about=("one run",),
    )
    quiet: bool = option(False, "print errors only", "output", about=("learning",))

    def _check_together(self) -> None:
        if self.bits not in (8, 16):
            raise ConfigError(f"bits is {self.bits}", "give 8 or 16")


def options_about(*subjects: str) -> frozenset[str]:
    """Names of all options that are about one of some subjects.

    Args:
        subjects: words of `SUBJECTS`.

    Returns:
        The names.

    Raises:
        ValueError: a word is not in `SUBJECTS`.
    """
    if odd := {*subjects} - {*SUBJECTS}:
        raise ValueError(f"{', '.join(sorted(odd))}: none of {', '.join(SUBJECTS)}")
    known = {**options_of(StylizeConfig), **options_of(OutputConfig)}
    return frozenset(name for name, (_, _, option) in known.items() if not {*subjects}.isdisjoint(option.about))
