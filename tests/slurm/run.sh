#!/usr/bin/env bash
# The smoke preset on a real Slurm: starts one on this machine, runs tests/slurm/scenario.py, stops it again.
# Needs root and Debian's slurmctld, slurmd, slurm-client and munge, which it installs where they are missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=tests/slurm
packages=(slurmctld slurmd slurm-client munge)

fail() {
	echo "error: $*" >&2
	exit 1
}

missing=()
for package in "${packages[@]}"; do
	if ! dpkg-query --show --showformat '${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then missing+=("$package"); fi
done
[ "$(id -u)" = 0 ] || fail "the test of the Slurm profile starts Slurm's daemons, and so needs root" \
	"${missing[0]:+(and these packages, which it would install: ${missing[*]})}; run it as root, or in a container"
if [ -n "${missing[0]:-}" ]; then
	echo "installing Debian's ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq || fail "apt reaches no package lists, and these packages are missing: ${missing[*]}"
	apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
		fail "apt could not install ${missing[*]}; on a machine without packages this test cannot be run"
fi

folder=$(mktemp -d)
chmod 755 "$folder" # munge wants its socket to be within everyone's reach
trap '"$here/cluster.sh" down "$folder/slurm" || true; rm -rf "$folder"' EXIT
"$here/cluster.sh" up "$folder/slurm"
SLURM_CONF="$folder/slurm/slurm.conf" PATH="$folder/slurm/bin:$PATH" PYTHONPATH=workflow_scripts:tests \
	.venv/bin/python "$here/scenario.py" "$folder/work"
