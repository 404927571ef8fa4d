"""Features equal those of keras.applications.VGG19, from a file Keras wrote, preprocessing included."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from impasto.backbones import VGG
from impasto.weights.formats import read_weights

os.environ["KERAS_BACKEND"] = "torch"


@pytest.fixture(scope="module")
def model() -> Any:
    """VGG-19 with seeded random kernels and biases (Keras starts biases at zero, which would prove nothing of them)."""
    import keras

    keras.utils.set_random_seed(7)
    model = keras.applications.VGG19(weights=None, include_top=False)
    generator = np.random.default_rng(7)
    for layer in model.layers:
        if layer.weights:
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel, generator.normal(size=bias.shape)])
    return model


@pytest.fixture(scope="module")
def files(model: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    import h5py
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    folder = tmp_path_factory.mktemp("keras")
    with h5py.File(folder / "notop.h5", "w") as file:
        save_weights_to_hdf5_group(file, model)
    model.save_weights(folder / "vgg19.weights.h5")
    return {"keras": folder / "notop.h5", "keras-3": folder / "vgg19.weights.h5"}


def every_layer(model: Any, pooling: str) -> Any:
    """The model with the sixteen convolutions as outputs, its pooling replaced."""
    import keras

    def replaced(layer: Any) -> Any:
        if pooling == "avg" and isinstance(layer, keras.layers.MaxPooling2D):
            return keras.layers.AveragePooling2D(layer.pool_size, layer.strides, name=layer.name)
        return layer.__class__.from_config(layer.get_config())

    copy = keras.models.clone_model(model, clone_function=replaced)
    copy.set_weights(model.get_weights())
    return keras.Model(copy.input, {layer.name: layer.output for layer in copy.layers if "_conv" in layer.name})


@pytest.mark.parametrize(("format", "pooling"), [("keras", "max"), ("keras", "avg"), ("keras-3", "max")])
def test_every_layer_equals_keras(format: str, pooling: str, model: Any, files: dict[str, Path]) -> None:
    import keras

    reference, weights = every_layer(model, pooling), read_weights(files[format])
    assert weights.format == format
    backbone = VGG(weights, pooling=pooling)
    for height, width in ((16, 16), (37, 50), (64, 33)):
        picture = np.random.default_rng(height).integers(0, 256, (1, height, width, 3)).astype(np.float32)
        expected = reference(keras.applications.vgg19.preprocess_input(picture.copy()))
        got = backbone(torch.from_numpy(picture / 255).permute(0, 3, 1, 2), expected)
        assert len(got) == 16
        for name, theirs in expected.items():
            ours, theirs = got[name].permute(0, 2, 3, 1), theirs.detach().cpu()
            assert theirs.abs().max() > 0
            assert (ours - theirs).norm() <= 1e-4 * theirs.norm()
            assert (ours - theirs).abs().max() <= 1e-4 * theirs.abs().max()
