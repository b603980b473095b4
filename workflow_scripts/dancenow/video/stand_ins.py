"""What stands in a clip's place: archives, pictures, answers of servers, and what clouds keep of a file."""

from pathlib import Path

ARCHIVE = "an archive, not a video", "unpack it and give the clip in it"
ANSWER = "what a server answered, not a video", "download the clip itself"
PICTURE = "a picture, not a video", "give a clip such as an mp4, or what moves as a GIF"
LINK = "a link, not the clip", "give the file that it leads to"
# how such files begin, in lower case: (what it is, what to do), unless ffmpeg can read them after all
STAND_INS = {
    b"version https://git-lfs": (
        "stands for a file that Git LFS keeps",
        "in its repository, run: git lfs pull",
    ),
    **dict.fromkeys((b"<!doctype html", b"<html"), ("a web page, not a video", "download the clip itself")),
    **dict.fromkeys((b"{", b"<?xml", b"<error"), ANSWER),
    **dict.fromkeys((b"pk\3\4", b"7z\xbc\xaf\x27\x1c", b"rar!", b"\x1f\x8b", b"bzh", b"\xfd7zxz"), ARCHIVE),
    **dict.fromkeys((b"\xff\xd8\xff", b"\x89png", b"ii*\0", b"mm\0*", b"8bps"), PICTURE),
    **dict.fromkeys((b"[internetshortcut]", b"l\0\0\0\1\x14\2", b"book\0\0\0\0mark"), LINK),
    b"bplist00": ("stands for a file that a cloud keeps", "download it in the Finder or the cloud's app"),
    b"\0\5\x16\7": ("what a Mac keeps beside a file", "give the file of this name without the ._ before it"),
    b"%pdf": ("a PDF, not a video", "give a clip such as an mp4"),
}
UNFINISHED = "begins with zeros", "wait until its download or copy has finished, or copy it again"
BEGINNING = 512  # bytes; a tar's mark and a WebP's stand within them
TAR, WEBP = slice(257, 262), slice(8, 12)


def stands_in(path: str | Path) -> tuple[str, str] | None:
    """(what a file that is no clip is, what to do), in words; None for what is unknown."""
    with open(path, "rb") as file:
        begin = file.read(BEGINNING)
    if begin == bytes(BEGINNING):
        return UNFINISHED
    if begin[TAR] == b"ustar":
        return ARCHIVE
    words = begin.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if begin[WEBP] == b"WEBP":
        return PICTURE
    return next((told for mark, told in STAND_INS.items() if words.startswith(mark)), None)
