from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from impasto import files
from impasto.errors import OutputError
from impasto.files import check_writable, write_bytes, write_text


def fail(number: int) -> Any:
    def raising(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return raising


def test_writes_and_replaces_whole_files(tmp_path: Path) -> None:
    target = tmp_path / "run.json"
    write_text(target, "first")
    write_text(str(target), "zweiter – π")
    assert target.read_text(encoding="utf-8") == "zweiter – π"
    assert list(tmp_path.iterdir()) == [target]


def test_the_file_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write_bytes(tmp_path / "ours", b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "file")
    write_bytes(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "file").read_bytes() == b"x"


@pytest.mark.parametrize(
    ("number", "hint"),
    [(errno.ENOSPC, "free some space"), (errno.EROFS, "you may write to"), (errno.EIO, "another file")],
)
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, hint: str
) -> None:
    target = tmp_path / "out.png"
    target.write_bytes(b"old")
    monkeypatch.setattr(files.os, "fsync", fail(number))
    with pytest.raises(OutputError, match=hint) as caught:
        write_bytes(target, b"new")
    assert "\n" not in str(caught.value)
    assert os.strerror(number) in str(caught.value)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_interrupt_leaves_nothing_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(tmp_path / "out.png", b"new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_really_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda path, mode: opened(Path("/dev/full"), "wb"))
    with pytest.raises(OutputError, match="free some space"):
        write_bytes(tmp_path / "out.png", b"new" * 100)


@pytest.mark.parametrize("act", [check_writable, lambda path: write_bytes(path, b"x")])
class TestPlacesThatCannotBeWritten:
    def test_folder_that_is_not_there(self, tmp_path: Path, act: Any) -> None:
        with pytest.raises(OutputError, match=r"No such file.*make the folder '.*missing' first"):
            act(tmp_path / "missing" / "out.png")
        assert list(tmp_path.iterdir()) == []

    def test_folder_that_is_a_file(self, tmp_path: Path, act: Any) -> None:
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(OutputError, match="make the folder"):
            act(tmp_path / "file" / "out.png")

    def test_a_folder_itself(self, tmp_path: Path, act: Any) -> None:
        (tmp_path / "out.png").mkdir()
        with pytest.raises(OutputError, match="Is a directory; give the name of a file in it"):
            act(tmp_path / "out.png")
        assert [p.name for p in tmp_path.iterdir()] == ["out.png"]

    def test_null_byte(self, act: Any) -> None:
        with pytest.raises(OutputError, match="null"):
            act("out\0.png")

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
    def test_read_only_folder(self, tmp_path: Path, act: Any) -> None:
        tmp_path.chmod(0o500)
        with pytest.raises(OutputError, match="choose a folder you may write to"):
            act(tmp_path / "out.png")

    def test_read_only_file_system(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
        monkeypatch.setattr(Path, "open", fail(errno.EROFS))
        monkeypatch.setattr(files.tempfile, "TemporaryFile", fail(errno.EROFS))
        with pytest.raises(OutputError, match="choose a folder you may write to"):
            act(tmp_path / "out.png")


def test_checking_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "there.png").write_bytes(b"old")
    check_writable(tmp_path / "there.png")
    check_writable(tmp_path / "new.png")
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"old"]
