"""Titles, units, decimals and explanations of the page's numbers."""

SERIES = {
    "pose_error": {
        "title": "Pose error",
        "unit": "% of height",
        "decimals": 2,
        "from_zero": True,
        "meaning": "mean distance between the body keypoints detected in the result and those of the driving "
        "pose; lower is better",
    },
    "missed": {
        "title": "Missed keypoints",
        "unit": "%",
        "decimals": 0,
        "from_zero": True,
        "meaning": "body keypoints of the driving pose that are not detected in the result; lower is better",
    },
    "distance": {
        "title": "Distance to the training footage",
        "unit": "% of height",
        "decimals": 1,
        "from_zero": True,
        "meaning": "from the driving pose to the nearest pose that training saw; above the dashed line the "
        "target never showed such a pose",
    },
    "ssim": {
        "title": "SSIM",
        "unit": "",
        "decimals": 3,
        "from_zero": False,
        "meaning": "to the ground truth, inside the person's box; higher is better",
    },
    "psnr": {
        "title": "PSNR",
        "unit": "dB",
        "decimals": 1,
        "from_zero": False,
        "meaning": "to the ground truth, inside the person's box; higher is better",
    },
}
