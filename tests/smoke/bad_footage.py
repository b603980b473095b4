"""Footage that the rules refuse which read it, on the way to results/normalization/{name}.json."""

import bad_clips as clips
from bad_rows import Bad, clip

COPY = "copy the clip again"
JOIN = (
    r"""join them without loss: printf "file '%s'\n" ONE.mp4 TWO.mp4 > list.txt && """
    "ffmpeg -f concat -i list.txt -c copy joined.mp4"
)
FOOTAGE = [
    Bad("text", "a text file named mp4",
        "clips/text.mp4: not a video (…); give a clip such as an mp4", "probe_clip", clips.text),
    Bad("empty", "an empty file",
        f"clips/empty.mp4: the file is empty; {COPY}", "probe_clip", lambda path: path.touch()),
    Bad("no-index", "an incomplete download, without the mp4's index",
        "clips/no-index.mp4: cut short (moov atom not found); copy the whole clip again",
        "probe_clip", clips.moov_missing),
    Bad("half", "an incomplete download, with the index at the front",
        f"clips/half.mp4: cut short, 0.40 of 0.80 s are there; {COPY}",
        "probe_clip", clips.cut_in_the_middle),
    Bad("sound", "sound only",
        "clips/sound.mp4: it contains no picture, only sound or data; give a video clip",
        "probe_clip", clips.sound),
    Bad("picture", "a picture (PNG) named mp4",
        "clips/picture.mp4: a picture, not a video; give a clip such as an mp4, or what moves as a GIF",
        "probe_clip", clips.picture),
    Bad("photo", "a phone's photo (HEIC), as the still half of a Live Photo",
        "clips/photo.mp4: a photo (HEIC, AVIF), not a video; of a Live Photo give the MOV beside it",
        "probe_clip", clips.photo),
    Bad("own-codec", "a codec that ffmpeg does not know, as some cinema cameras and apps have",
        "clips/own-codec.mp4: its picture is of a kind that ffmpeg cannot decode (brxq); export it as H.264",
        "probe_clip", clips.own_codec),
    Bad("page", "a web page saved in the clip's place",
        "clips/page.mp4: a web page, not a video; download the clip itself", "probe_clip", clips.web_page),
    Bad("pointer", "what Git keeps of a large file (LFS)",
        "clips/pointer.mp4: stands for a file that Git LFS keeps; in its repository, run: git lfs pull",
        "probe_clip", clips.lfs_pointer),
    Bad("protected", "a clip with copy protection (DRM)",
        "clips/protected.mp4: its picture is encrypted (copy protection, DRM); give an unprotected copy",
        "probe_clip", clips.encrypted),
    Bad("no-frames", "a video track without frames",
        "clips/no-frames.mp4: it contains no frame; give a clip with at least one frame",
        "probe_clip", clips.no_frames),
    Bad("concat", "a concat script named mp4, which refers to another file",
        "clips/concat.mp4: not a video (…); give a clip such as an mp4", "probe_clip", clips.concat_script),
    Bad("playlist", "a playlist (m3u8) named mp4, which refers to another file",
        "clips/playlist.mp4: not a video (…); give a clip such as an mp4", "probe_clip", clips.playlist),
    Bad("folder", "a folder instead of a clip",
        "clips/folder.mp4: a folder, not a clip; name the file in it that is the clip",
        "probe_clip", lambda path: path.mkdir()),
    Bad("late", "start beyond the end of the clip",
        "clips/late.mp4: start: 9 s, but the clip ends at 0.40 s; set it lower",
        "probe_clip", clips.good, {"start": 9}),
    Bad("long", "end beyond the end of the clip",
        "clips/long.mp4: end: 9 s, but the clip ends at 0.40 s; set it lower or leave it out",
        "probe_clip", clips.good, {"end": 9}),
    Bad("backwards", "end before start",
        "clips/backwards.mp4: end: 0.1 s is not after start, 0.2 s; set it higher",
        "probe_clip", clips.good, {"start": 0.2, "end": 0.1}),
    Bad("outside", "crop outside the picture",
        "clips/outside.mp4: crop: [50, 0, 64, 64] reaches beyond the upright picture, 96x64 px; "
        "x + w and y + h must lie within it", "probe_clip", clips.good, {"crop": [50, 0, 64, 64]}),
    Bad("damaged", "data damaged in the middle",
        "clips/damaged.mp4: damaged after frame … of 20 (…); copy the clip again or re-encode it",
        "extract_frames", clips.damaged),
    Bad("two-sizes", "a picture size that changes within the clip",
        "clips/two-sizes.mp4: its picture changes from 96x64 px (yuv420p) to 64x96 px (yuv420p) at frame 5; "
        "re-encode it to one size and format",
        "probe_clip", clips.two_sizes),
    Bad("joined", "mp4 files joined byte by byte (`cat`)",
        "clips/joined.mp4: several recordings joined byte by byte, of which only the first is ever shown; "
        f"{JOIN}", "probe_clip", clips.joined),
    Bad("joined-streams", "streams (MPEG-TS) joined byte by byte",
        "clips/joined-streams.mp4: several recordings joined byte by byte, its times begin anew after 0.4 s; "
        f"{JOIN}", "probe_clip", clips.joined_streams),
    Bad("shapes", "several clips of different shapes",
        "the clips differ in shape (clips/shapes.mp4 96x64, clips/tall.mp4 64x96); "
        "give each a `crop` of one shape", "extract_frames", clips.good,
        {"clips": [clip("shapes"), clip("tall")]}),
    Bad("rates", "several clips with different frame rates",
        "the clips differ in frames a second (clips/rates.mp4 25/1, clips/slow.mp4 10/1); "
        "give the subject an `fps`", "extract_frames", clips.good,
        {"clips": [clip("rates"), clip("slow")]}),
    Bad("nobody", "nobody in the picture",
        "nobody: mediapipe finds nobody in any of the 3 frames; use a clip that shows one person from head "
        "to feet", "detect_poses", clips.nobody),
    Bad("head", "a talking head, no body",
        "head: only 0 of 4 frames show the person from head to feet, and 0 the upper body with its arms, "
        "too few to measure size and place; use footage of the whole body", "measure_normalization",
        clips.talking_head),
]  # fmt: skip
