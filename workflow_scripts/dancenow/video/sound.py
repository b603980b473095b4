"""The sound of a clip: which track to use, and how it goes into an mp4 with the picture."""

import logging
import os
import subprocess
from pathlib import Path
from typing import Any

import ffmpeg

from dancenow.errors import InputError
from dancenow.video.boxes import in_pieces
from dancenow.video.programs import address, clip_input, graph
from dancenow.video.trial_decoding import Undecodable, decoded, heard

log = logging.getLogger(__name__)

# Seconds; Opus needs 0.08.
PREROLL = 0.1
# A copy runs at the speed of the disk, an encoding of sound many times faster than real time.
MUX_SECONDS = 600
COPYABLE = {"aac", "mp3", "mp2", "ac3", "eac3", "alac", "opus", "flac"}
# Seconds by which copied sound may be off in a player that counts samples and ignores time stamps.
OFF = 0.04
# Players take no more than 7.1. Of a recorder's sound with more channels the first two are the mix.
MOST_CHANNELS = 8
# Of channels, those that AAC has a number for: others many a player cannot tell apart.
LAYOUTS = "mono", "stereo", "3.0", "4.0", "5.0", "5.1", "7.1"
# Dispositions of tracks that are not the main sound.
ASIDE = ("comment", "hearing_impaired", "visual_impaired", "descriptions")


def choose_sound(path: str | Path, streams: list[dict], facts: dict) -> dict | None:
    """Facts about the sound track of a clip to use, or None.

    streams: ffprobe's, of the sound; facts: from probing.probe, of the picture. A track flagged as default
    comes first, then one that is not a commentary, then one with more channels. The first that ffmpeg can
    decode and that fits into an mp4 is used; the log names the others. Keys: stream, codec, sample_rate,
    channels, start and end (s), duration (s or None), straying (s: deviation of time stamps from those that
    the samples alone would give at the first one's rate, so that a gap counts, and a change of the rate),
    pieces (bool, from boxes.in_pieces).
    """
    tracks = {stream["index"]: _described(stream) for stream in streams}
    for stream in sorted(streams, key=_rank):
        try:
            audio = _facts(stream)
            # In an mp4 all samples have one rate; asetrate would stretch their times too. One channel is
            # enough, and ffmpeg 5 filters no more where it knows no place for each, as in AAC of its own.
            rate = audio["sample_rate"]
            one = f"channelmap=map=0:channel_layout=mono,asetpts=PTS*{rate}/SR,asetrate={rate}"
            counted: dict[str, Any] = {"af": one} if rate else {}
            end, straying = heard(decoded(path, stream["index"], **counted))
            audio |= {"end": end, "straying": straying, "pieces": in_pieces(path)}
            _rehearse(path, facts | {"audio": audio})
        except Undecodable as error:
            log.warning(
                "%s: its sound track %s cannot be used (%s)", path, tracks.pop(stream["index"]), error
            )
            continue
        chosen = tracks.pop(stream["index"])
        if tracks:
            log.info("%s: of its sound tracks %s is used, not %s", path, chosen, " or ".join(tracks.values()))
        return audio
    if streams:
        log.warning("%s: results with its sound will be silent; re-encode its sound as AAC", path)
    return None


