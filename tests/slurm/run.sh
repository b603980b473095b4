#!/usr/bin/env bash
# The smoke preset on a real Slurm: starts one on this machine, runs tests/slurm/scenario.py, stops it again, also
# after a failure, Ctrl-C or SIGTERM. Needs Debian's slurmctld, slurmd, slurm-client and munge; as root it installs
# them where they are missing.
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
if [ -n "${missing[0]:-}" ]; then
	[ "$(id -u)" = 0 ] || fail "the test of the Slurm profile needs Slurm: apt-get install --no-install-recommends ${missing[*]}"
	echo "installing Debian's ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq || fail "apt reaches no package lists, and these packages are missing: ${missing[*]}"
	apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
		fail "apt could not install ${missing[*]}; on a machine without packages this test cannot be run"
fi

folder=$(mktemp -d)
chmod 755 "$folder" # munge wants its socket to be within everyone's reach
scenario=
stop() {
	trap '' INT TERM # what follows takes its time, and must come to its end
	if [ -n "$scenario" ] && kill -TERM "$scenario" 2>/dev/null; then wait "$scenario" || true; fi
	"$here/cluster.sh" down "$folder/slurm" || true
	rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"$here/cluster.sh" up "$folder/slurm"
# in the background, because only then a signal is answered at once
SLURM_CONF="$folder/slurm/slurm.conf" PATH="$folder/slurm/bin:$PATH" PYTHONPATH=workflow_scripts:tests \
	.venv/bin/python "$here/scenario.py" "$folder/work" &
scenario=$!
status=0
wait "$scenario" || status=$?
scenario=
exit "$status"
