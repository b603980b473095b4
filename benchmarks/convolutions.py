"""3x3 convolutions in bfloat16, by Winograd's algorithm against torch's own, by width and size of the layer.

    python benchmarks/convolutions.py [--threads 2] [--repeats 15]

Each row is a layer as the networks have it, of one picture: forward alone, as in synthesis, and a training
step that uses it twice (two frames), forward and backward. The two take turns; medians.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

import torch

from dancenow.device import prepare
from dancenow.model.winograd import Convolution3x3, unchanged_weights

# channels, height and width: the published trunk, the demo's at a middle window, and layers of VGG19
LAYERS = ((1024, 16, 32), (512, 32, 64), (384, 26, 16), (256, 64, 128), (192, 26, 16), (128, 128, 256))


def steps(layer, x, slope, autocast):
    """(synthesis, learning), functions without arguments."""
    kept = {}

    def synthesize():
        with torch.inference_mode(), torch.autocast(**autocast), unchanged_weights(kept):
            layer(x)

    def learn():
        layer.zero_grad()
        with torch.autocast(**autocast), unchanged_weights():
            synthesized = [layer(x) for _ in range(2)]
        torch.autograd.backward(synthesized, [slope] * 2)

    return synthesize, learn


def seconds(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    autocast = prepare(torch.device("cpu"), options.threads) | {"enabled": True}
    print("| channels | size | synthesis, ms | faster by | training, ms | faster by |")
    print("|---|---|---|---|---|---|")
    for channels, height, width in LAYERS:
        layer = Convolution3x3(channels, channels).to(memory_format=torch.channels_last)
        slope = torch.randn(1, channels, height, width).bfloat16().to(memory_format=torch.channels_last)
        x = torch.randn(1, channels, height + 2, width + 2).bfloat16()
        x = x.to(memory_format=torch.channels_last).requires_grad_()
        cells = []
        for function in steps(layer, x, slope, autocast):
            taken = {True: [], False: []}
            for repeat in range(options.repeats + 2):
                for layer.wide, found in taken.items():
                    spent = seconds(function)
                    if repeat >= 2:  # the first ones fill caches
                        found.append(spent)
            tiled, direct = (1000 * statistics.median(found) for found in taken.values())
            cells += [f"{tiled:.1f}", f"{direct / tiled:.2f}"]
        print(f"| {channels} | {height}x{width} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