def into_mp4(clip: str | Path, facts: dict, duration: float) -> tuple[Any, dict]:
    """(the sound of a clip as an ffmpeg stream, {ffmpeg's option: value}) for `duration` s of its picture.

    Copied if mp4 can hold its codec and it has no gap, else filled with silence and encoded as AAC.
    (None, {}) if there is none to hear. For a run with -copyts.
    """
    audio = facts["audio"]
    if audio is None:
        log.info("%s: it has no sound that can be used, so the result is silent", clip)
        return None, {}
    late = audio["start"] - facts["start"]
    if late >= duration:
        log.info("%s: its sound begins after the picture has ended, so the result is silent", clip)
        return None, {}
    if audio["end"] <= facts["start"]:
        log.info("%s: its sound ends before the picture begins, so the result is silent", clip)
        return None, {}
    # With -copyts, times are those of the source; shifted so that its first frame is at 0.
    sound = clip_input(clip, itsoffset=f"{-facts['start']:.6f}")[str(audio["stream"])]
    options = {"t": f"{duration:.6f}"}
    if why := _hindrance(audio, late):
        log.info("%s: its %s sound %s; encoding it as AAC", clip, audio["codec"], why)
        if audio["channels"] > MOST_CHANNELS:
            sound = sound.filter("channelmap", map="0|1", channel_layout="stereo")
        # Gaps and a late beginning are filled with silence, so that a sample's number gives its time.
        # In one filter, some versions of ffmpeg take the beginning again where time stamps step back.
        sound = sound.filter("atrim", start=0, end=duration).filter("aresample", **{"async": 1000})
        # Where the sound changes its rate or channels, ffmpeg begins its filters anew, with their silence.
        begin = {"first_pts": 0} if late > OFF else {}
        sound = sound.filter("aresample", **{"async": 1}, **begin)
        sound = sound.filter("aformat", channel_layouts="|".join(LAYOUTS))
        return sound, options | {"c:a": "aac", "b:a": "192k"}
    # Copied sound ends with a whole packet; the part beyond the last frame is marked as not played.
    # The part before the first frame is dropped, except the packets that a decoder needs to start.
    options["bsf:a"] = (
        f"noise=drop='lt(pts*tb,-{PREROLL})',setts=duration='min(DURATION,{duration:.6f}/TB-PTS)'"
    )
    return sound, options


def joined(
    streams: list, path: str | Path, clip: str | Path, seconds: float, **options: Any
) -> tuple[bool, str]:
    """Write the ffmpeg `streams` into the mp4 `path`; returns (whether it failed, ffmpeg's reason).

    clip: for messages; seconds: that it lasts. InputError if it takes MUX_SECONDS longer.
    """
    # Some versions of ffmpeg call FLAC and Opus in mp4 experimental.
    options = {"format": "mp4", "strict": "experimental", "map_metadata": -1, "map_chapters": -1} | options
    node = ffmpeg.output(*streams, address(path), fflags="+bitexact", **options)
    with graph(node.global_args("-copyts")) as (process, reason):
        try:
            return process.wait(timeout=MUX_SECONDS + seconds) != 0, reason()
        except subprocess.TimeoutExpired:
            raise InputError(
                f"{clip}: its sound could not be read within {MUX_SECONDS + seconds:.0f} s; "
                "copy the clip to a local disk"
            ) from None


def _rehearse(path: str | Path, facts: dict) -> None:
    """Try what mux will do hours later; raises Undecodable if it would fail."""
    sound, options = into_mp4(path, facts, facts["duration"])
    if sound:
        failed, reason = joined([sound], os.devnull, path, facts["duration"], c="copy", **options)
        if failed:
            raise Undecodable(reason)


def _hindrance(audio: dict, late: float) -> str | None:
    """Why a sound cannot be copied into an mp4, or None."""
    if audio["channels"] > MOST_CHANNELS:
        return f"has {audio['channels']} channels, of which the first two are used"
    if audio["codec"] not in COPYABLE:
        return "does not fit into mp4"
    # The part of a FLAC packet hidden by an edit list is not cut to the sample: 46 ms early were measured.
    if audio["codec"] == "flac" and late < 0:
        return "cannot be cut in mp4"
    if audio["pieces"]:
        return "is cut into pieces"
    if audio["straying"] > OFF:
        return f"has gaps or changes its rate, {audio['straying']:.2f} s in all"
    if late > OFF:
        return f"begins {late:.2f} s late"
    return None


def _rank(stream: dict) -> tuple:
    flags = stream.get("disposition", {})
    aside = any(flags.get(flag) for flag in ASIDE)
    return not flags.get("default"), aside, -int(stream.get("channels", 0))


def _described(stream: dict) -> str:
    name = stream.get("codec_name", "unknown")
    name = stream.get("codec_tag_string", name) if name == "unknown" else name
    return f"{stream['index']} ({name}, {stream.get('channels', 0)} channels)"


def _facts(stream: dict) -> dict:
    start, duration = (
        float(stream[key]) if stream.get(key) not in (None, "N/A") else None
        for key in ("start_time", "duration")
    )
    return {
        "stream": stream["index"],
        "codec": stream.get("codec_name", "unknown"),
        "sample_rate": int(stream.get("sample_rate", 0)),
        "channels": int(stream.get("channels", 0)),
        "start": start or 0.0,
        "duration": duration,
    }
