"""The names of rows, regions and measures in an evaluation's numbers.

Imports no torch, because the figures and tables of finished numbers need only these.
"""

RESULT, BACKGROUND, NEIGHBOUR, TRUTH = "result", "static background", "nearest neighbour", "truth"
FRAME, PERSON, MASK, FACE, HANDS = "frame", "person", "mask", "face", "hands"
# name in the JSON: title
REGIONS = {
    FRAME: "whole frame",
    PERSON: "person box",
    MASK: "inside the person's mask",
    FACE: "face box",
    HANDS: "hand boxes",
}
LPIPS, LPIPS_FORM = "lpips", "lpips_form"  # measures
EVALUATION = "efficientnet-lite1"  # the network of LPIPS-form and KID
