"""Work that runs out of memory is done again in smaller tiles, and other failures are told."""

from __future__ import annotations

import pytest
import torch

from impasto.tiling import within_memory

RUNS_OUT = [
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: not enough memory: you tried to allocate 4 bytes"
    ),
    RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("MPS backend out of memory (MPS allocated: 9.00 GB, other allocations: 1.00 GB)"),
]


class Work:
    """Needs tiles of so many px at most."""

    def __init__(self, most: int, error: Exception) -> None:
        self.most, self.error, self.tried = most, error, list[int]()

    def __call__(self, tile_size: int) -> str:
        self.tried.append(tile_size)
        if not 0 < tile_size <= self.most:
            raise self.error
        return "done"


@pytest.mark.parametrize("error", RUNS_OUT, ids=lambda error: str(error)[:20] or type(error).__name__)
@pytest.mark.parametrize("begin", [0, 5000])
def test_tiles_are_halved_until_they_fit(begin, error):
    work = Work(300, error)
    assert within_memory(work, begin, 2000, tileable=True) == ("done", 250)
    assert work.tried == [begin, 1000, 500, 250]


def test_what_fits_is_done_once():
    work = Work(300, MemoryError())
    assert within_memory(work, 300, 2000, tileable=True) == ("done", 300)
    assert work.tried == [300]


def test_there_is_an_end():
    work = Work(1, MemoryError())
    with pytest.raises(MemoryError):
        within_memory(work, 256, 2000, tileable=True)
    assert work.tried == [256, 128, 64]


def test_what_has_no_tiles_and_what_fails_otherwise_is_told():
    for error, tileable in ((MemoryError(), False), (RuntimeError("shapes"), True), (ValueError(), True)):
        work = Work(1, error)
        with pytest.raises(type(error)):
            within_memory(work, 0, 2000, tileable=tileable)
        assert work.tried == [0]
