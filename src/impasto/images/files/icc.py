"""Colour profiles: whatever a picture is encoded in becomes sRGB; 8-bit pictures by LittleCMS, deeper ones in float."""

from __future__ import annotations

import functools
import io
import struct
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageCms

from ..arrays import Array, split_alpha
from ..color.spaces import encode_srgb

__all__ = ["array_to_srgb", "image_to_srgb", "srgb_profile"]

_GREY_MODES = ("1", "L", "LA")
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC


@functools.cache
def srgb_profile() -> bytes:
    """The ICC profile that saved pictures carry. Its date is fixed, so that equal pictures are equal files."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    return bytes(profile)


def image_to_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """An 8-bit picture as sRGB, mode RGB, or RGBA where it has transparency.

    A profile that is damaged or of another colour space than the pixels is ignored. One that changes nothing by more
    than a rounding step counts as sRGB: the pixels stay as they are.
    """
    mode = "RGBA" if image.has_transparency_data else "RGB"
    transform = _transform(image.mode, icc) if icc else None
    if transform is None:
        return image.convert(mode)
    converted = transform.apply(image.convert(transform.input_mode))
    if mode == "RGBA":
        converted.putalpha(image.convert("RGBA").getchannel("A"))
    return converted


def array_to_srgb(array: Array, icc: bytes | None) -> Array:
    """Pixels ``(H, W, 1 to 4)``, uint16 or float32, as sRGB with all their precision.

    Profiles made of curves and a matrix (all common working spaces) are computed here, because LittleCMS is only
    reachable with 8 bits from Pillow; for other kinds those 8 bits have to do.
    """
    colors, alpha = split_alpha(array)
    mode = "L" if colors.shape[2] == 1 else "RGB"
    transform = _transform(mode, icc) if icc else None
    if icc is None or transform is None:
        return array
    colors, alpha = _as_float(colors), _as_float(alpha)
    try:
        converted = _through_matrix(colors, icc)
    except (LookupError, ValueError, ArithmeticError, struct.error):
        eight = np.rint(colors * 255).clip(0, 255).astype(np.uint8)
        converted = np.asarray(transform.apply(Image.fromarray(eight[..., 0] if mode == "L" else eight))) / np.float32(
            255
        )
    return np.concatenate([converted, alpha], axis=2, dtype=np.float32)


def _as_float(values: Array) -> Array:
    return values if values.dtype.kind == "f" else values.astype(np.float32) / np.float32(np.iinfo(values.dtype).max)


def _transform(mode: str, icc: bytes) -> ImageCms.ImageCmsTransform | None:
    """The transform to sRGB of pixels in ``mode``, or None where there is nothing to do, or nothing that can be
    done."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        space = profile.profile.xcolor_space.strip()
        source = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}[space]
        target = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
        transform = ImageCms.ImageCmsTransform(profile, target, source, "RGB", _INTENT, flags=_FLAGS)
    except (OSError, KeyError, ValueError, TypeError):
        return None
    if (source == "CMYK") != (mode == "CMYK") or (source == "L" and mode not in _GREY_MODES):
        return None
    return None if source != "CMYK" and _changes_nothing(transform) else transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, steps.size, 3)
    probe = Image.fromarray(grid[..., 0] if transform.input_mode == "L" else grid)
    before, after = np.asarray(probe.convert("RGB"), int), np.asarray(transform.apply(probe), int)
    return int(np.abs(before - after).max()) <= 1


def _through_matrix(colors: Array, icc: bytes) -> Array:
    """Colours ``(H, W, 1 or 3)`` in [0, 1] by the curves and matrix of a profile to sRGB, as ICC.1:2022 annex F has it.

    Raises:
        LookupError: the profile is not of this kind.
    """
    tags = _tags(icc)
    if "A2B0" in tags:  # a table, which then overrules the matrix
        raise KeyError("A2B0")
    if colors.shape[2] == 1:
        linear = _curve(tags["kTRC"])(colors)
    else:
        bands = [_curve(tags[f"{band}TRC"])(colors[..., i]) for i, band in enumerate("rgb")]
        matrix = np.linalg.solve(_colorants(_tags(srgb_profile())), _colorants(tags))
        linear = np.stack(bands, axis=2) @ matrix.T.astype(np.float32)
    encoded = encode_srgb(linear.clip(0, 1)).astype(np.float32)
    return np.broadcast_to(encoded, (*colors.shape[:2], 3))


def _tags(icc: bytes) -> dict[str, bytes]:
    (count,) = struct.unpack_from(">I", icc, 128)
    entries = (struct.unpack_from(">4sII", icc, 132 + 12 * i) for i in range(min(count, 100)))
    return {name.decode("latin-1"): icc[start : start + size] for name, start, size in entries}


def _colorants(tags: dict[str, bytes]) -> Array:
    """The XYZ (D50) of red, green and blue, in columns."""
    return np.array([struct.unpack_from(">3i", tags[f"{band}XYZ"], 8) for band in "rgb"]).T / 65536


def _curve(tag: bytes) -> Callable[[Array], Array]:
    """The function from encoded to linear values that a ``curv`` or ``para`` tag describes; a KeyError for other
    kinds."""
    return {b"curv": _sampled_curve, b"para": _parametric_curve}[tag[:4]](tag)


def _sampled_curve(tag: bytes) -> Callable[[Array], Array]:
    (count,) = struct.unpack_from(">I", tag, 8)
    table = np.array(struct.unpack_from(f">{count}H", tag, 12))
    if count < 2:  # nothing: linear; one number: a power in 256ths
        return _power(table[0] / 256 if count else 1.0)
    return lambda x: np.interp(x, np.linspace(0, 1, count), table / 65535).astype(np.float32)


def _parametric_curve(tag: bytes) -> Callable[[Array], Array]:
    (kind,) = struct.unpack_from(">H", tag, 8)
    p = [n / 65536 for n in struct.unpack_from(f">{(1, 3, 4, 5, 7)[kind]}i", tag, 12)]
    if kind == 0:
        return _power(p[0])
    gamma, a, b = p[:3]
    c, d = (p[3], p[4]) if kind > 2 else (0.0, -b / a)
    e, f = {2: (p[-1], p[-1]), 4: (p[-2], p[-1])}.get(kind, (0.0, 0.0))
    return lambda x: np.where(x >= d, np.maximum(a * x + b, 0) ** gamma + e, c * x + f).astype(np.float32)


def _power(gamma: float) -> Callable[[Array], Array]:
    return lambda x: np.asarray(x, np.float32) ** np.float32(gamma)
