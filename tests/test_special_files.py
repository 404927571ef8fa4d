"""Devices, pipes and folders are never replaced by a picture."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from impasto.errors import OutputError
from impasto.files import check_writable, write_bytes

WRITERS = pytest.mark.parametrize(
    "write", [check_writable, lambda path: write_bytes(path, b"x")], ids=["check", "write"]
)


def refused(write, path: Path) -> str:
    with pytest.raises(OutputError) as caught:
        write(path)
    return str(caught.value)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@WRITERS
def test_a_pipe_is_refused_and_stays(write, pipe):
    assert refused(write, pipe) == f"cannot write {str(pipe)!r}: it is no regular file; write to another file"
    assert pipe.is_fifo()
    assert list(pipe.parent.iterdir()) == [pipe]


@WRITERS
def test_a_link_to_a_pipe_is_refused(write, pipe, tmp_path):
    link = tmp_path / "link.png"
    link.symlink_to(pipe)
    assert "it is no regular file" in refused(write, link)
    assert link.is_symlink()
    assert pipe.is_fifo()


@WRITERS
def test_a_folder_is_refused_and_stays(write, tmp_path):
    folder = tmp_path / "out.png"
    folder.mkdir()
    assert refused(write, folder) == f"cannot write {str(folder)!r}: Is a directory; give the name of a file in it"
    assert list(tmp_path.iterdir()) == [folder]


def test_a_device_is_refused():
    """Checked only: were the check wrong, a test that writes would replace the machine's own device."""
    assert (
        refused(check_writable, Path(os.devnull))
        == f"cannot write {os.devnull!r}: it is no regular file; write to another file"
    )
