"""The list of weights says of each what it is, where it lies and how it came there."""

from dancenow.cluster.weights import write_list


def test_each_decision_is_one_line(tmp_path):
    estimator = {
        "estimator": "openpifpaf",
        "checkpoint": "cache/a.pkl",
        "sha256": "12",
        "reason": "downloaded",
    }
    perceptual = {"network": "vgg19", "weights": "cache/b.pth", "sha256": "34", "reason": "was in the cache"}
    lpips = {"network": "lpips-alexnet", "weights": "cache/c", "sha256": "56", "reason": "fetched"}
    lines = write_list(estimator, perceptual, lpips, tmp_path / "weights.txt")
    assert lines == [
        "poses: openpifpaf, cache/a.pkl, sha256 12 (downloaded)",
        "perceptual loss: vgg19, cache/b.pth, sha256 34 (was in the cache)",
        "LPIPS: lpips-alexnet, cache/c, sha256 56 (fetched)",
    ]
    assert (tmp_path / "weights.txt").read_text().splitlines() == lines
    lpips = {"network": None, "weights": None, "sha256": None, "reason": "no index"}
    lines = write_list(estimator, perceptual, lpips, tmp_path / "weights.txt")
    assert lines[2] == "LPIPS: none (no index)"
