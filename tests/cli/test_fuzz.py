"""Command lines and files that nobody thought of: an exit code that means something, one line, and nothing lost.

A failing case is told with its command. More of them: ``IMPASTO_FUZZ_CASES=20000 pytest tests/cli/test_fuzz.py --no-cov
-n 0``.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import math
import os
import re
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import impasto
from impasto.cli.main import main
from impasto.config.fields import options_of
from impasto.config.options import OutputConfig, StylizeConfig
from impasto.images.files.io import read_picture
from synthetic import DEVICE

pytestmark = pytest.mark.slow

CASES = int(os.environ.get("IMPASTO_FUZZ_CASES", "300"))
CODES = {0, 1, 2, 130, 143}
OUTPUTS = ["{out}/o.png"] * 15 + [f"{{out}}/{name}" for name in ("o.jpg", "o.webp", "o.tif", "o", "", "deep/o.png")]
COMMANDS = (
    ["stylize"] * 8 + ["batch", "resume"] * 2 + ["texture", "compare", "from", "inspect", "show", "weights", "learn"]
)
LEARNT = ("--backbone", "compact", "--device", DEVICE, "-o")
READABLE = (".png", ".jpg", ".webp", ".gif", ".tif", "folder", ".style")
SOUND = ("/a.png", "/b.jpg", "c.webp", "alpha.png")
FILES = ("record", "checkpoint_file", "weights", "init", "memory")  # options with values of their own kind
LIMITS = ("--iterations", "1", "--device", DEVICE, "--precision", "float32", "--neighbour-bank", "64")
NUMBERS = ["0", "1", "2", "-1", "0.5", "1e3", "1e30", "nan", "inf", "", " ", "x", "1,2", "0.5,0.5,", "7" * 40, "\udce9"]
LEAST, THERE = (
    0.5,
    0.27e9,
)  # GB that a run of these sizes is told to take, and what of it this process has before: PyTorch
ODD = ["stylize", "resume", "--help", "-o", "--size", "", "-", "--", "\0", "x.png", *NUMBERS]


def noise(size: tuple[int, int], mode: str = "RGB", seed: int = 0) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 4), dtype=np.uint8)
    return Image.fromarray(values, "RGBA").convert(mode)


def claiming(width: int, height: int) -> bytes:
    """A PNG whose header tells of more pixels than there are."""
    file = io.BytesIO()
    noise((20, 20)).save(file, "PNG")
    data = bytearray(file.getvalue())
    struct.pack_into(">II", data, 16, width, height)
    struct.pack_into(">I", data, 29, zlib.crc32(data[12:29]))
    return bytes(data)


def make_pool(folder: Path) -> None:
    """Files of every kind that a command may be given."""
    for mode, name in (
        ("RGB", "a.png"),
        ("RGB", "b.jpg"),
        ("L", "grey.png"),
        ("RGBA", "alpha.png"),
        ("P", "palette.gif"),
        ("1", "bits.png"),
    ):
        noise((40, 24), mode).save(folder / name)
    noise((24, 40)).save(folder / "c.webp")
    noise((40, 24), "CMYK").save(folder / "cmyk.jpg")
    noise((300, 8)).save(folder / "narrow.png")
    noise((1, 1)).save(folder / "dot.png")
    tifffile.imwrite(
        folder / "deep.tif",
        np.random.default_rng(1).integers(0, 65535, (24, 40, 3), dtype=np.uint16),
        photometric="rgb",
    )
    tifffile.imwrite(folder / "float.tif", np.random.default_rng(1).random((24, 40), dtype=np.float32))
    Image.new("L", (40, 24), 255).save(folder / "mask.png")
    (folder / "claims.png").write_bytes(claiming(50_000, 50_000))
    (folder / "text.png").write_text("no picture")
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "page.html").write_text("<!doctype html>")
    (folder / "-dash.png").write_bytes((folder / "a.png").read_bytes())
    (folder / os.fsdecode(b"caf\xe9.png")).write_bytes((folder / "a.png").read_bytes())
    (folder / "folder").mkdir()
    noise((30, 30), seed=3).save(folder / "folder" / "x.png")
    (folder / "nothing").mkdir()
    options = {
        "size": 32,
        "iterations": (2,),
        "backbone": "compact",
        "precision": "float32",
        "device": DEVICE,
        "neighbour_bank": 64,
    }
    run = impasto.iterate(folder / "a.png", [folder / "b.jpg"], **options)
    next(run)
    run.checkpoint(folder / "run.checkpoint", folder / "resumed.png")
    run.result().save(folder / "painted.png", OutputConfig(record=str(folder / "record.json")))
    impasto.learn_style(folder / "b.jpg", sizes=(32,), backbone="compact", objective="gram").save(folder / "b.style")


@pytest.fixture(scope="module")
def pool(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pool")
    make_pool(folder)
    return folder


def digests(folder: Path) -> dict[str, str]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def mutated(data: bytes, draw) -> bytes:
    """The bytes with some changed, cut off or put in."""
    kind = draw(st.sampled_from(["flip", "cut", "insert", "none"]))
    place = draw(st.integers(0, max(0, len(data) - 1)))
    if kind == "cut":
        return data[:place]
    if kind == "insert":
        return data[:place] + draw(st.binary(min_size=1, max_size=8)) + data[place:]
    if kind == "flip" and data:
        changed = bytearray(data)
        for each in draw(st.lists(st.integers(0, len(data) - 1), min_size=1, max_size=6)):
            changed[each] ^= draw(st.integers(1, 255))
        return bytes(changed)
    return data


@st.composite
def option(draw) -> list[str]:
    """An option with a value in its range, or not."""
    config = draw(st.sampled_from([StylizeConfig, StylizeConfig, OutputConfig]))
    name = draw(
        st.sampled_from(
            [
                name
                for name in options_of(config)
                if name not in ("record", "checkpoint_file", "weights", "init", "memory")
            ]
        )
    )
    about = options_of(config)[name][2]
    flag = f"--{name.replace('_', '-')}"
    if about.choices and draw(st.booleans()):
        return [flag, draw(st.sampled_from(list(about.choices)))]
    if about.low is not None and draw(st.booleans()):
        return [
            flag,
            f"{draw(st.floats(about.low, min(math.inf if about.high is None else about.high, about.low + 50))):.3g}",
        ]
    return [flag, draw(st.sampled_from(NUMBERS))]


@st.composite
def case(draw, pool: Path) -> tuple[list[str], dict[str, bytes]]:
    """A command line, in which ``{out}`` is an empty folder, and the files that are to be written there before."""
    names = sorted(str(path) for path in pool.iterdir())
    files: dict[str, bytes] = {}

    def one(*choices):
        return draw(st.sampled_from(choices))

    def file(*suffixes: str) -> str:
        name = one(*(name for name in names if name.endswith(suffixes or name)))
        done_with = name.endswith(
            ".checkpoint"
        )  # a run that ends removes its own, so that each case has one of its own
        if Path(name).is_file() and (one(True, *[False] * 7) or done_with):
            copy = f"m{len(files)}{Path(name).suffix}"
            files[copy] = mutated(Path(name).read_bytes(), draw)
            return f"{{out}}/{copy}"
        return one(*[name] * 30, "nowhere.png", "", "-", f"{name}/", "x" * 300)

    def picture() -> str:
        return file(*(SOUND if one(True, True, True, False) else READABLE))

    out, command = one(*OUTPUTS), one(*COMMANDS)
    extra = itertools.chain.from_iterable(draw(st.lists(option(), max_size=one(0, 0, 0, 0, 1, 2))))
    limits = [*extra, *LIMITS, "--backbone", "compact", "--size", one("27", "32", "32", "40", "48"), "-o", out]
    limits += ["--init", file(*READABLE)] if one(True, *[False] * 11) else []
    limits += ["--memory", one("1GB", "600MB", "1MB", "x")] if one(True, *[False] * 9) else []
    masks = ["--mask", file("mask.png", "grey.png", "a.png")] if one(True, *[False] * 8) else []
    args = {
        "stylize": lambda: ["stylize", picture(), picture(), *masks, *limits],
        "texture": lambda: ["texture", picture(), *limits],
        "batch": lambda: ["batch", picture(), picture(), "--style", picture(), *limits],
        "compare": lambda: [
            "compare",
            picture(),
            picture(),
            "--vary",
            one("seed=1,2", "strength=0.2,2", "x=1", "seed"),
            *limits,
        ],
        "resume": lambda: ["resume", file(".checkpoint", "painted.png"), "-o", one(out, "{out}/o.png")],
        "from": lambda: ["stylize", "--from", file("painted.png", ".json", "a.png"), *limits[-4:]],
        "inspect": lambda: ["inspect", file()],
        "show": lambda: ["style", "show", file(".style", ".png")],
        "weights": lambda: [
            "weights",
            *one(("list",), ("verify", file()), ("convert", file(), one("{out}/o.safetensors", out))),
        ],
        "learn": lambda: [
            "style",
            "learn",
            picture(),
            "--sizes",
            one("32", "16,48", "0", "x", ""),
            *LEARNT,
            one("{out}/o.style", out),
        ],
        "odd": lambda: draw(st.lists(st.sampled_from(ODD), max_size=5)),
    }[command]()
    inputs = [arg for arg in args if arg in names]
    over = one(*inputs) if inputs and one(True, *[False] * 11) else out  # what goes in is to be written over
    return [over if arg == out else arg for arg in args], files


def highest(*, anew: bool = False) -> int:
    """Bytes this process has had at its highest since it was asked ``anew``; 0 where the system does not tell."""
    try:
        if anew:
            Path("/proc/self/clear_refs").write_text("5")
        return int(re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) * 1024
    except (OSError, IndexError):
        return 0


def said(args: list[str]) -> tuple[int, str, str]:
    """The command line in this process, and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(args)
    return code, out.getvalue(), err.getvalue()


