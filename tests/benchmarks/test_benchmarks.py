"""The arithmetic of the benchmark of the embedded network, on cases whose answer is known."""

from __future__ import annotations

import itertools

import content_probe
import iteration
import numpy as np
import pytest
import torch
from channels import ChannelCounts, channel_report, count_channels, entropy
from content_probe import EVERY, Accuracy, accuracy, fit, numbered, probe
from network import mean_report, rounded
from pictures import middle
from plain_loop import PlainLoop
from quantization import errors_of, imitated
from random_network import he_normal, random_like, unit_means
from receptive_field import measure_fields
from style_retrieval import (
    all_crops,
    hellinger,
    histograms,
    log_euclidean,
    mean_average_precision,
    retrieve,
    second_moment,
    two_crops,
)
from time_to_loss import reached

from impasto.backbones import VGG
from impasto.backbones.compact import compact
from impasto.config.options import StylizeConfig
from impasto.objective.build import build_objective
from impasto.styles import learn
from impasto.weights.network import NetworkWeights
from synthetic import picture, random_weights
from training import network as trained
from training import pictures as trained_on

NARROW = random_weights((3, 4, 5, 6, 7))


def numbered_pixels(height: int, width: int) -> np.ndarray:
    """Every pixel is different from every other."""
    return np.arange(height * width * 3, dtype=np.int64).reshape(height, width, 3)


@pytest.mark.parametrize("shape", [(128, 128), (64, 200), (300, 64)])
def test_two_crops_share_no_pixel(shape):
    rng = np.random.default_rng(0)
    for _ in range(20):
        first, second = two_crops(numbered_pixels(*shape), rng)
        assert first.shape == second.shape == (64, 64, 3)
        assert not np.intersect1d(first, second).size


def test_the_same_seed_cuts_the_same_crops():
    pictures = [np.random.default_rng(n).integers(0, 256, (90, 140, 3), np.uint8) for n in range(3)]
    assert torch.equal(all_crops(pictures), all_crops(pictures))
    assert not torch.equal(all_crops(pictures), all_crops(pictures, seed=1))
    assert all_crops(pictures).shape == (6, 3, 64, 64)


def test_average_precision_is_one_over_the_rank_of_the_twin():
    # Crops 0 and 2 are twins, 1 and 3 are. Crop 0 finds its twin first, 1 last of three, 2 second, 3 first.
    distances = torch.tensor([[0.0, 5, 1, 6], [1, 0, 2, 3], [4, 3, 0, 5], [8, 7, 9, 0]])
    assert mean_average_precision(distances) == pytest.approx((1 + 1 / 3 + 1 / 2 + 1) / 4)


def test_a_distance_that_tells_nothing_apart_scores_as_the_worst():
    assert mean_average_precision(torch.ones(6, 6)) == pytest.approx(1 / 5)


def test_a_histogram_counts_every_pixel_in_its_bin():
    crops = torch.zeros(2, 3, 2, 2, dtype=torch.uint8)
    crops[1, 0] = 255
    crops[1, 2, 0, 0] = 32
    shares = histograms(crops)
    assert shares.shape == (2, 512)
    assert shares[0, 0] == 1
    assert shares[1, 7 * 64] == 0.75
    assert shares[1, 7 * 64 + 1] == 0.25


def test_hellinger_is_one_where_nothing_is_shared():
    shares = torch.tensor([[1.0, 0, 0], [0, 0.5, 0.5], [0.5, 0.5, 0]])
    expected = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    assert torch.allclose(hellinger(shares)[:2, :2], expected, atol=1e-3)
    assert hellinger(shares)[0, 2] == pytest.approx((1 - 0.5**0.5) ** 0.5, abs=1e-3)


def test_the_second_moment_holds_mean_and_gram():
    features = torch.tensor([[[[1.0, 3.0]], [[0.0, 2.0]]]])
    assert torch.allclose(second_moment(features), torch.tensor([[5.0, 3.0, 2.0], [3.0, 2.0, 1.0], [2.0, 1.0, 1.0]]))


def test_the_log_euclidean_distance_of_diagonal_matrices():
    moments = torch.stack([torch.diag(torch.tensor([1.0, 3.0, 1.0])), torch.diag(torch.tensor([3.0, 1.0, 1.0]))])
    # The mean energy is 2: the two diagonals are 0.5 and 1.5, and a hundredth is added to both.
    expected = 2**0.5 * np.log(1.51 / 0.51)
    assert log_euclidean(moments)[0, 1] == pytest.approx(expected, rel=1e-3)


def test_the_distance_does_not_care_about_the_scale_of_a_layer():
    features = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    one, two = (log_euclidean(torch.stack([second_moment(scale * f[None]) for f in features])) for scale in (1.0, 7.0))
    assert torch.allclose(one, two, atol=1e-3)
    assert one[0, 1] > 0.1


