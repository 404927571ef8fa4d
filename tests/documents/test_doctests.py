"""The examples in the docstrings: each module's, run by the standard library's `doctest`."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import impasto

# Importing `__main__` would run the command line.
_MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(impasto.__path__, "impasto.")
    if not module.name.endswith("__main__")
)


def _tests(name: str) -> list[doctest.DocTest]:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:  # of an extra that is not installed
        if (error.name or "").partition(".")[0] == "impasto":
            raise
        return []
    return [test for test in doctest.DocTestFinder(exclude_empty=True).find(module) if test.examples]


def test_there_are_examples() -> None:
    count = sum(len(_tests(name)) for name in _MODULES)
    assert count > 0, "no docstring under impasto has an example"


@pytest.mark.parametrize("name", _MODULES)
def test_the_examples_of_a_module_give_what_they_show(name: str) -> None:
    for test in _tests(name):
        told: list[str] = []
        failed = doctest.DocTestRunner(verbose=False).run(test, out=told.append).failed
        assert not failed, f"{test.name}:\n{''.join(told)}"
