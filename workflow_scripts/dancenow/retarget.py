"""The target's limb lengths for a figure that has the source's: bone by bone, the directions kept.

The paper's normalisation moves the figure as a whole, so the target would dance with the source's arms and
legs. Here every bone keeps its direction in the picture and takes the target's length. A share of a limb that
foreshortening takes away is the same for any length, so one factor per bone is right in every frame.
docs/normalization.md says how lengths are measured and what the step is worth.
"""

from dancenow.keypoints import COUNT, INDEX

# foreshortening only shortens: a bone's length is what it reaches when it lies in the picture plane. The
# maximum would be one bad detection
LONGEST = 0.9
# people differ less; beyond, one of the two measurements is wrong
PLAUSIBLE_RATIO = (0.5, 2.0)
# of the standing height: a foot higher than the other by more than this carries little of the weight
SUPPORT = 0.04

# points between the two sides, numbered after the keypoints
MIDDLES = {f"mid_{joint}": COUNT + number for number, joint in enumerate(("hip", "shoulder", "eye", "ear"))}
POINTS = INDEX | MIDDLES
SIDES = "left", "right"


def _both(bone, end, start):
    """The bone's rows of a left and a right limb."""
    return [(bone, f"{side}_{end}", start if start in MIDDLES else f"{side}_{start}") for side in SIDES]


# (bone, its end, its start), from the root, mid_hip, outwards
TREE = [
    ("trunk", "mid_shoulder", "mid_hip"),
    *_both("hips", "hip", "mid_hip"),
    *_both("thigh", "knee", "hip"),
    *_both("shank", "ankle", "knee"),
    *_both("foot", "big_toe", "ankle"),
    *_both("foot", "small_toe", "ankle"),
    *_both("foot", "heel", "ankle"),
    *_both("shoulders", "shoulder", "mid_shoulder"),
    *_both("upper_arm", "elbow", "shoulder"),
    *_both("forearm", "wrist", "elbow"),
    ("nose", "nose", "mid_shoulder"),
    ("eyes", "mid_eye", "mid_shoulder"),
    ("ears", "mid_ear", "mid_shoulder"),
    *_both("head", "eye", "mid_eye"),
    *_both("head", "ear", "mid_ear"),
]
