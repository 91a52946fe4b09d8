"""Work that runs on other machines: a Ray cluster, which schedules, moves data and tries again where a worker died."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterable
from itertools import islice
from typing import Any, TypeVar

import torch

from stvsr.errors import StvsrError

T = TypeVar("T")
R = TypeVar("R")

LOCAL = "local"
RETRIES = 3
"""How often Ray begins a task again whose worker died, at most."""
_SET_UP = "pip install 'stvsr[cluster]'"


class Cluster:
    """A connection to a Ray cluster, made when it is first needed; as a context, given up in the end.

    A task takes one GPU where the cluster has some, else as many processors as PyTorch has threads here.

    Args:
        address: ``auto`` for the cluster that this machine belongs to, ``ray://host:port``, or ``local`` to start one
            of this machine alone.
        device: ``auto`` for GPUs where the cluster has some, ``cuda`` or ``cpu``.

    Raises:
        StvsrError: As soon as it is used, if there is no Ray here, no such cluster or none of its GPUs.
    """

    def __init__(self, address: str, device: str = "auto") -> None:
        if device not in ("auto", "cpu", "cuda"):
            raise StvsrError(f"`device` {device}: on a cluster use auto, cpu or cuda; Ray chooses which one")
        self.address, self._wanted = address, device
        self._ray: Any = None
        self._owned = False

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connect(self) -> None:
        """Connect, and make sure that there is what was asked for; otherwise its first use does so."""
        assert self.device

    def close(self) -> None:
        """Leave the cluster, which stops what was still running."""
        if self._owned:
            self._ray.shutdown()
        self._ray, self._owned = None, False

    @property
    def device(self) -> str:
        """Where the tasks compute, ``cuda`` or ``cpu``."""
        found = self._connected().cluster_resources().get("GPU", 0) >= 1
        if self._wanted == "cuda" and not found:
            raise StvsrError(f"`device` cuda: the cluster {self.address} has no GPU; use `device` cpu")
        return "cuda" if found and self._wanted != "cpu" else "cpu"

    def share(self, value: object) -> object:
        """Hand over, once, what many tasks need; `map` takes what this returns."""
        return self._connected().put(value)

    def map(self, function: Callable[[Any, T], R], shared: object, items: Iterable[T]) -> Generator[R]:
        """Yield ``function(shared, item)`` for every item, in the order in which they are finished.

        Items are taken as workers become free, so that few are held at any time.

        Args:
            function: Of a module that is installed on the workers.
            shared: From `share`.
            items: Can be pickled, as the results can.

        Raises:
            StvsrError: What ``function`` or ``items`` raises; and if workers keep dying, or lack this package.
        """
        ray, processors = self._connected(), self._processors()
        on_gpus = self.device == "cuda"
        needs = {"num_cpus": 1, "num_gpus": 1} if on_gpus else {"num_cpus": processors}
        task = ray.remote(function).options(**needs, max_retries=RETRIES, name="stvsr")
        source, running = iter(items), list[Any]()
        try:
            while True:
                for item in islice(source, max(self._most(needs) - len(running), 0)):
                    running.append(task.remote(shared, item))
                if not running:
                    return
                ready, running = ray.wait(running, num_returns=1)
                yield self._result(ready[0])
        finally:
            for left in running:
                ray.cancel(left, force=True)

    def call(self, function: Callable[[Any, T], R], shared: object, item: T) -> R:
        """Return ``function(shared, item)``, as `map` does for many."""
        return next(self.map(function, shared, [item]))

    def _result(self, reference: object) -> Any:
        ray = self._ray
        try:
            return ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            cause = error.cause
            if isinstance(cause, StvsrError):
                raise StvsrError(str(cause)) from error
            lacking = re.search(r"No module named '[^']*'", str(cause))
            if lacking:
                raise StvsrError(
                    f"a worker of the cluster {self.address} lacks a package ({lacking[0]}); "
                    "install the same on all machines"
                ) from error
            raise
        except ray.exceptions.RayError as error:
            raise StvsrError(
                f"the workers of the cluster {self.address} died {RETRIES + 1} times at one segment "
                f"({_line(error)}); see Ray's logs"
            ) from error

    def _processors(self) -> int:
        """How many processors a task takes: as many as PyTorch uses here, or as a machine has."""
        return max(1, min(torch.get_num_threads(), *(int(node.get("CPU", 0)) for node in self._machines())))

    def _machines(self) -> list[dict[str, float]]:
        """What each machine has."""
        return [node["Resources"] for node in self._connected().nodes() if node["Alive"]] or [{}]

    def _most(self, needs: dict[str, int]) -> int:
        """How many tasks to hand out: one for everyone to work on, and one to wait."""
        kind, count = ("GPU", needs["num_gpus"]) if "num_gpus" in needs else ("CPU", needs["num_cpus"])
        return 2 * max(1, sum(int(machine.get(kind, 0)) // count for machine in self._machines()))

    def _connected(self) -> Any:
        """Return Ray, connected."""
        if self._ray is None:
            self._ray = _imported()
            if not self._ray.is_initialized():
                self._connect()
                self._owned = True
        return self._ray

    def _connect(self) -> None:
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if self.address == LOCAL:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            options["include_dashboard"] = False
        try:
            self._ray.init(address=self.address, **options)
        except (ValueError, RuntimeError, ImportError, OSError, SystemExit) as error:  # it gives up in many ways
            self._ray = None
            said = "no answer" if isinstance(error, SystemExit) else _line(error)
            raise StvsrError(
                f"`cluster` {self.address}: {said}; use auto, ray://host:port, or local for one of this machine"
            ) from error


def _imported() -> Any:
    try:
        import ray
    except ImportError as error:
        raise StvsrError(f"`cluster` needs Ray: {_SET_UP}") from error
    return ray


def _line(error: BaseException) -> str:
    """Return the first line of what an error says."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__).strip()[:200].rstrip(".")
