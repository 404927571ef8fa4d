"""Steps that learn, runs that are resumed, and the file that is shipped in the end."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from impasto.backbones import compact
from impasto.weights.formats import read_weights, write_weights
from impasto.weights.manifest import NORMALIZATIONS
from impasto.weights.network import CONVOLUTIONS
from synthetic import random_weights
from training.__main__ import Trainer
from training.export import write_network
from training.pictures import draw

pytestmark = pytest.mark.usefixtures("small_batches")


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {
        **{f"trunk {name}": value for name, value in trainer.trunk.state_dict().items()},
        **{f"tasks {name}": value for name, value in trainer.tasks.state_dict().items()},
        **{f"average {name}": value for name, value in trainer.average.items()},
    }


def test_a_run_that_is_resumed_ends_as_one_that_was_not_interrupted(tmp_path, options, sources):
    whole = Trainer(options, sources)
    losses = [whole.train() for _ in range(4)]
    first = Trainer(options, sources)
    early = [first.train() for _ in range(2)]
    first.save(tmp_path / "checkpoint.pt")
    again = Trainer(options, sources)
    again.load(tmp_path / "checkpoint.pt")
    assert again.step == 2
    assert [*early, again.train(), again.train()] == losses
    found, expected = weights(again), weights(whole)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert not all(torch.equal(found[name], value) for name, value in weights(first).items())
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_every_third_step_is_for_texture_and_the_others_for_classes(options, sources):
    trainer = Trainer(options, sources)
    names = [set(trainer.train()) for _ in range(3)]
    assert names[2] == {"texture"}
    for step in (0, 1):
        assert names[step] == {*draw(sources, options.seed, step).rows, "kind"}


def test_the_rate_rises_and_falls(options, sources):
    trainer = Trainer(options, sources)
    options.steps, rates = 100, []
    for trainer.step in range(101):
        rates.append(trainer.rate())
    highest = max(range(101), key=rates.__getitem__)
    assert highest == 5
    assert rates[:6] == sorted(rates[:6])
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert rates[-1] == pytest.approx(1e-5)


def test_the_average_forgets_the_start_slowly(options, sources):
    """After step k it keeps k / (k + 10) of itself."""
    trainer = Trainer(options, sources)
    name, parameter = next(iter(trainer.trunk.named_parameters()))
    expected = parameter.detach().clone()
    for step in (1, 2, 3):
        trainer.train()
        expected = (step * expected + 10 * parameter.detach()) / (step + 10)
    torch.testing.assert_close(trainer.average[name], expected)
    assert (expected - parameter).norm() > 1e-4 * parameter.norm()


def test_a_run_can_start_from_a_finished_network(tmp_path, options, sources, monkeypatch):
    monkeypatch.setattr("training.__main__.revive", lambda *_: 0)
    finished, options.start = random_weights((4, 4, 4, 4, 4)), tmp_path / "start.safetensors"
    write_weights(finished, options.start, {}, dtype=torch.float16)
    trunk = Trainer(options, sources).trunk
    for _, name, convolution, _ in trunk.layers():
        torch.testing.assert_close(convolution.weight, finished.convolutions[name][0], rtol=1e-3, atol=1e-4)


def test_what_does_not_learn_is_written_as_it_was_and_what_learns_is_not(tmp_path, options, sources, monkeypatch):
    monkeypatch.setattr("training.export._BATCHES", 2)
    options.start, options.first = tmp_path / "start.safetensors", "conv5_2"
    write_weights(random_weights((4, 4, 4, 4, 4)), options.start, {}, dtype=torch.float16)
    trainer = Trainer(options, sources)
    for _ in range(3):
        trainer.train()
    write_network(trainer.trunk, trainer.average, sources, 3, tmp_path / "end.safetensors", load_file(options.start))
    before, after = load_file(options.start), load_file(tmp_path / "end.safetensors")
    same = {name for name in before if torch.equal(before[name], after[name])}
    assert {name.split(".")[0] for name in same} == {*CONVOLUTIONS} - {"conv5_2", "conv5_3", "conv5_4"}
    found, layers = read_weights(tmp_path / "end.safetensors"), ["relu5_2", "relu5_3", "relu5_4"]
    means = [compact(found)(draw(sources, 4, step).images, layers) for step in range(2)]
    for name in layers:
        assert sum(each[name].mean().item() for each in means) / 2 == pytest.approx(1, abs=0.02)


@pytest.fixture
def trainer(options, sources) -> Trainer:
    """After three steps; what a parameter is now and what it is on average differ."""
    trainer = Trainer(options, sources)
    for _ in range(3):
        trainer.train()
    return trainer


def test_the_finished_file_is_a_network_of_mean_activation_1(tmp_path, trainer, sources, monkeypatch):
    monkeypatch.setattr("training.export._BATCHES", 2)
    file = tmp_path / "compact.safetensors"
    write_network(trainer.trunk, trainer.average, sources, 3, file, {})
    found = read_weights(file)
    assert tuple(found.convolutions) == CONVOLUTIONS
    assert {weight.shape[0] for weight, _ in found.convolutions.values()} == {4}
    assert found.normalization == NORMALIZATIONS["torchvision"]
    assert found.metadata["architecture"].startswith("VGG-19 with 4, 4, 4, 4, 4 channels")
    layers = [name.replace("conv", "relu") for name in CONVOLUTIONS]
    batches = [draw(sources, 4, step).images for step in range(2)]
    means = [
        {name: value.mean().item() for name, value in compact(found)(images, layers).items()} for images in batches
    ]
    for name in layers:
        assert (means[0][name] + means[1][name]) / 2 == pytest.approx(1, abs=0.02)  # as far as float16 goes


def test_what_is_written_is_the_average_and_the_trunk_is_left_alone(tmp_path, trainer, sources, monkeypatch):
    monkeypatch.setattr("training.export._BATCHES", 1)
    before = {name: value.clone() for name, value in trainer.trunk.state_dict().items()}
    files = [tmp_path / name for name in ("one", "two", "now")]
    write_network(trainer.trunk, trainer.average, sources, 3, files[0], {})
    assert all(torch.equal(value, before[name]) for name, value in trainer.trunk.state_dict().items())
    write_network(trainer.trunk, dict(trainer.trunk.named_parameters()), sources, 3, files[2], {})
    with torch.no_grad():
        for parameter in trainer.trunk.parameters():
            parameter.mul_(1.5)
    write_network(trainer.trunk, trainer.average, sources, 3, files[1], {})
    assert files[0].read_bytes() == files[1].read_bytes() != files[2].read_bytes()
