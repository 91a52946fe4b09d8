import subprocess
import sys

import pytest

from stvsr import heap

COUNT = """
import resource, sys
from stvsr import heap
if sys.argv[1] == "keep":
    assert heap.keep_pages()
import torch
torch.set_num_threads(1)
for _ in range(30):
    torch.zeros(8 << 20).add_(1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
if sys.argv[1] == "keep":
    before = int(open("/proc/self/statm").read().split()[1])
    heap.release()
    print(before - int(open("/proc/self/statm").read().split()[1]))
"""


def run(mode):
    done = subprocess.run([sys.executable, "-c", COUNT, mode], capture_output=True, text=True, check=True)
    return [int(line) for line in done.stdout.split()]


@pytest.mark.skipif(heap._library() is None, reason="not glibc")
def test_kept_pages_are_not_cleared_again_and_can_be_given_back():
    (faults,) = run("usual")
    kept, released = run("keep")
    assert kept < faults - 10 * (32 << 20) // 4096  # each of the 30 tensors takes 32 MB
    assert released > (32 << 20) // 4096 // 2


def test_elsewhere_nothing_is_done(monkeypatch):
    monkeypatch.setattr(heap, "_library", lambda: None)
    assert heap.keep_pages() is False
    heap.release()
