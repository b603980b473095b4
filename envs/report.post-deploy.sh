#!/bin/bash
# The two pose estimators, as requirements-pose.txt says and why it says so. Snakemake runs this in the new environment.
set -euo pipefail
python -m pip install --no-deps --no-build-isolation openpifpaf-vita==0.14.2 mediapipe==0.10.21
