"""Encoding frames into a file, with exact times, colour tags and the source's other streams."""

from __future__ import annotations

import errno
import math
from collections.abc import Callable, Collection, Iterable
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from stvsr.errors import StvsrError
from stvsr.files import NoFile, PartialFile
from stvsr.text import reason
from stvsr.video.coding import Coding
from stvsr.video.colour import Colour, Depth
from stvsr.video.encoders import Encoder, suffixes_for
from stvsr.video.info import stream_info
from stvsr.video.mastering import Mastering
from stvsr.video.output import check_output, container_format
from stvsr.video.pieces import Coded
from stvsr.video.priority import kept_priority
from stvsr.video.streams import KINDS, StreamCopy

# Ticks per second of a whole QuickTime movie; an hour in them still fits into 34 bits.
_FINEST_MOVIE = 5_000_000
# The tags that MP4 has had names for since iTunes, which every player shows.
_ITUNES = {
    "title", "artist", "album_artist", "composer", "album", "date", "comment", "genre", "copyright", "grouping",
    "lyrics", "description", "synopsis", "show", "episode_id", "network", "keywords", "creation_time", "location",
}  # fmt: skip


class VideoWriter:
    """Writes a video; the file appears under its name when it is complete, and not at all otherwise.

    >>> with VideoWriter("out.mp4", 640, 480, Fraction(25)) as writer:
    ...     writer.write(rgb, Fraction(0))

    Args:
        path: ends in .mkv, .mp4, .mov or .webm.
        width: of the frames, in pixels.
        height: of the frames, in pixels.
        rate: frames per second, for the header.
        encoder: from `stvsr.video.encoder`; H.264 if None.
        time_base: seconds per tick in which every time is a whole number; one frame period if None. Matroska
            and WebM round to milliseconds on disk, which `VideoReader` undoes at constant rates.
        copy_from: a file whose audio, subtitles, attachments, cover, chapters, languages and tags are carried over;
            text subtitles change their codec where the container wants another one.
        drop: what of it to leave out, kinds from `stvsr.video.KINDS`.
        notice: called with one line each, before anything is encoded: what of ``copy_from`` the container cannot hold,
            and what it holds in another codec only; and at the end, if something had to be moved. Sound that it cannot
            hold in any codec, and subtitles, are an error.
        metadata: more tags for the file, any keys; an empty one drops what `copy_from` has under its key.
        colour: how to store colours, if not in RGB; BT.601 below 720 lines and BT.709 from there on if None.
        sample_aspect: width / height of a pixel.
        mastering: what HDR pictures were graded on; left out where the codec, or RGB, cannot say it.
        depth: bits of every colour in the frames that will be written, 8 or 16; how many are kept is the encoder's.
        overwrite: whether a file of that name may be replaced.

    Attributes:
        coding: how its frames are encoded.

    Raises:
        StvsrError: before anything is encoded, for a suffix, encoder, size, folder or stream that cannot be;
            while writing when the disk is full.
    """

    _place: type[PartialFile] | type[NoFile] = PartialFile

    def __init__(
        self,
        path: str | Path,
        width: int,
        height: int,
        rate: Fraction,
        *,
        encoder: Encoder | None = None,
        time_base: Fraction | None = None,
        copy_from: str | Path | None = None,
        drop: Collection[str] = (),
        notice: Callable[[str], None] | None = None,
        metadata: dict[str, str] | None = None,
        colour: Colour | None = None,
        sample_aspect: Fraction = Fraction(1),
        depth: Depth = 8,
        mastering: Mastering | None = None,
        overwrite: bool = True,
    ) -> None:
        self.path = Path(path)
        tick = None if time_base is None else Fraction(time_base)
        self.coding = Coding.of(encoder, width, height, Fraction(rate), tick, colour, sample_aspect, depth, mastering)
        self._period = 1 / Fraction(rate)
        self._tick = self.coding.tick
        self._container: OutputContainer | None = None
        self._copy: StreamCopy | None = None
        self._waiting: av.VideoFrame | None = None
        self._held: av.Packet[Any] | None = None
        self._last: Fraction | None = None
        self._count = 0
        self._end = 0
        self._delay: int | None = None
        self._shift = Fraction(0)
        self._drop, self._notice = frozenset(drop), notice
        if not self._drop <= set(KINDS):
            raise ValueError(f"cannot drop {', '.join(sorted(self._drop - set(KINDS)))}; kinds are {', '.join(KINDS)}")
        name = container_format(self.path)
        if copy_from is not None:
            check_output(copy_from, self.path)
        self._partial = self._place(self.path, overwrite)
        try:
            self._open(name, None if copy_from is None else Path(copy_from), metadata or {})
        except BaseException as error:
            self._abort()
            if isinstance(error, (av.FFmpegError, OSError, ValueError, OverflowError)):
                raise self._failure(error) from error
            raise

    def _open(self, name: str, source: Path | None, metadata: dict[str, str]) -> None:
        options = {"avoid_negative_ts": "disabled"}
        if name in ("matroska", "webm"):
            options["fflags"] = "+bitexact"  # otherwise every file gets random numbers
        container = av.open(f"file:{self._partial.path}", "w", format=name, container_options=options)
        self._container = container
        self._stream = self._add_video(container)
        tags = {}
        if source is not None:
            self._copy = StreamCopy(source, container, self.path, self._drop)
            self._copy.describe(self._stream, self.coding.rate)
            tags = self._copy.metadata
        tags = {key: value for key, value in {**tags, **metadata}.items() if value}
        container.metadata.update(tags)
        own_tags = name == "mov" or not {key.lower() for key in tags} <= _ITUNES
        if source is not None and self._copy is not None:
            self._copy.attach(covers=name == "matroska" or (name == "mp4" and not own_tags))
            self._tell(source, self._copy)
        if name in ("mp4", "mov"):
            container.container_options.update(self._quicktime_options(container, own_tags))
        with kept_priority():
            self._stream.codec_context.open(strict=False)
            container.start_encoding()

    def _quicktime_options(self, container: OutputContainer, own_tags: bool) -> dict[str, str]:
        """Edit lists count in the movie's own ticks: as fine as those of every stream, or sound would move."""
        rates = [stream.rate for stream in container.streams.audio]
        ticks = math.lcm(self._tick.denominator, *rates)
        options = {"movie_timescale": str(ticks if ticks <= _FINEST_MOVIE else _FINEST_MOVIE)}
        if own_tags:
            options["movflags"] = "use_metadata_tags"  # any key, but no cover pictures
        return options

    def _tell(self, source: Path, copy: StreamCopy) -> None:
        """Say what will be missing."""
        if copy.unheard:
            able = [suffix for suffix in copy.alternatives() if suffix in suffixes_for(self.coding.encoder)]
            advice = f"write {' or '.join(able)} instead, or add {copy.without()}" if able else f"add {copy.without()}"
            names = ", ".join(str(stream_info(stream)) for stream in copy.unheard)
            raise StvsrError(f"{self.path}: {self.path.suffix} cannot hold the source's {names}; {advice}")
        if copy.lost and self._notice is not None:
            self._notice(f"{self.path} cannot hold all of {source}; it goes without {', '.join(copy.lost)}")
        if copy.converted and self._notice is not None:
            self._notice(
                f"{self.path} stores {', '.join(copy.converted)}, without loss: {self.path.suffix} lacks the codec"
            )

    def _add_video(self, container: OutputContainer) -> VideoStream:
        chosen = self.coding.encoder
        able = suffixes_for(chosen)
        if self.path.suffix.lower() not in able:
            raise StvsrError(
                f"{self.path}: {self.path.suffix} cannot hold video from {chosen.codec}; write {' or '.join(able)}"
            )
        return self.coding.add_to(container)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._abort()
            return
        try:
            self._finish()
        except BaseException as failure:
            self._abort()
            if isinstance(failure, (av.FFmpegError, OSError)):
                raise self._failure(failure) from failure
            raise

    def write(self, rgb: NDArray[Any], time: Fraction, duration: Fraction | None = None) -> None:
        """Encode one frame.

        Args:
            rgb: (height, width, 3) uint8, or uint16 at a depth of 16; full-range RGB.
            time: when it appears, in seconds; later than the frame before.
            duration: how long it stays if it is the last one, in seconds; one frame period if None. Every
                other frame stays until the next one.

        Raises:
            ValueError: another size or type, a time that does not increase or is no whole number of ticks.
            StvsrError: the encoder or the disk fails.
        """
        try:
            frame = self.coding.frame(rgb)
            frame.pts = self._stamp(Fraction(time))
            frame.duration = max(1, round((duration or self._period) / self._tick))
            self._encode(frame)
        except (av.FFmpegError, OSError) as error:
            raise self._failure(error) from error

    def append(self, header: bytes, frames: Iterable[Coded]) -> None:
        """Take in a piece that a `stvsr.video.pieces.PieceEncoder` made with this writer's `coding`.

        Args:
            header: The encoder's.
            frames: In decoding order, after those of the pieces before; a video is either appended or written.

        Raises:
            StvsrError: the piece is from another encoder, or the disk fails.
        """
        assert self._container is not None
        if header != bytes(self._stream.codec_context.extradata or b""):
            raise StvsrError(f"{self.path}: a finished part came from another version of the encoder; begin anew")
        try:
            for frame in frames:
                self._take(frame)
        except (av.FFmpegError, OSError) as error:
            raise self._failure(error) from error

    def _take(self, coded: Coded) -> None:
        """Pass on the encoded frame that waited; this one stages, as the last one is special."""
        if self._last is None:
            self._begin(coded.shown * self._tick)
            self._delay = coded.shown - coded.decoded
        shift = self.coding.ticks(self._shift)
        packet: av.Packet[Any] = av.Packet(coded.data)
        packet.pts, packet.dts = coded.shown + shift, coded.decoded + shift
        packet.duration, packet.time_base, packet.is_keyframe = coded.stays, self._tick, coded.key
        packet.stream = self._stream
        held, self._held = self._held, packet
        self._last = max(self._last or packet.pts * self._tick, packet.pts * self._tick)
        self._end = max(self._end, packet.pts + packet.duration)
        if held is not None:
            self._mux(held)

    def _mux(self, packet: av.Packet[Any]) -> None:
        assert self._container is not None
        stamp = packet.dts or 0
        self._container.mux(packet)
        if self._copy is not None:
            self._copy.advance(stamp * self._tick)

    def _encode(self, frame: av.VideoFrame | None) -> None:
        """Encode the frame that waited until `frame` told its duration; `frame` stages now."""
        waiting, self._waiting = self._waiting, frame
        if waiting is None:
            return
        if frame is not None:
            waiting.duration = (frame.pts or 0) - (waiting.pts or 0)
        self._count += 1
        self._end = (waiting.pts or 0) + waiting.duration
        self._send(waiting)
        if self._copy is not None:
            self._copy.advance((waiting.pts or 0) * self._tick)

    def _send(self, frame: av.VideoFrame | None) -> None:
        """Pass a frame (None: the end) to the encoder, and on what comes out of it."""
        assert self._container is not None
        packets = self._stream.encode(frame)
        if self.coding.encoder.codec == "libx265" and self._count < 3:
            for packet in packets:  # x265 leaves decoding times unset in videos of one or two frames
                packet.dts = packet.pts
        for packet in packets[: 1 if self._delay is None else 0]:
            self._delay = (packet.pts or 0) - (packet.dts or 0)
        if frame is None and packets:
            self._extend(packets[-1])
        self._container.mux(packets)

    def _extend(self, packet: av.Packet[VideoStream]) -> None:
        """Let the last packet in decoding order last as long as MP4 must go on.

        The file ends where its durations, added up, or its last frame shown do, whichever is earlier: at variable
        rates the two differ. Where frames are reordered the frame shown last came earlier, and some encoders forget
        durations.
        """
        if self._delay is None or packet.dts is None or self.path.suffix.lower() not in (".mp4", ".mov"):
            return
        packet.duration = max(1, self._end - self._delay - packet.dts)
        if packet.pts is not None and self._last == packet.pts * self._tick:
            packet.duration = max(packet.duration, self._end - packet.pts)

    def _stamp(self, time: Fraction) -> int:
        if self._last is None:
            self._begin(time)
        time += self._shift
        if self._last is not None and time <= self._last:
            raise ValueError(f"frame times must increase: {time} s after {self._last} s")
        ticks = self.coding.ticks(time)
        self._last = time
        return ticks

    def _begin(self, first: Fraction) -> None:
        """Containers start at zero: what begins earlier is moved there, every stream by the same time."""
        start = first + self._shift
        if start < 0:
            more = -(start // self._tick) * self._tick
            self._shift += more
            if self._copy is not None:
                self._copy.delay(more)

    def _finish(self) -> None:
        assert self._container is not None
        if self._last is None:
            raise StvsrError(f"{self.path}: no frames to write")
        if self._held is not None:
            self._extend(self._held)
            self._mux(self._held)
        else:
            self._encode(None)
            self._send(None)
        if self._copy is not None:
            self._copy.advance(None)
            moved = self._copy.moved()
            if moved and self._notice is not None:
                self._notice(f"{self.path}: stamps that contradict each other moved {', '.join(moved)}")
            self._copy.close()
        self._container.close()
        self._partial.keep()

    def _abort(self) -> None:
        """Close and remove everything, whatever state it is in."""
        for part in (self._container, self._copy):
            try:
                if part is not None:
                    part.close()
            except (av.FFmpegError, OSError, ValueError):
                pass  # the file is thrown away
        self._partial.discard()

    def _failure(self, error: Exception) -> StvsrError:
        unfit = getattr(error, "errno", errno.EINVAL) == errno.EINVAL
        advice = "take another encoder or container" if unfit else "check the disk or take another one"
        return StvsrError(f"{self.path} cannot be written ({reason(error)}); nothing was kept: {advice}")


class _Rehearsal(VideoWriter):
    """Opens what it is asked to, and writes nothing."""

    _place = NoFile


def rehearse(path: str | Path, width: int, height: int, rate: Fraction, **options: Any) -> None:
    """Tell and raise what opening a `VideoWriter` with the same arguments would; writes nothing."""
    _Rehearsal(path, width, height, rate, **options)._abort()
