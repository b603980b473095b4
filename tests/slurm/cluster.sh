#!/usr/bin/env bash
# A throw-away Slurm of one node on this machine: cluster.sh up FOLDER, cluster.sh down FOLDER.
# Everything is written into FOLDER, on free ports; nothing in /etc, no systemd, two stand-ins for GPUs.
# A client needs SLURM_CONF=FOLDER/slurm.conf and FOLDER/bin first in PATH.
set -euo pipefail
folder=$(realpath -m "$2")
host=$(hostname -s)
export SLURM_CONF="$folder/slurm.conf"

write_configuration() {
	local controller node
	read -r controller node <<<"$(python3 -c '
import socket
ends = [socket.socket() for _ in range(2)]
for end in ends:
    end.bind(("127.0.0.1", 0))
print(*[end.getsockname()[1] for end in ends])')"
	mkdir -p "$folder"/{state,spool,log,run,munge,bin}
	# munge refuses a socket that others cannot reach, and a key that others can read
	chmod 755 "$folder" "$folder"/*/
	chmod 700 "$folder/munge"
	dd if=/dev/urandom of="$folder/munge/munge.key" bs=128 count=1 status=none
	chmod 600 "$folder/munge/munge.key"
	# Slurm only counts GPUs that are character devices; every machine has these two
	printf "NodeName=$host Name=gpu File=%s\n" /dev/null /dev/zero >"$folder/gres.conf"
	echo "# none" >"$folder/cgroup.conf" # slurmd wants the file
	# the plugin takes SLURM_CONF away before it calls srun
	printf '#!/bin/sh\nSLURM_CONF=%s exec %s "$@"\n' "$SLURM_CONF" "$(command -v srun)" >"$folder/bin/srun"
	chmod +x "$folder/bin/srun"
	cat >"$SLURM_CONF" <<-CONFIGURATION
		ClusterName=throwaway
		SlurmctldHost=$host(127.0.0.1)
		SlurmctldPort=$controller
		SlurmdPort=$node
		SlurmUser=$(id -un)
		SlurmdUser=$(id -un)
		AuthType=auth/munge
		AuthInfo=socket=$folder/run/munge.socket
		CredType=cred/munge
		StateSaveLocation=$folder/state
		SlurmdSpoolDir=$folder/spool
		SlurmctldPidFile=$folder/run/slurmctld.pid
		SlurmdPidFile=$folder/run/slurmd.pid
		SlurmctldLogFile=$folder/log/slurmctld.log
		SlurmdLogFile=$folder/log/slurmd.log
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		MpiDefault=none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_CPU_Memory
		SchedulerParameters=bf_interval=2,sched_min_interval=0
		SlurmdParameters=config_overrides
		EnforcePartLimits=ALL
		ReturnToService=2
		KillWait=30
		MinJobAge=3600
		JobAcctGatherType=jobacct_gather/linux
		JobAcctGatherFrequency=2
		JobCompType=jobcomp/filetxt
		JobCompLoc=$folder/log/jobcomp.txt
		GresTypes=gpu
		NodeName=$host NodeAddr=127.0.0.1 CPUs=8 RealMemory=64000 Gres=gpu:2 State=UNKNOWN
		PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
		PartitionName=gpu Nodes=$host MaxTime=INFINITE State=UP
	CONFIGURATION
}

up() {
	write_configuration
	/usr/sbin/munged --key-file="$folder/munge/munge.key" --socket="$folder/run/munge.socket" \
		--pid-file="$folder/run/munged.pid" --log-file="$folder/log/munged.log" --seed-file="$folder/munge/seed"
	/usr/sbin/slurmctld -c
	/usr/sbin/slurmd -N "$host"
	for _ in $(seq 300); do
		if [ "$(timeout 5 sinfo --noheader --Node --format %T 2>/dev/null | sort -u)" = idle ]; then return; fi
		sleep 0.1
	done
	tail -n 20 "$folder"/log/slurm*.log >&2
	echo "error: the node of the throw-away Slurm does not become idle; its logs are above" >&2
	exit 1
}

# a job has KillWait seconds to end by itself; one that stands still is sent on first, by Slurm
empty_queue() {
	timeout 20 scancel --user="$(id -un)" || true
	for _ in $(seq 90); do
		if [ -z "$(timeout 5 squeue --noheader 2>/dev/null)" ]; then return; fi
		sleep 0.5
	done
	echo "these jobs do not end:" >&2
	timeout 5 squeue >&2 || true
}

# Without cgroups Slurm loses sight of a process whose parent has ended. All that ran in a job has this cluster's
# SLURM_CONF from its start.
end_leftovers() {
	local environment
	for environment in $(grep --files-with-matches --null-data --line-regexp "SLURM_CONF=$SLURM_CONF" /proc/[0-9]*/environ 2>/dev/null); do
		environment=${environment#/proc/}
		if [ "${environment%/environ}" != $$ ]; then kill -9 "${environment%/environ}" 2>/dev/null || true; fi
	done
}

# only processes of this cluster: those whose numbers it has written down, and those of its jobs
down() {
	if [ -s "$folder/run/slurmctld.pid" ]; then empty_queue; fi
	for name in slurmd slurmctld munged; do
		if [ ! -s "$folder/run/$name.pid" ]; then continue; fi
		pid=$(cat "$folder/run/$name.pid")
		kill "$pid" 2>/dev/null || continue
		for _ in $(seq 100); do
			if ! kill -0 "$pid" 2>/dev/null; then continue 2; fi
			sleep 0.1
		done
		kill -9 "$pid" 2>/dev/null || true
	done
	end_leftovers
}

"$1"