def test_crops_that_look_the_same_find_each_other():
    crops = torch.cat([picture(64, 64, seed=n) for n in range(4)]).mul(255).to(torch.uint8)
    found = retrieve(compact(NARROW), torch.cat([crops, crops.flip(3)]), ["relu1_1", "relu2_1"])
    assert found["map"] == 1
    assert set(found["layers"]) == {"relu1_1", "relu2_1"}


def test_the_probe_separates_what_is_separable():
    labels = torch.arange(50) % 2
    noise = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    found = probe(6.0 * labels[:, None] + noise, labels)
    assert (found["top1"], found["class_mean"]) == (1, 1)
    assert probe(noise, labels)["top1"] < 0.9


def test_a_fitted_probe_does_not_care_about_the_unit_of_a_feature():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 3
    features = torch.randn(60, 4, generator=generator).double() + labels[:, None]
    decay = 1e-2
    one, two = (fit(x, labels, 3, decay).scores(x) for x in (features, features * torch.tensor([1.0, 10, 0.1, 3])))
    # A loss that curves by the decay at least is SLOPE / decay from its minimum in each number that is fitted. A score
    # is made of four of them, times inputs of some 3 at most, and a bias, along which the loss does not curve: all
    # biases may move together.
    away = 2 * (4 * 3) * content_probe.SLOPE / decay
    one, two = (scores - scores.mean(1, keepdim=True) for scores in (one, two))
    assert torch.allclose(one, two, rtol=0, atol=away)


def test_accuracy_over_pictures_and_over_classes():
    scores = torch.eye(4)[[0, 0, 0, 1]]
    found = accuracy(scores, torch.tensor([0, 0, 0, 2]))
    assert found == Accuracy(0.75, 0.5)


def test_labels_are_numbered_in_their_order():
    assert numbered(["b", "a", "c", "a"]).tolist() == [1, 0, 2, 0]


def test_dead_and_rare_channels_are_counted():
    features = torch.zeros(2, 4, 40, 50)  # 4,000 positions
    features[:, 0] = 4.0
    features[0, 1, 0, :4] = 1.0  # a thousandth of the positions
    features[0, 2, 0, :3] = 1.0  # less
    features[0, 3] = 1e-4  # everywhere in one picture, but a thousandth of the mean is 1e-3
    counts = ChannelCounts()
    for one in features:
        counts.add(one[None])
    assert counts.dead.tolist() == [False, False, False, True]
    assert counts.rare.tolist() == [False, False, True, True]
    live = ChannelCounts()
    live.add(torch.ones(1, 12, 2, 2))
    report = channel_report({"relu1_1": live, "relu1_2": counts}, "relu1_1")
    assert (report["dead"], report["rare"]) == (1 / 16, 2 / 16)
    assert (report["dead_in_use"], report["rare_in_use"]) == (0, 0)


def test_the_entropy_of_energies():
    assert entropy(torch.tensor([[1.0, 1, 1, 1], [0, 3, 0, 0], [2, 2, 0, 0]])).tolist() == pytest.approx([1, 0, 0.5])


def test_channels_of_every_layer_are_counted():
    crops = picture(32, 32).mul(255).to(torch.uint8)
    counts = count_channels(compact(NARROW), crops)
    assert [len(count.highest) for count in counts.values()] == [3, 3, 4, 4, *[5] * 4, *[6] * 4, *[7] * 4]
    assert counts["relu5_4"].positions == 4


def test_a_random_network_has_mean_activation_one():
    pictures = torch.cat([picture(32, 32, seed=n) for n in range(3)])
    network = random_like(NARROW, 0, pictures)
    layers = [name.replace("conv", "relu") for name in network.convolutions]
    means = [features.mean().item() for features in compact(network)(pictures, layers).values()]
    assert means == pytest.approx([1] * 16, rel=1e-4)
    assert {name: w.shape for name, (w, _) in network.convolutions.items()} == {
        name: w.shape for name, (w, _) in NARROW.convolutions.items()
    }


def test_layers_are_scaled_as_those_of_the_shipped_network_are():
    pictures, weights = picture(32, 32), random_weights((3, 4, 5, 6, 7))
    kinds = ("weight", "bias")
    tensors = {
        f"{name}.{kind}": t for name, pair in weights.convolutions.items() for kind, t in zip(kinds, pair, strict=True)
    }
    expected = trained.unit_means(tensors, [pictures])
    for name, pair in unit_means(weights, pictures).convolutions.items():
        assert all(
            torch.allclose(t, expected[f"{name}.{kind}"], rtol=1e-3) for kind, t in zip(kinds, pair, strict=True)
        )


def test_what_is_held_out_is_what_training_holds_back():
    assert trained_on._RETURN_EVERY["caltech"] == EVERY


def test_random_kernels_keep_the_variance():
    (weight, bias) = he_normal({"conv1_1": 64, "conv1_2": 256})["conv1_2"]
    assert weight.var().item() == pytest.approx(2 / (9 * 64), rel=0.02)
    assert not bias.any()


def test_the_radius_that_gradients_reach_is_the_specified_one():
    weights = random_weights((3, 4, 5, 6, 7), positive=True)
    found = measure_fields(compact(weights), picture(288, 288))
    assert all(field["reached"] == field["radius"] >= field["most"] for field in found.values())
    assert found["relu5_4"]["radius"] == 118


