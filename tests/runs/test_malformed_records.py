"""Run records that nobody's impasto wrote: one line that says so, before anything is painted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from impasto.config.options import StylizeConfig
from impasto.errors import ConfigError
from impasto.runs.record import Input, make_record, parse_record, record_text

PICTURE = Input(name="a.png", sha256="00")


def record(**changes: Any) -> str:
    return record_text({**make_record(StylizeConfig(), PICTURE, [PICTURE], start=None), **changes})


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_record(text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_record_as_it_is_written_is_read():
    assert parse_record(record()) == json.loads(record())
    assert parse_record(record(start=PICTURE))["start"] == PICTURE


@pytest.mark.parametrize(
    "value", [None, "a.png", [], {}, {"name": "a.png"}, {"name": "a.png", "sha256": 0}, {"name": None, "sha256": "0"}]
)
@pytest.mark.parametrize("key", ["content", "styles", "start"])
def test_a_picture_is_a_name_and_a_hash(key, value):
    if key == "start" and value is None:
        value = {"name": "a.png", "sha256": None}
    expected = f"the run record is damaged at {key!r}; give a picture or a JSON file that impasto wrote"
    assert refused(record(**{key: [value] if key == "styles" else value})) == expected


@pytest.mark.parametrize("value", [PICTURE, [], None, "a.png"])
def test_styles_are_a_list_of_at_least_one(value):
    assert "damaged at 'styles'" in refused(record(styles=value))


@pytest.mark.parametrize("key", ["config", "versions", "machine"])
@pytest.mark.parametrize("value", [None, [], "size", 3])
def test_a_table_is_one(key, value):
    assert f"damaged at {key!r}" in refused(record(**{key: value}))


@pytest.mark.parametrize(
    ("key", "value"), [("size", [3]), ("size", "3 x 4"), ("peak_memory", "much"), ("pixels_sha256", 0)]
)
def test_what_is_printed_and_compared_has_its_shape(key, value):
    assert f"damaged at {key!r}" in refused(record(**{key: value}))


def test_the_options_are_those_of_this_version():
    assert refused(record(config={"sise": 3})) == "unknown option 'sise'; did you mean 'size'?"
    assert refused(record(config={"size": "large"})).startswith("size is 'large'; it takes a whole number")


@pytest.mark.parametrize("key", ["content", "styles", "config", "versions", "machine", "impasto"])
def test_what_is_read_later_must_be_there(key):
    told = json.loads(record())
    del told[key]
    expected = f"damaged at {key!r}" if key in ("versions", "machine", "impasto") else "this is not a run record"
    assert expected in refused(json.dumps(told))


@pytest.mark.parametrize("text", ["", "null", "[]", "3", "{}", "{", "[" * 100_000, '{"schema": ' * 100_000])
def test_what_is_no_record_at_all(text):
    assert refused(text) == "this is not a run record; give a picture or a JSON file that impasto wrote"


def test_a_later_schema_is_told():
    assert refused(record(schema=2)) == "the run record is of schema 2, this version reads 1; update impasto"
