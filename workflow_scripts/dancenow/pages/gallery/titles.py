"""How the page calls the numbers of a frame: what they are of, their unit, decimals, and how to read them."""

SERIES = {
    "pose_error": {
        "title": "Pose error",
        "unit": "% of height",
        "decimals": 2,
        "from_zero": True,
        "meaning": "mean distance of the body's keypoints, found again in the result, from those asked for; "
        "less is better",
    },
    "missed": {
        "title": "Missed keypoints",
        "unit": "%",
        "decimals": 0,
        "from_zero": True,
        "meaning": "of the body's keypoints asked for, those not found in the result; less is better",
    },
    "distance": {
        "title": "Distance to the training footage",
        "unit": "% of height",
        "decimals": 1,
        "from_zero": True,
        "meaning": "from the pose asked for to the nearest one that training saw; above the dashed line the "
        "target never showed such a pose",
    },
    "ssim": {
        "title": "SSIM",
        "unit": "",
        "decimals": 3,
        "from_zero": False,
        "meaning": "to the ground truth, inside the person's box; more is better",
    },
    "psnr": {
        "title": "PSNR",
        "unit": "dB",
        "decimals": 1,
        "from_zero": False,
        "meaning": "to the ground truth, inside the person's box; more is better",
    },
}
