"""The documented Python surface: what goes in, what comes out, what can be repeated, and what is refused before it
starts."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import torch
from PIL import Image

import impasto
from impasto import StylizeConfig, api
from impasto.api import Begin, Run, iterate, stylize
from impasto.backbones import VGG
from impasto.config.options import OutputConfig
from impasto.devices import NUMBER_FORMATS
from impasto.engine.scale import ScaleState
from impasto.errors import CapacityError, ConfigError, DeviceError, OutputError, PictureError, WeightsError
from impasto.images.color.transfer import fit_moments, recolor
from impasto.images.files.io import read_picture, read_record
from impasto.images.resample import resize
from impasto.objective.pixel_term import pixel_target
from impasto.runs.record import config_of, parse_record, pixels_sha256
from impasto.weights.manifest import NORMALIZATIONS
from synthetic import DEVICE, picture, random_weights

QUICK = {
    "backbone": "compact",
    "size": 64,
    "coarsest": 32,
    "iterations": (3, 2),
    "neighbour_bank": 128,
    "neighbour_rotations": 1,
    "precision": "float32",
    "device": DEVICE,
}
CONTENT, STYLE, OTHER = ((picture(48, 48, seed) * 255).round() / 255 for seed in (1, 2, 3))


def save(path: Path, pixels: torch.Tensor, alpha: torch.Tensor | None = None) -> Path:
    bands = pixels if alpha is None else torch.cat([pixels, alpha], dim=1)
    Image.fromarray(as_array(bands)).save(path)
    return path


def as_array(pixels: torch.Tensor) -> np.ndarray:
    return (pixels[0] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()


@pytest.fixture
def content(tmp_path) -> Path:
    return save(tmp_path / "content.png", CONTENT)


@pytest.fixture
def style(tmp_path) -> Path:
    return save(tmp_path / "style.png", STYLE)


def paint(content=CONTENT, style=STYLE, **options) -> api.Result:
    return stylize(content, style, **{**QUICK, **options})


def start(content=CONTENT, styles=STYLE, **options) -> Run:
    return iterate(content, styles, **{**QUICK, **options})


# What goes in


@pytest.fixture(scope="module")
def painted() -> api.Result:
    return paint()


@pytest.mark.parametrize(
    "kind",
    {
        "text": lambda path: str(path),
        "path": lambda path: path,
        "image": Image.open,
        "uint8": lambda path: as_array(CONTENT),
        "uint16": lambda path: as_array(CONTENT).astype(np.uint16) * 257,
        "float32": lambda path: CONTENT[0].permute(1, 2, 0).numpy(),
        "float64": lambda path: as_array(CONTENT).astype(np.float64) / 255,
        "tensor": lambda path: CONTENT[0],
        "batch": lambda path: CONTENT,
        "picture": read_picture,
    }.items(),
    ids=lambda item: item[0],
)
def test_every_kind_of_picture_gives_the_same_result(kind, content, painted):
    given = kind[1](content)
    assert torch.equal(paint(given).pixels, painted.pixels)


def test_one_style_or_a_list_of_them(painted):
    for styles in ([STYLE], (STYLE,)):
        assert torch.equal(paint(style=styles).pixels, painted.pixels)
    assert not torch.equal(paint(style=[STYLE, OTHER]).pixels, painted.pixels)
    assert torch.equal(paint(style=[OTHER, STYLE], style_blend=(0, 1)).pixels, painted.pixels)


def test_the_inputs_are_left_alone():
    given = [CONTENT.clone(), STYLE.clone()]
    paint(*given)
    assert torch.equal(given[0], CONTENT)
    assert torch.equal(given[1], STYLE)


@pytest.mark.usefixtures("narrow_vgg19")
def test_options_come_as_keywords_as_a_config_or_as_a_preset(painted, vgg_file):
    assert torch.equal(stylize(CONTENT, STYLE, config=StylizeConfig(**QUICK)).pixels, painted.pixels)
    assert torch.equal(
        stylize(CONTENT, STYLE, config=StylizeConfig(**{**QUICK, "seed": 1}), seed=0).pixels, painted.pixels
    )
    result = paint(preset="holberton", backbone="vgg19", weights=str(vgg_file), size=32, iterations=2)
    assert (result.record["preset"], result.record["config"]["optimizer"]) == ("holberton", "adam")
    assert result.record["config"] == {**impasto.load_preset("holberton").to_dict(), **result.record["config"]}
    assert (result.record["config"]["content_weight"], result.record["config"]["size"]) == (1e4, 32)


def test_a_config_beside_a_preset_is_the_config(painted):
    result = stylize(CONTENT, STYLE, config=StylizeConfig(**QUICK), preset="gatys2016")
    assert torch.equal(result.pixels, painted.pixels)
    assert result.record["preset"] == "gatys2016"


# What comes out


def test_a_result_is_the_picture_at_the_size_asked_for(painted):
    assert painted.pixels.shape == (1, 3, 64, 64)
    assert painted.pixels.dtype == torch.float32
    assert 0 <= painted.pixels.min() < painted.pixels.max() <= 1
    assert painted.alpha is None
    assert (painted.image.mode, painted.image.size) == ("RGB", (64, 64))
    assert np.array_equal(np.asarray(painted.image), as_array(painted.pixels))
    assert (painted.reason, painted.message) == ("finished", "every iteration was done")


def test_the_shape_is_that_of_the_content():
    assert paint(picture(30, 60)).pixels.shape == (1, 3, 32, 64)
    assert paint(style=picture(30, 90)).pixels.shape == (1, 3, 64, 64)


def test_a_record_tells_the_run(painted, content, style):
    told = paint(str(content), str(style)).record
    assert told["pixels_sha256"] == pixels_sha256(painted.pixels) == painted.record["pixels_sha256"]
    assert [p["name"] for p in (told["content"], *told["styles"])] == [str(content), str(style)]
    assert told["content"]["sha256"] == read_picture(content).sha256
    assert painted.record["content"]["name"] == "array"
    assert (told["iterations"], told["evaluations"], told["size"]) == (5, 5, [64, 64])
    assert told["losses"]["total"] == pytest.approx(sum(v for k, v in told["losses"].items() if k != "total"))
    assert told["weights"]["id"] == "compact"
    assert len(told["weights"]["sha256"]) == 64
    assert (told["config"]["device"], told["config"]["precision"]) == (DEVICE, "float32")
    assert None not in told["config"].values()
    assert told["seconds"] > 0
    assert told["peak_memory"] > 2**20
    assert told["start"] is None
    assert json.loads(json.dumps(told)) == told


def test_what_is_chosen_for_the_user_is_recorded():
    config = start(precision="auto", device="auto").config
    assert config.device in ("cpu", "cuda", "mps")
    assert config.precision in NUMBER_FORMATS


def test_a_saved_picture_repeats_the_run(content, style, tmp_path):
    options = {"init": "noise", "seed": 5, "objective": "gram", "style_weight": 1 / 3}
    paint(str(content), [str(style)], **options).save(tmp_path / "out.png")
    told = parse_record(read_record(tmp_path / "out.png"))
    assert (told["content"]["name"], told["styles"][0]["name"]) == (content.name, style.name)  # and no folder
    again = stylize(content, [style], config=config_of(told))
    assert again.record["pixels_sha256"] == told["pixels_sha256"]
    again.save(tmp_path / "again.png")
    read = [np.asarray(Image.open(tmp_path / name)) for name in ("out.png", "again.png")]
    assert np.array_equal(*read)
    assert pixels_sha256(read_picture(tmp_path / "out.png").pixels) == told["pixels_sha256"]


def test_a_record_of_its_own_is_written_on_request(painted, tmp_path):
    painted.save(tmp_path / "a.tif", OutputConfig(bits=16, record=str(tmp_path / "a.json")))
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == painted.record
    assert read_picture(tmp_path / "a.tif").pixels.mul(65535).frac().abs().max() < 0.01
    assert parse_record(read_record(tmp_path / "a.tif")) == painted.record


def test_quality_reaches_the_file(painted, tmp_path):
    for quality in (10, 95):
        painted.save(tmp_path / f"{quality}.jpg", OutputConfig(quality=quality))
    assert (tmp_path / "10.jpg").stat().st_size < (tmp_path / "95.jpg").stat().st_size


def test_what_cannot_be_written_is_refused(painted, tmp_path):
    for path in (tmp_path / "a.xyz", tmp_path / "nowhere" / "a.png"):
        with pytest.raises(OutputError):
            painted.save(path)
    assert list(tmp_path.iterdir()) == []


def test_alpha_is_kept_at_the_size_of_the_picture(tmp_path, painted):
    alpha = torch.zeros(1, 1, 48, 48)
    alpha[..., :24] = 1
    result = paint(save(tmp_path / "clear.png", CONTENT, alpha))
    assert torch.equal(result.alpha, resize(alpha, (64, 64)))
    assert torch.equal(result.pixels, painted.pixels)
    assert result.image.mode == "RGBA"
    result.save(tmp_path / "out.png")
    assert read_picture(tmp_path / "out.png").alpha.shape == (1, 1, 64, 64)


# Seeds and starts


def test_the_same_seed_paints_the_same_bytes():
    options = {"init": "noise", "objective": "gram"}
    one, same, other = (paint(seed=seed, **options).record["pixels_sha256"] for seed in (3, 3, 4))
    assert one == same != other


def test_global_random_numbers_are_neither_used_nor_drawn():
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = paint(init="noise").record["pixels_sha256"]
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert paint(init="noise").record["pixels_sha256"] == first


@pytest.mark.parametrize(
    ("init", "recolored", "expected"),
    [
        ("content", False, CONTENT),
        ("content", True, recolor(CONTENT, fit_moments([STYLE]))),
        ("style", True, STYLE),
        ("FILE", True, OTHER),
    ],
    ids=["content", "recolored", "style", "file"],
)
def test_a_run_starts_where_it_is_told(init, recolored, expected, tmp_path):
    path = save(tmp_path / "start.png", OTHER)
    run = start(init=str(path) if init == "FILE" else init, recolor=recolored, iterations=0, scale_count=1)
    assert list(run) == []
    torch.testing.assert_close(run.result().pixels, resize(expected, (64, 64)))
    told = run.result().record["start"]
    assert told == ({"name": str(path), "sha256": read_picture(path).sha256} if init == "FILE" else None)


def test_noise_is_around_the_mean_colour_with_the_spread_asked_for():
    pixels = start(init="noise", noise=0.1, seed=3, scale_count=1).result().pixels
    assert pixels.shape == (1, 3, 64, 64)
    mean = torch.tensor([0.485, 0.456, 0.406])
    torch.testing.assert_close(pixels.mean((0, 2, 3)), mean, atol=0.01, rtol=0)
    torch.testing.assert_close(pixels.std((0, 2, 3)), torch.full((3,), 0.1), atol=0.01, rtol=0)
    flat = start(init="noise", noise=0.0).result().pixels
    torch.testing.assert_close(flat, mean[None, :, None, None].expand_as(flat))


# Stopping


def test_a_run_can_be_stopped_and_shows_what_it_has():
    run, seen = start(), []
    for progress in run:
        seen.append(progress)
        if progress.step == 2:
            run.stop()
    result = run.result()
    assert len(seen) == 2
    assert (result.reason, result.message) == ("stopped", "stopped at iteration 2 of 5, scale 1 of 2")
    assert result.pixels.shape == (1, 3, 64, 64)
    torch.testing.assert_close(result.pixels, resize(seen[-1].preview(), (64, 64)))
    assert (result.record["reason"], result.record["iterations"]) == ("stopped", 2)
    assert list(run) == []


def test_a_loop_that_is_left_can_be_taken_up_again(painted):
    run = start()
    next(run)
    assert run.result().reason == "stopped"
    assert len(list(run)) == 4
    assert torch.equal(run.result().pixels, painted.pixels)
    assert run.result().reason == "finished"


def test_an_interrupt_keeps_the_picture(monkeypatch):
    run = start()
    next(run)
    monkeypatch.setattr(ScaleState, "step", lambda level, share: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        next(run)
    assert run.result().reason == "stopped"
    assert run.result().record["iterations"] == 1
    assert list(run) == []


@pytest.mark.parametrize("init", ["content", "noise"])
def test_there_is_a_result_before_the_first_iteration(init):
    result = start(init=init, noise=2.0, scale_count=1).result()
    assert (result.reason, result.message) == ("stopped", "stopped before the first iteration")
    assert result.pixels.shape == (1, 3, 64, 64)
    assert 0 <= result.pixels.min() <= result.pixels.max() <= 1
    assert (result.record["iterations"], result.record["losses"], result.record["seconds"]) == (0, {}, 0.0)


def test_the_callback_sees_every_iteration():
    steps = []
    paint(callback=lambda progress: steps.append(progress.step))
    assert steps == [1, 2, 3, 4, 5]


def test_a_diverged_run_says_so_and_its_record_is_json():
    broken = pixel_target(CONTENT, torch.ones(1, 1, 48, 48), math.nan)
    stylizer = impasto.Stylizer(**{**QUICK, "objective": "gram", "iterations": 20, "scale_count": 1, "recolor": False})
    run = stylizer.iterate(CONTENT, STYLE, Begin(guests=(broken,)))
    assert all(math.isnan(progress.loss) for progress in run)
    result = run.result()
    assert result.reason == "diverged"
    assert "try a smaller --step-size" in result.message
    torch.testing.assert_close(result.pixels, resize(CONTENT, (64, 64)))
    assert list(result.record["losses"]) == ["content", "style", "tv"]
    json.dumps(result.record, allow_nan=False)


# What is refused before anything is painted


def refused(kind, **given) -> str:
    with pytest.raises(kind) as caught:
        start(**given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_pictures_that_cannot_be_used_are_refused(tmp_path):
    assert refused(PictureError, content=str(tmp_path / "none.png")).startswith("there is no file")
    assert refused(PictureError, styles=[]) == "there is no style picture; give at least one"
    assert refused(PictureError, content=3) == "content is of type int; give a path, a PIL image, an array or a tensor"
    assert refused(PictureError, styles=[STYLE, None]).startswith("style is of type NoneType")
    assert refused(PictureError, init=str(tmp_path / "none.png")).startswith("there is no file")


@pytest.mark.parametrize("size", [(1, 1), (3, 5000), (15, 400)])
@pytest.mark.parametrize("role", ["content", "styles", "init"])
def test_pictures_that_are_too_small_are_refused(role, size, tmp_path):
    path = save(tmp_path / "small.png", picture(*size))
    said = refused(PictureError, **{role: str(path)})
    assert said == f"{path} is {size[1]} x {size[0]} px; give a picture of at least 16 px a side"


def test_a_canvas_that_is_too_narrow_is_refused():
    assert "too narrow to paint on" in refused(PictureError, content=picture(20, 400))


def test_a_narrow_style_is_fine():
    assert paint(style=picture(16, 400)).reason == "finished"


def test_shares_that_do_not_fit_the_styles_are_refused():
    assert refused(ConfigError, style_blend=(1, 2)).startswith("2 values of style_blend for 1 style pictures")


def test_unknown_options_presets_and_layers_are_refused():
    assert refused(ConfigError, sise=3) == "unknown option 'sise'; did you mean 'size'?"
    assert refused(ConfigError, preset="holbertn") == "unknown preset 'holbertn'; did you mean 'holberton'?"
    assert refused(ConfigError, style_layers="relu6_1").startswith("unknown layer 'relu6_1'; did you mean ")


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "has no cuda device" in refused(DeviceError, device="cuda")


def test_weights_that_are_not_there_are_refused(tmp_path):
    assert "none.pth" in refused(WeightsError, weights=str(tmp_path / "none.pth"))


def test_a_size_that_does_not_fit_into_memory_is_refused(monkeypatch):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2 * 2**30))
    assert "px needs about" in refused(CapacityError, size=100_000)
    start()


# What it is made of


def test_a_backbone_by_name():
    backbone = impasto.create_backbone()
    assert backbone.layers["relu5_1"].channels == 512
    assert impasto.create_backbone("compact").layers["relu5_1"].channels == 192
    found = backbone(CONTENT, ["relu4_2", "block5_conv1"])
    assert list(found) == ["relu4_2", "block5_conv1"]
    assert found["block5_conv1"].shape[2:] == (3, 3)


@pytest.mark.usefixtures("narrow_vgg19")
@pytest.mark.parametrize("kind", [str, Path])
def test_a_backbone_with_weights_and_settings(kind, vgg_file):
    options = {"weights": kind(vgg_file), "device": DEVICE}
    features = {
        (pooling, padding): impasto.create_backbone("vgg19", pooling=pooling, padding=padding, **options)(
            CONTENT, ["relu3_1"]
        )
        for pooling in ("avg", "max")
        for padding in (None, "zeros", "replicate")
    }
    relu3_1 = {key: found["relu3_1"] for key, found in features.items()}
    assert torch.equal(relu3_1["avg", None], relu3_1["avg", "zeros"])
    assert len({round(value.sum().item(), 3) for value in relu3_1.values()}) == 4
    half = impasto.create_backbone("vgg19", precision="bfloat16", **options)
    assert half(CONTENT, ["relu1_1"])["relu1_1"].dtype == torch.bfloat16


@pytest.mark.usefixtures("narrow_vgg19")
@pytest.mark.parametrize("given", sorted(NORMALIZATIONS))
def test_a_backbone_may_be_given_another_input_than_its_weights_want(given, vgg_file):
    """The file's own is torchvision's."""
    found = impasto.create_backbone("vgg19", weights=vgg_file, network_input=given, device="cpu")(CONTENT, ["relu1_1"])
    expected = VGG(random_weights(normalization=NORMALIZATIONS[given]), pooling="avg")(CONTENT, ["relu1_1"])
    torch.testing.assert_close(found, expected)


def test_the_embedded_backbone_alone_has_its_features_enlarged(vgg_file):
    own, large = (
        impasto.create_backbone("compact", activations=name, device="cpu")(CONTENT, ["relu2_1"])
        for name in ("own", "oxford")
    )
    torch.testing.assert_close(large["relu2_1"], 81 * own["relu2_1"], rtol=1e-3, atol=1e-2)
    options = {"weights": vgg_file, "device": DEVICE}
    same = [
        impasto.create_backbone("vgg19", activations=name, **options)(CONTENT, ["relu2_1"])
        for name in ("own", "oxford")
    ]
    assert torch.equal(same[0]["relu2_1"], same[1]["relu2_1"])


def test_a_backbone_that_is_unknown_is_refused():
    with pytest.raises(ConfigError, match="unknown backbone 'vgg91'; did you mean 'vgg19'"):
        impasto.create_backbone("vgg91")


@pytest.mark.usefixtures("narrow_vgg19")
def test_an_objective_takes_pictures_as_they_are(vgg_file, content, style):
    backbone = impasto.create_backbone("vgg19", weights=vgg_file, pooling="avg", device="cpu")
    config = impasto.load_preset("holberton")
    objective = impasto.build_objective(content, str(style), config, backbone)
    report, gradient = objective.value_and_grad(OTHER)
    assert report.total == pytest.approx(sum(report.terms.values()))
    assert report.terms.keys() == {"content", "style", "tv"}
    assert gradient.shape == OTHER.shape
    same = impasto.build_objective(CONTENT, [as_array(STYLE)], config, backbone).value_and_grad(OTHER)
    assert same[0] == report
    assert torch.equal(same[1], gradient)
    several = impasto.build_objective(CONTENT, [STYLE, OTHER], config, backbone)
    assert several.value_and_grad(OTHER)[0].terms["style"] < report.terms["style"]
