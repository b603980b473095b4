"""H.264 whose frames are stored as two fields each, as AVCHD camcorders write it, which x264 cannot.

Every macroblock is plain pixels (I_PCM), so that the stream needs no encoder. ITU-T H.264, 7.3.
"""

SIZE, MACROBLOCK = 64, 16
SPS, PPS, KEY, OTHER = 7, 8, 5, 1


class Bits:
    """A payload, bit by bit."""

    def __init__(self):
        self.text = ""

    def plain(self, *pairs):
        """(bits, value) each."""
        for count, value in pairs:
            self.text += f"{value:0{count}b}"

    def golomb(self, *values):
        """ue(v) of the standard."""
        for value in values:
            bits = f"{value + 1:b}"
            self.text += "0" * (len(bits) - 1) + bits

    def align(self):
        self.text += "0" * (-len(self.text) % 8)

    def unit(self, kind):
        """The whole payload as a NAL unit of a kind, with its start code."""
        self.plain((1, 1))
        self.align()
        out, zeros = bytearray(), 0
        for byte in int(self.text, 2).to_bytes(len(self.text) // 8, "big"):
            if zeros >= 2 and byte <= 3:
                out.append(3)  # so that no start code appears inside
                zeros = 0
            out.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return bytes([0, 0, 0, 1, 3 << 5 | kind]) + bytes(out)


def parameters(fps):
    """Sequence and picture parameters: interlaced, main profile, with a clock of two fields a frame."""
    sequence = Bits()
    sequence.plain((8, 77), (8, 0), (8, 31))
    sequence.golomb(0, 0, 0, 4, 1)
    sequence.plain((1, 0))
    sequence.golomb(SIZE // MACROBLOCK - 1, SIZE // MACROBLOCK // 2 - 1)
    sequence.plain((1, 0), (1, 0), (1, 1), (1, 0), (1, 1))  # fields, of no mixed frames
    sequence.plain((4, 0), (1, 1), (32, 1), (32, 2 * fps), (1, 1), (4, 0))
    picture = Bits()
    picture.golomb(0, 0)
    picture.plain((2, 0))
    picture.golomb(0, 0, 0)
    picture.plain((3, 0))
    picture.golomb(0, 0, 0)
    picture.plain((3, 0))
    return sequence.unit(SPS) + picture.unit(PPS)


def field(number, bottom, level):
    """One field of grey, the frame's `number` since the last key frame."""
    bits, key = Bits(), number == 0 and not bottom
    bits.golomb(0, 7, 0)
    bits.plain((4, number % 16), (1, 1), (1, bottom))
    bits.golomb(*[0] * key)
    bits.plain((8, 2 * number + bottom), (2 if key else 1, 0))
    bits.golomb(0)
    for _ in range(SIZE * SIZE // 2 // MACROBLOCK**2):
        bits.golomb(25)
        bits.align()
        bits.plain(*[(8, level)] * MACROBLOCK**2, *[(8, 128)] * (MACROBLOCK**2 // 2))
    return bits.unit(KEY if key else OTHER)


def stream(levels, fps=25, keys=5):
    """The bytes of SIZE x SIZE px frames, grey of `levels` (limited range), with a key frame every `keys`."""
    out = b""
    for index, level in enumerate(levels):
        number = index % keys
        out += parameters(fps) * (number == 0) + field(number, 0, level) + field(number, 1, level)
    return out
