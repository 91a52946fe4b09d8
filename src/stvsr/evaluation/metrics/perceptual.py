"""Metrics that others trained on people's judgement, where their programs are installed: LPIPS and VMAF."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import torch

from stvsr.errors import StvsrError
from stvsr.evaluation.flow import to_tensor
from stvsr.video.images import Image


class LPIPSMeter:
    """Distance of deep features (Zhang et al., CVPR 2018): version 0.1, AlexNet, as most papers report. Less is better.

    Args:
        network: As `lpips_network` returns it.
        device: Where that lies.
    """

    def __init__(self, network: Any, device: str = "cpu") -> None:
        self._network, self._device = network, device
        self._values: list[float] = []

    @torch.inference_mode()
    def add(self, restored: Image, truth: Image) -> None:
        """Take the next frame of both, ``(height, width, 3)`` uint8 RGB."""
        pair = [to_tensor(frame, self._device)[None] / 127.5 - 1 for frame in (restored, truth)]
        self._values.append(float(self._network(*pair)))

    def curves(self) -> dict[str, list[float]]:
        """Return the distance of every frame."""
        return {"lpips": self._values}


def lpips_network(device: str) -> Any:
    """Return the network of the package `lpips`, which fetches the weights of AlexNet the first time.

    Raises:
        StvsrError: If that is not installed, or its weights are not to be had.
    """
    try:
        package: Any = importlib.import_module("lpips")
    except ImportError as error:
        raise StvsrError("LPIPS needs a package that is not installed: pip install lpips") from error
    try:
        return package.LPIPS(net="alex", verbose=False).to(device).eval()
    except (OSError, RuntimeError) as error:
        raise StvsrError(f"LPIPS cannot get the weights of its network ({' '.join(str(error).split())})") from error


class VMAFMeter:
    """Netflix's VMAF with its default model, by the `libvmaf` filter of the program ``ffmpeg``. 100 is best.

    Both clips go through one pipe, the restored frame above the true one; there, each is turned into 4:2:0.

    Args:
        program: As `ffmpeg_with_vmaf` returns it.
    """

    def __init__(self, program: str) -> None:
        self._program = program
        self._folder = tempfile.TemporaryDirectory()
        self._log = Path(self._folder.name) / "vmaf.json"
        self._process: subprocess.Popen[bytes] | None = None

    def add(self, restored: Image, truth: Image) -> None:
        """Take the next frame of both, ``(height, width, 3)`` uint8 RGB."""
        if self._process is None:
            height, width, _ = truth.shape
            self._process = self._start(height // 2 * 2, width // 2 * 2)
        assert self._process.stdin is not None
        height, width = (size // 2 * 2 for size in truth.shape[:2])  # 4:2:0 needs even sizes
        try:
            for frame in (restored, truth):
                self._process.stdin.write(frame[:height, :width].tobytes())
        except OSError as error:
            raise StvsrError(f"VMAF: ffmpeg gave up: {self._complaint()}") from error

    def curves(self) -> dict[str, list[float]]:
        """Return the VMAF of every frame."""
        if self._process is None:
            return {"vmaf": []}
        _, complaint = self._process.communicate()
        if self._process.returncode:
            raise StvsrError(f"VMAF: ffmpeg failed: {_last_line(complaint)}")
        measured = json.loads(self._log.read_text(encoding="utf-8"))
        self._folder.cleanup()
        return {"vmaf": [float(frame["metrics"]["vmaf"]) for frame in measured["frames"]]}

    def _start(self, height: int, width: int) -> subprocess.Popen[bytes]:
        filters = (
            f"[0]split[a][b];[a]crop={width}:{height}:0:0:exact=1,format=yuv420p[x];"
            f"[b]crop={width}:{height}:0:{height}:exact=1,format=yuv420p[y];"
            "[x][y]libvmaf=log_fmt=json:log_path=vmaf.json"
        )
        source = ["-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", f"{width}x{2 * height}", "-i", "pipe:0"]
        command = [self._program, "-v", "error", *source, "-lavfi", filters, "-f", "null", "-"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=self._folder.name, **pipes)  # type: ignore[call-overload, no-any-return]

    def _complaint(self) -> str:
        assert self._process is not None
        assert self._process.stderr is not None
        return _last_line(self._process.stderr.read())


def ffmpeg_with_vmaf() -> str:
    """Return the path of an ``ffmpeg`` that has VMAF.

    Raises:
        StvsrError: If there is none.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise StvsrError("VMAF needs the program ffmpeg with libvmaf, and there is no ffmpeg: install it")
    known = subprocess.run([program, "-hide_banner", "-filters"], capture_output=True, text=True, check=False).stdout
    if " libvmaf " not in known:
        raise StvsrError(f"VMAF needs an ffmpeg with libvmaf, and {program} has none: install another build")
    return program


def _last_line(text: bytes) -> str:
    lines = text.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "no reason given"
