"""Standard streams that are closed, full or not read cost no picture; an answer that is lost is an error."""

from __future__ import annotations

import signal
import subprocess
import sys
from functools import partial

import pytest
from tiny import TINY

from impasto.cli.streams import Lenient
from impasto.images.files.io import read_picture

IMPASTO = f"exec {sys.executable} -m impasto"


def shell(line: str, *args: object) -> subprocess.CompletedProcess[str]:
    """``line`` in a shell, with ``"$@"`` for the arguments."""
    return subprocess.run(["sh", "-c", line, "sh", *map(str, args)], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    "where", ["2>&-", "2>/dev/full", ">&-", ">/dev/full", ">&- 2>&-", "2>&1 | head -1", "2>&1 | true", "<&-"]
)
def test_a_picture_is_painted_whatever_becomes_of_the_lines(where, photo, painting, out):
    done = shell(f'({IMPASTO} "$@") {where}', "stylize", photo, painting, "-o", out, *TINY)
    assert done.returncode == 0
    assert read_picture(out).pixels.shape[3] == 32
    assert "rror" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command", [("presets",), ("presets", "nnst"), ("weights", "list"), ("stylize", "--help"), ("--version",)]
)
def test_an_answer_that_is_lost_is_an_error(command):
    for where, reason in ((">/dev/full", "No space left on device"), (">&-", "it is closed")):
        done = shell(f'{IMPASTO} "$@" {where}', *command)
        told = f"impasto: error: cannot write to standard output: {reason}\n"
        assert (done.returncode, done.stderr) == (1, told)


def test_a_reader_that_goes_away_is_no_fault():
    assert shell(f"{IMPASTO} presets | true").stderr == ""


def test_closing_the_terminal_keeps_the_picture(photo, painting, out):
    args = ["stylize", photo, painting, "-o", out, *TINY, "--iterations", "1000000"]
    # These tests may run under nohup, whose children ignore the signal.
    obeying = partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)
    command = [sys.executable, "-m", "impasto", *args]
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True, preexec_fn=obeying) as process:
        process.stderr.readline()
        assert process.stderr.readline().startswith("scale 1/1")
        process.stderr.close()
        process.send_signal(signal.SIGHUP)
        try:
            assert process.wait(timeout=60) == 129
        finally:
            process.kill()
    assert read_picture(out).pixels.shape[3] == 32
    assert out.with_name("out.png.checkpoint").exists()


def test_what_a_stream_lacks_is_written_as_an_escape(tmp_path):
    with (tmp_path / "told").open("w", encoding="ascii") as file:
        Lenient(file).write("caf\u00e9 \udce9")
    assert (tmp_path / "told").read_text() == r"caf\xe9 \udce9"


def test_a_closed_stream_has_lost_everything(tmp_path):
    with (tmp_path / "told").open("w") as file:
        stream = Lenient(file)
    stream.write("too late")
    stream.flush()
    assert stream.lost
    assert Lenient(None).lost
    with pytest.raises(TypeError):
        stream.write(b"bytes")
