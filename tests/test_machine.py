"""Free memory is the least of what the system has and what the control groups leave."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from impasto.machine import free_memory

MIB = 1 << 20


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def unified(root: Path, group: str, limit: object, used: int, cached: int = 0) -> None:
    folder = root / "sys/fs/cgroup" / group
    write(folder / "memory.max", f"{limit}\n")
    write(folder / "memory.current", f"{used}\n")
    write(folder / "memory.stat", f"anon 5\ninactive_file {cached}\nactive_file 0\n")


def test_without_groups_it_is_what_the_system_has(tmp_path):
    assert free_memory(tmp_path) == pytest.approx(psutil.virtual_memory().available, rel=0.5)


def test_the_limit_of_a_container_counts(tmp_path):
    """In a container the process's own group is the root of what it sees."""
    write(tmp_path / "proc/self/cgroup", "0::/\n")
    unified(tmp_path, "", 100 * MIB, 70 * MIB, cached=20 * MIB)
    assert free_memory(tmp_path) == 50 * MIB


def test_the_narrowest_of_the_groups_around_counts(tmp_path):
    write(tmp_path / "proc/self/cgroup", "0::/user/app\n")
    unified(tmp_path, "user/app", "max", 10 * MIB)
    unified(tmp_path, "user", 40 * MIB, 30 * MIB)
    assert free_memory(tmp_path) == 10 * MIB


def test_the_first_version_of_groups(tmp_path):
    write(tmp_path / "proc/self/cgroup", "3:cpuset:/\n4:cpu,memory:/job\n1:name=systemd:/\n")
    folder = tmp_path / "sys/fs/cgroup/memory/job"
    write(folder / "memory.limit_in_bytes", f"{64 * MIB}\n")
    write(folder / "memory.usage_in_bytes", f"{60 * MIB}\n")
    write(folder / "memory.stat", f"cache 1\ntotal_inactive_file {2 * MIB}\ntotal_active_file {MIB}\n")
    write(tmp_path / "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    write(tmp_path / "sys/fs/cgroup/memory/memory.usage_in_bytes", "1\n")
    write(tmp_path / "sys/fs/cgroup/memory/memory.stat", "cache 1\n")
    assert free_memory(tmp_path) == 7 * MIB


@pytest.mark.parametrize("text", ["", "nonsense\n", "-5\n"])
def test_files_that_say_nothing_are_no_limit(text, tmp_path):
    write(tmp_path / "proc/self/cgroup", "0::/\n")
    unified(tmp_path, "", 100 * MIB, 70 * MIB)
    write(tmp_path / "sys/fs/cgroup/memory.max", text)
    assert free_memory(tmp_path) >= 0


def test_a_group_that_is_full_leaves_nothing(tmp_path):
    write(tmp_path / "proc/self/cgroup", "0::/\n")
    unified(tmp_path, "", 50 * MIB, 60 * MIB)
    assert free_memory(tmp_path) == 0
