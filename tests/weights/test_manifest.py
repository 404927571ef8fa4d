"""The manifest says what recipes and files say."""

from __future__ import annotations

import hashlib

import pytest

from impasto.errors import WeightsError
from impasto.weights.formats import read_weights
from impasto.weights.manifest import NORMALIZATIONS, WEIGHTS, Normalization, find_record


def test_the_embedded_weights_are_the_ones_of_manifest_and_card() -> None:
    record = find_record("compact")
    digest = hashlib.sha256(record.packaged.read_bytes()).hexdigest()
    assert record.hash == f"sha256:{digest}"
    assert digest in record.packaged.with_suffix(".md").read_text()


def test_the_embedded_weights_say_what_the_manifest_says() -> None:
    record, weights = find_record("compact"), read_weights(find_record("compact").packaged)
    assert weights.normalization == record.normalization
    assert weights.metadata["licence"] == record.licence
    assert [weights.convolutions[f"conv{b}_1"][0].shape[0] for b in range(1, 6)] == [32, 64, 128, 192, 192]


@pytest.mark.parametrize("id", [id for id in WEIGHTS if not WEIGHTS[id].package])
def test_downloads_are_addressed_by_https_and_named_after_the_file(id: str) -> None:
    record = WEIGHTS[id]
    assert record.id == id
    assert record.url.startswith("https://")
    assert record.url.endswith("/" + record.file)
    assert record.packaged is None


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(WeightsError, match=r"^no weights are called 'vgg19\.oxfrod'; did you mean 'vgg19\.oxford'\?$"):
        find_record("vgg19.oxfrod")


@pytest.mark.parametrize("normalization", NORMALIZATIONS.values())
def test_normalization_survives_as_text(normalization: Normalization) -> None:
    assert Normalization.from_text(normalization.to_text()) == normalization