def test_the_middle_of_a_picture():
    pixels = (numbered_pixels(8, 6) % 251).astype(np.uint8)
    assert np.array_equal(middle(pixels, 4), pixels[2:6, 1:5])
    assert middle(pixels, 12).shape == (12, 12, 3)


def test_the_mean_of_reports():
    reports = [{"map": 1.0, "layers": {"relu1_1": 2}}, {"map": 3.0, "layers": {"relu1_1": 5}}]
    assert mean_report(reports) == {"map": 2.0, "layers": {"relu1_1": 3.5}}
    assert rounded({"a": 0.123456, "b": {"c": 1e-5, "d": True}}) == {"a": 0.1235, "b": {"c": 1e-5, "d": True}}


def test_the_plain_loop_minimises_what_impasto_does():
    """Or their seconds would say nothing of each other."""
    content, style, canvas = (picture(40, 48, seed) for seed in (1, 2, 3))
    config, network = StylizeConfig(**iteration.SAME_LOSS), VGG(NARROW, pooling="avg", padding="zeros")
    report, gradient = build_objective(content, [learn(style, config, network)], config, network).value_and_grad(canvas)
    leaf = canvas.clone().requires_grad_()
    loss = PlainLoop(NARROW, content, style, iteration.POOLING).loss(leaf)
    assert loss.item() == pytest.approx(report.total, rel=1e-5)
    theirs = torch.autograd.grad(loss, leaf)[0]
    assert (gradient - theirs).norm() <= 1e-4 * theirs.norm()


def test_the_plain_loop_goes_down_and_stays_in_range():
    content, style = picture(32, 32, 1), picture(32, 32, 2)
    found = list(itertools.islice(PlainLoop(NARROW, content, style).iterate(content), 12))
    assert found[-1][0] < 0.5 * found[0][0]
    assert all(image.min() >= 0 and image.max() <= 1 for _, image in found)


def test_work_is_counted_as_multiplications_and_additions():
    kernels = {
        "conv1_1": torch.zeros(4, 3, 3, 3),
        "conv1_2": torch.zeros(5, 4, 3, 3),
        "conv2_1": torch.zeros(6, 5, 3, 3),
    }
    weights = NetworkWeights(
        {name: (kernel, torch.zeros(len(kernel))) for name, kernel in kernels.items()}, NARROW.normalization
    )
    fine, coarse = 12 * 16, 6 * 8
    convolutions = 2 * 2 * 9 * (fine * (3 * 4 + 4 * 5) + coarse * 5 * 6)
    assert iteration.gflop(weights, 16) == pytest.approx((convolutions + 2 * 2 * (fine * 16 + coarse * 36)) / 1e9)


def test_a_loss_is_reached_when_it_is_first_met():
    trace = [(1.0, 5.0), (2.0, 3.0), (3.0, 4.0)]
    assert (reached(trace, 3.5), reached(trace, 5), reached(trace, 1)) == (2.0, 1.0, None)


def test_weights_are_off_by_no_more_than_their_classes_allow():
    generator = torch.Generator().manual_seed(0)
    floats = torch.rand(4, 3, 3, 3, generator=generator)
    edges = torch.tensor([0.1, 0.3, 0.4, 0.9])  # classes of several widths; a mean may lie anywhere in its class
    place = torch.bucketize(floats, edges)
    table = torch.stack([floats[place == k].mean() for k in range(5)])
    errors = errors_of(table[place])
    off = (floats - table[place]).square().mean().sqrt().item()
    assert errors.typical.square().mean().sqrt().item() == pytest.approx(off, rel=0.3)
    assert errors.most.shape == floats.shape
    assert (errors.most >= errors.typical).all()


def test_a_class_of_one_weight_is_exact_and_even_classes_are_known():
    alone = errors_of(torch.tensor([0.0, 1.0, 2.0, 2.0, 3.0, 3.0, 3.0]))
    assert alone.typical.tolist() == pytest.approx([0, 0, *[(1 / 24) ** 0.5] * 2, *[(1 / 18) ** 0.5] * 3])
    assert alone.most.tolist() == [0, 0, 0.5, 0.5, 0.5, 0.5, 0.5]


def test_imitated_weights_are_off_by_what_they_may_be():
    codes = torch.randint(0, 256, (8, 3, 3, 3), generator=torch.Generator().manual_seed(0)).float()
    weights = NetworkWeights({"conv1_1": (codes, torch.zeros(8))}, NARROW.normalization)
    errors = errors_of(codes)
    typical, most = (imitated(weights, 0, most=most).convolutions["conv1_1"][0] - codes for most in (False, True))
    assert (typical.abs() <= 3**0.5 * errors.typical + 1e-4).all()
    assert torch.allclose(most.abs().double(), errors.most, atol=1e-4)
    assert not torch.equal(typical, imitated(weights, 1).convolutions["conv1_1"][0] - codes)
