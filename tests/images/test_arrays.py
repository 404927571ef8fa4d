from __future__ import annotations

import numpy as np
import pytest
import torch

from impasto.errors import OutputError, PictureError
from impasto.images.arrays import array_of_tensor, quantize, split_alpha, tensors_of_array


@pytest.mark.parametrize(("dtype", "peak"), [(np.uint8, 255), (np.uint16, 65535), (np.dtype(">u2"), 65535)])
def test_whole_numbers_are_divided_exactly(dtype: type, peak: int) -> None:
    values = np.arange(peak + 1).astype(dtype).reshape(1, -1)
    pixels, alpha = tensors_of_array(values, "it")
    assert alpha is None
    assert pixels.shape == (1, 3, 1, peak + 1)
    assert torch.equal(pixels[0, 1, 0], torch.from_numpy((np.arange(peak + 1) / peak).astype(np.float32)))


@pytest.mark.parametrize("bits", [8, 16])
def test_every_value_survives_the_way_out_and_back(bits: int) -> None:
    values = np.arange(1 << bits).astype(f"u{bits // 8}").reshape(1, -1, 1).repeat(3, axis=2)
    pixels, _ = tensors_of_array(values, "it")
    assert np.array_equal(quantize(pixels, None, bits), values)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_alpha_is_the_last_of_an_even_number_of_channels(channels: int) -> None:
    array = np.random.default_rng(0).random((2, 3, channels)).astype(np.float32)
    pixels, alpha = tensors_of_array(array, "it")
    assert np.array_equal(pixels[0, 0].numpy(), array[..., 0])
    assert np.array_equal(pixels[0, 2].numpy(), array[..., 2 if channels > 2 else 0])
    assert (alpha is not None) == (channels % 2 == 0)
    if alpha is not None:
        assert np.array_equal(alpha[0, 0].numpy(), array[..., -1])
        assert np.array_equal(split_alpha(array)[1][..., 0], array[..., -1])


def test_the_array_is_copied_and_may_be_read_only_and_reversed() -> None:
    array = np.random.default_rng(0).random((2, 3, 3)).astype(np.float32)
    before = array.copy()
    array.flags.writeable = False
    pixels, _ = tensors_of_array(array[::-1], "it")
    pixels.zero_()
    assert np.array_equal(array, before)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_of_every_precision(dtype: type) -> None:
    pixels, _ = tensors_of_array(np.array([[0.25, 1.0005]], dtype), "it")  # a rounding step too far is forgiven
    assert pixels.dtype == torch.float32
    assert pixels[0, 0].tolist() == [[0.25, 1.0]]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.full((2, 2, 3), np.nan), "NaN or infinite"),
        (np.full((2, 2), np.inf, np.float32), "NaN or infinite"),
        (np.full((2, 2, 3), 200.0), "divide them by 255"),
        (np.full((2, 2, 3), -1.0), "from -1 to -1; floats have to lie"),
        (np.full((2, 2, 3), 1.5), r"floats have to lie in \[0, 1\]"),
        (np.full((2, 2, 3), 3e4), r"floats have to lie in \[0, 1\]"),
        (np.zeros((2, 2, 3), int), "int64 values; give uint8"),
        (np.zeros((2, 2), bool), "bool values"),
        (np.zeros((2, 2, 3), np.uint32), "uint32 values"),
        (np.zeros((2, 2, 3), complex), "complex128 values"),
        (np.zeros((2, 2), object), "object values"),
        (np.zeros((0, 5, 3), np.uint8), "no pixels"),
        (np.zeros((4, 0), np.uint8), "no pixels"),
        (np.zeros((4, 4, 0), np.uint8), "no pixels"),
        (np.zeros(7, np.uint8), r"shape \(7,\); give"),
        (np.zeros((1, 2, 2, 3), np.uint8), "give"),
        (np.zeros((3, 8, 9), np.uint8), "move the channels to the end"),
        (np.zeros((8, 9, 5), np.uint8), "give 3 channels"),
    ],
)
def test_arrays_that_are_no_pictures(array: np.ndarray, message: str) -> None:
    with pytest.raises(PictureError, match=message) as caught:
        tensors_of_array(array, "the style")
    assert "the style" in caught.value.message
    assert caught.value.hint


def test_alpha_is_checked_too() -> None:
    array = np.full((2, 2, 4), 0.5)
    array[0, 0, 3] = np.nan
    with pytest.raises(PictureError, match="it holds NaN"):
        tensors_of_array(array, "it")


@pytest.mark.parametrize("shape", [(3, 4, 5), (1, 3, 4, 5), (1, 4, 5), (4, 4, 5)])
def test_tensors_become_arrays(shape: tuple[int, ...]) -> None:
    tensor = torch.rand(shape, requires_grad=True)
    assert np.array_equal(array_of_tensor(tensor, "it"), tensor.detach().reshape(-1, 4, 5).permute(1, 2, 0).numpy())


def test_bfloat16_tensors() -> None:
    assert array_of_tensor(torch.full((3, 1, 1), 0.5, dtype=torch.bfloat16), "it").dtype == np.float32


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (6, 5, 3), (4, 5), (1, 2, 4, 5), (5,)])
def test_tensors_of_other_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(PictureError, match=r"it is a tensor of shape .* give \(3, H, W\)"):
        array_of_tensor(torch.zeros(shape), "it")


def test_quantize_rounds_and_clamps() -> None:
    levels = torch.tensor([-0.5, 0.0, 0.499 / 255, 0.501 / 255, 1.499 / 255, 254.6 / 255, 1.0, 7.0])
    pixels = levels.view(1, 1, 1, -1).expand(1, 3, 1, -1)
    assert quantize(pixels, None, 8)[0, :, 0].tolist() == [0, 0, 0, 1, 1, 255, 255, 255]


def test_quantize_takes_other_precisions_and_leaves_the_tensor_alone() -> None:
    pixels = torch.full((1, 3, 2, 2), 2.0, dtype=torch.float64, requires_grad=True)
    assert (quantize(pixels, torch.ones(1, 1, 2, 2), 16) == 65535).all()
    assert (pixels == 2).all()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("channel", [0, 3])
def test_quantize_refuses_what_is_no_number(value: float, channel: int) -> None:
    planes = torch.zeros(1, 4, 2, 2)
    planes[0, channel, 1, 1] = value
    with pytest.raises(OutputError, match="not numbers"):
        quantize(planes[:, :3], planes[:, 3:], 8)


@pytest.mark.parametrize("shape", [(3, 2, 2), (1, 4, 2, 2), (2, 3, 2, 2), (1, 3, 0, 2)])
def test_quantize_refuses_other_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(OutputError, match=r"give \(1, 3, H, W\)"):
        quantize(torch.zeros(shape), None, 8)


def test_quantize_refuses_alpha_of_another_size() -> None:
    with pytest.raises(OutputError, match=r"give \(1, 1, 2, 4\)"):
        quantize(torch.zeros(1, 3, 2, 4), torch.zeros(1, 1, 4, 2), 8)