def test_no_command_line_loses_anything(pool, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("impasto.weights.download.ATTEMPTS", 1)
    before, seen, starts = digests(pool), dict.fromkeys(CODES, 0), list[int]()

    @settings(
        max_examples=CASES,
        derandomize=CASES == 300,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case(pool))
    def check(found: tuple[list[str], dict[str, bytes]]) -> None:
        args, files = found
        folder = tmp_path / "out"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, data in files.items():
            (folder / name).write_bytes(data)
        args = [arg.replace("{out}", str(folder)) for arg in args]
        starts.append(highest(anew=True))
        code, told, error = said(args)
        rise = highest() - max(starts)  # pages of libraries leave the memory and come back
        seen[code] = seen.get(code, 0) + 1
        case_ = f"case {len(starts)}: {args}\n{code}\n{told[-500:]}\n{error[-1500:]}"
        assert code in CODES, case_
        assert "Traceback" not in error, case_
        assert "fault of impasto" not in error, case_
        assert code != 2 or error.strip(), case_
        assert digests(pool) == before, case_
        kept = {name: data for name, data in files.items() if not (name.endswith(".checkpoint") and code == 0)}
        assert all((folder / name).read_bytes() == data for name, data in kept.items()), case_
        if code == 0 and args[:1] in (["stylize"], ["texture"]) and "--help" not in args:
            output = args[args.index("-o") + 1]
            assert read_picture(output).pixels.min() >= 0, case_
        assert not list(folder.rglob(".impasto-*")), case_
        promised = max(map(float, re.findall(r"about ([\d.]+) GB of memory", error)), default=LEAST) * 1e9
        assert rise <= 1.5 * promised - THERE, f"{rise / 1e6:.0f} MB more\n{case_}"

    check()
    assert min(seen[0], seen[2]) > CASES / 20, seen  # both ways are looked at
