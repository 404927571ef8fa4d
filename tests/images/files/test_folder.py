"""The pictures of a folder, and one hash for all of them."""

from __future__ import annotations

import hashlib
import os

import pytest

from impasto.errors import PictureError
from impasto.images.files.folder import digest_of, joint_digest, left_out, pictures_in


@pytest.fixture
def folder(tmp_path):
    for name in ("b.PNG", "a.jpeg", ".hidden.png", "notes.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "more").mkdir()
    return tmp_path


def test_pictures_by_name_and_nothing_else(folder):
    assert [path.name for path in pictures_in(folder)] == ["a.jpeg", "b.PNG"]


@pytest.mark.parametrize("suffix", ["avif", "jfif", "jp2", "tga", "ppm", "ico", "JPE", "dib", "psd"])
def test_whatever_can_be_read_is_a_picture(suffix, folder):
    """As it is when it is named; a format that this Pillow lacks is none."""
    from PIL import Image

    Image.init()
    (folder / f"c.{suffix}").write_text("c")
    assert (folder / f"c.{suffix}" in pictures_in(folder)) == (Image.EXTENSION.get(f".{suffix.lower()}") in Image.OPEN)


def test_what_is_left_out_is_known(folder):
    """Folders and pipes with a picture's name, which would never be read to an end, among them; hidden files do not
    count."""
    os.mkfifo(folder / "pipe.png")
    (folder / "folder.jpg").mkdir()
    (folder / "folder.jpg" / "inner.png").write_text("inner")
    (folder / "x.heic").write_text("x")
    assert [path.name for path in pictures_in(folder)] == ["a.jpeg", "b.PNG"]
    assert [path.name for path in left_out(folder)] == ["notes.txt", "pipe.png", "x.heic"]
    assert [path.name for path in pictures_in(folder, recursive=True)] == ["a.jpeg", "b.PNG", "inner.png"]


def test_a_tree_that_links_to_itself_ends(folder):
    (folder / "more" / "up").symlink_to(folder)
    (folder / "more" / "in.png").write_text("in")
    assert [path.name for path in pictures_in(folder, recursive=True)] == ["a.jpeg", "b.PNG", "in.png"]


def test_a_folder_without_pictures_is_refused(folder):
    with pytest.raises(PictureError, match=r"there is no picture in the folder .*more'; known suffixes: \.png, "):
        pictures_in(folder / "more")
    with pytest.raises(PictureError, match="cannot be read: No such file"):
        pictures_in(folder / "nowhere")


def test_one_hash_for_a_file_or_a_folder(folder):
    one, two = (hashlib.sha256(name.encode()).hexdigest() for name in ("a.jpeg", "b.PNG"))
    assert digest_of(folder / "a.jpeg") == one
    assert digest_of(folder) == joint_digest([one, two])
    (folder / "notes.txt").write_text("changed")
    assert digest_of(folder) == joint_digest([one, two])
    (folder / "b.PNG").write_text("changed")
    assert digest_of(folder) != joint_digest([one, two])
