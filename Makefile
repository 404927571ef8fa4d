# Two targets for a newcomer: `make demo` paints the demo pictures, `make test` runs every check and test.
PYTHON ?= python3
PIP = .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test clean

demo: .venv/demo.stamp
	.venv/bin/impasto demo -o out

test: .venv/test.stamp
	scripts/check

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/demo.stamp: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable '.[demo]'
	touch $@

.venv/test.stamp: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable '.[test]'
	touch $@

clean:
	rm -rf .venv out build dist
