"""Files of unfinished runs: whole or not at all, and refused in one line where they are something else."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from impasto.config.options import StylizeConfig
from impasto.errors import CheckpointError, OutputError
from impasto.runs import checkpoint as rooms
from impasto.runs.checkpoint import (
    Checkpoint,
    check_checkpoint,
    checkpoint_of,
    read_checkpoint,
    remove_checkpoint,
    state_of,
    write_checkpoint,
)
from impasto.runs.record import Input, make_record

RECORD = make_record(
    StylizeConfig().resolve(), Input(name="a.png", sha256="1"), [Input(name="b.png", sha256="2")], preset=None
)
STATE = {
    "canvas": torch.rand(1, 3, 4, 5),
    "matches": torch.arange(3),
    "losses": torch.tensor([1 / 3], dtype=torch.float64),
    "iteration": 7,
    "step_size": 1 / 3,
    "first": math.nan,
    "loss": math.inf,
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "out.png.checkpoint"
    write_checkpoint(path, Checkpoint(RECORD, STATE, {"path": "out.png"}))
    return path


def refused(path) -> str:
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(path)
    return str(caught.value)


def test_what_is_written_is_read_to_the_bit(file):
    read = read_checkpoint(file)
    assert read.record == RECORD
    assert read.output == {"path": "out.png"}
    assert read.state.keys() == STATE.keys()
    for name, value in STATE.items():
        if isinstance(value, torch.Tensor):
            assert read.state[name].dtype == value.dtype
            assert torch.equal(read.state[name], value)
            assert read.state[name].data_ptr() % 64 == 0
        else:
            assert type(read.state[name]) is type(value)
            assert repr(read.state[name]) == repr(value)
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_device_gets_what_it_computes_with_and_no_float64():
    """Of which Apple's have none; the losses are plain numbers."""
    placed = state_of(Checkpoint(RECORD, STATE), RECORD, torch.device("meta"))
    devices = {name: value.device.type for name, value in placed.items() if isinstance(value, torch.Tensor)}
    assert devices == {"canvas": "meta", "matches": "meta", "losses": "cpu"}


def test_it_lies_beside_the_picture():
    assert checkpoint_of("there/out.png") == Path("there") / "out.png.checkpoint"


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_truncated_file_is_refused(file, share):
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    assert refused(file) == f"{str(file)!r} is damaged or no checkpoint; {rooms._WRITTEN}"


@pytest.mark.parametrize("data", [b"", b"GIF89a" * 99, os.urandom(4096)], ids=["empty", "picture", "noise"])
def test_a_foreign_file_is_refused(tmp_path, data):
    (tmp_path / "x").write_bytes(data)
    assert "is damaged or no checkpoint; give a file that impasto wrote beside a picture" in refused(tmp_path / "x")


@pytest.mark.parametrize("texts", [None, {}, {"impasto": "[]"}, {"impasto": "{}"}, {"impasto": "nonsense"}], ids=str)
def test_safetensors_of_others_are_refused(tmp_path, texts):
    save_file({"a": torch.zeros(2)}, tmp_path / "x", texts)
    assert "x' is no checkpoint; give a file" in refused(tmp_path / "x")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert refused(tmp_path / "x").startswith(f"there is no checkpoint {str(tmp_path / 'x')!r}; ")
    assert "is a folder, and no checkpoint" in refused(tmp_path)


@pytest.mark.parametrize(("key", "value", "told"), [("version", "9.9", "impasto 9.9"), ("schema", 99, "impasto 0.")])
def test_what_another_version_wrote_is_refused(file, key, value, told):
    with safe_open(file, framework="pt") as opened:
        texts = opened.metadata()
    texts["impasto"] = json.dumps({**json.loads(texts["impasto"]), key: value})
    save_file({"a": torch.zeros(2)}, file, texts)
    assert f"was written by {told}" in refused(file)


def test_a_damaged_record_is_refused(file):
    with safe_open(file, framework="pt") as opened:
        texts = opened.metadata()
    save_file({"a": torch.zeros(2)}, file, {**texts, "record": "{}"})
    assert "is no checkpoint" in refused(file)


@pytest.mark.parametrize("fails", ["save_file", "fsync"])
def test_a_full_disk_leaves_the_checkpoint_that_was_there(file, monkeypatch, fails):
    def full(*_: object) -> None:
        from safetensors import SafetensorError

        raise (
            SafetensorError("I/O error: No space left on device")
            if fails == "save_file"
            else OSError(28, "No space left")
        )

    before = file.read_bytes()
    monkeypatch.setattr("safetensors.torch.save_file" if fails == "save_file" else "os.fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        write_checkpoint(file, Checkpoint(RECORD, {**STATE, "iteration": 8}))
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_removing_takes_along_what_a_killed_process_left(file, monkeypatch):
    other = file.with_name(".impasto-other.part")
    other.touch()
    monkeypatch.setattr("pathlib.Path.unlink", lambda path: None)  # as if there were no time for it
    monkeypatch.setattr("os.fsync", lambda number: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(file, Checkpoint(RECORD, STATE))
    monkeypatch.undo()
    assert len(list(file.parent.iterdir())) == 3
    remove_checkpoint(file)
    assert list(file.parent.iterdir()) == [other]
    remove_checkpoint(file)


def test_removing_takes_along_what_a_library_was_writing(file):
    """A process killed within safetensors, which writes to a file of a name of its own."""
    program = f"""
import os, signal
import safetensors.torch
from impasto.runs.checkpoint import Checkpoint, write_checkpoint
from impasto.config import StylizeConfig
from impasto.runs.record import Input, make_record
def killed(tensors, path, texts):
    (path.parent / ".tmpAbCdEf").touch()
    os.kill(os.getpid(), signal.SIGKILL)
safetensors.torch.save_file = killed
record = make_record(StylizeConfig().resolve(), None, [Input(name="b.png", sha256="2")])
write_checkpoint({str(file)!r}, Checkpoint(record, {{}}))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -signal.SIGKILL
    assert len(list(file.parent.iterdir())) == 2
    remove_checkpoint(file)
    assert list(file.parent.iterdir()) == []


def test_a_checkpoint_may_be_replaced_and_nothing_else(file, tmp_path):
    check_checkpoint(file)
    check_checkpoint(tmp_path / "new")
    (tmp_path / "photo.jpg").write_bytes(b"a photograph")
    with pytest.raises(
        OutputError, match=r"photo.jpg' is there already, and no checkpoint; choose another --checkpoint-file"
    ):
        check_checkpoint(tmp_path / "photo.jpg")
    with pytest.raises(OutputError, match="make the folder"):
        check_checkpoint(tmp_path / "nowhere" / "x")
