"""The exception tree: one line each, a hint in each, and the nearest name."""

from __future__ import annotations

import inspect
import pickle
import re

import pytest

from impasto import errors
from impasto.errors import (
    ConfigError,
    DownloadError,
    ImpastoError,
    OutputError,
    PictureError,
    WeightsError,
    nearest_name,
)

TREE = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]


def test_every_error_is_public_and_has_one_root():
    assert {kind.__name__ for kind in TREE} == {name for name in errors.__all__ if name.endswith("Error")}
    assert all(issubclass(kind, ImpastoError) for kind in TREE)


def test_the_tree_is_the_one_that_is_drawn():
    assert re.findall(r"(?m)^ +(?:[│├└─ ]*)(\w+Error)", errors.__doc__ or "") == [kind.__name__ for kind in _in_order()]
    assert issubclass(ConfigError, ValueError)
    assert issubclass(OutputError, PictureError)
    assert issubclass(DownloadError, WeightsError)


def _in_order() -> list[type]:
    return sorted(TREE, key=lambda kind: inspect.getsourcelines(kind)[1])


@pytest.mark.parametrize("kind", TREE)
def test_an_error_is_one_line_with_its_hint(kind):
    error = kind("the file\n 'a.png'  is empty", "copy it\tagain")
    assert str(error) == "the file 'a.png' is empty; copy it again"
    assert (error.message, error.hint) == ("the file 'a.png' is empty", "copy it again")


@pytest.mark.parametrize("kind", TREE)
def test_an_error_survives_pickling(kind):
    """Workers of a pool send their errors so."""
    copy = pickle.loads(pickle.dumps(kind("message", "hint")))
    assert type(copy) is kind
    assert str(copy) == "message; hint"


def test_without_a_hint_the_message_stands_alone():
    assert str(ImpastoError("all is lost")) == "all is lost"


def test_the_nearest_name_is_suggested():
    assert nearest_name("gatsy2016", ["gatys2015", "gatys2016", "crowsonkb"]) == "did you mean 'gatys2016'?"


def test_where_nothing_is_near_all_names_are_listed_in_order():
    assert nearest_name("zzz", {"cuda", "auto", "cpu"}) == "known: auto, cpu, cuda"
