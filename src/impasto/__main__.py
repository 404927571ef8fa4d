"""``python -m impasto`` is the command ``impasto``."""

from .cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
