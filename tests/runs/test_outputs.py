"""The files that a run writes, and what is refused before anything is computed."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from impasto.config import OutputConfig, StylizeConfig
from impasto.errors import OutputError
from impasto.runs.outputs import OutputFiles, check_outputs, files_read


def test_settings_say_which_files_a_run_writes():
    files = OutputFiles.of("out.png", OutputConfig(record="out.json"))
    assert files == OutputFiles("out.png", Path("out.png.checkpoint"), Path("out.json"))
    assert OutputFiles.of("out.png", OutputConfig(checkpoint=0)) == OutputFiles("out.png")
    elsewhere = OutputFiles.of("out.png", OutputConfig(checkpoint_file="there"))
    assert elsewhere.checkpoint == Path("there")


def test_inputs_are_what_is_given_with_the_pictures_of_folders_and_the_files_of_options(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    config = StylizeConfig(init="start.png")
    assert files_read([tmp_path, None, "b.png"], config)[:2] == [tmp_path, "b.png"]
    assert {str(path) for path in files_read([tmp_path], config)} == {
        str(tmp_path),
        str(tmp_path / "a.png"),
        "start.png",
    }


def test_folders_may_be_missing_only_if_they_are_made(tmp_path):
    files = OutputFiles(tmp_path / "new" / "out.png", tmp_path / "new" / "out.png.checkpoint")
    check_outputs([files], [], make_folders=True)
    with pytest.raises(OutputError, match="cannot write"):
        check_outputs([files], [])


@pytest.mark.parametrize("kind", ["picture", "record", "checkpoint"])
def test_no_file_replaces_an_input_or_a_foreign_file(tmp_path, kind):
    there = tmp_path / ("notes.png" if kind == "picture" else "notes.txt")
    there.write_text("my notes")
    files = OutputFiles(**{"picture": tmp_path / "out.png", kind: there})
    with pytest.raises(OutputError, match="is there already"):
        check_outputs([files], [])
    Image.new("RGB", (4, 4)).save(tmp_path / "photo.png")
    with pytest.raises(OutputError, match="goes in"):
        check_outputs([OutputFiles(tmp_path / "photo.png")], [tmp_path / "photo.png"])


def test_two_runs_write_no_file_twice(tmp_path):
    with pytest.raises(OutputError, match="would be the same file"):
        check_outputs([OutputFiles(tmp_path / "out.png")] * 2, [])
