import torch

from dancenow.best import BestGenerator
from dancenow.checkpoint import load_generator
from dancenow.networks import Generator

NETWORK = {"channels": 4, "downs": 2, "blocks": 1}


class Stage:
    """What a BestGenerator looks at of a Trainer."""

    def __init__(self, step, error):
        torch.manual_seed(step)
        self.average, self.step, self.error = Generator(**NETWORK), step, error


def test_the_lowest_error_is_kept_over_a_stop(tmp_path):
    stages = [Stage(step, error) for step, error in ((1, 9.0), (2, 7.0), (3, 8.0), (4, 6.5), (5, 6.5))]
    for stage in stages:
        # a new one each time: nothing is remembered but the file
        best = BestGenerator(
            tmp_path / "best.safetensors", lambda stage: stage.error, {"network": NETWORK}, None
        )
        best(stage)
    assert best.facts() == {"best_step": 4, "best_error": 6.5}
    kept = load_generator(tmp_path / "best.safetensors")[0].state_dict()
    assert all(torch.equal(value, kept[name]) for name, value in stages[3].average.state_dict().items())
