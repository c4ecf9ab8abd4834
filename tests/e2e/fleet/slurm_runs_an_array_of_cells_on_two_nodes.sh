# root: slurm
# when: nightly
# at most: 900
. /e2e/inside.sh
. /e2e/fleet.sh
step 'two nodes on one machine'
builder
loopback
# Where there is nothing but 127.0.0.1, getaddrinfo(3) gives no address of a host at all.
ip addr add 192.0.2.1/32 dev lo
echo '192.0.2.1 node1 node2' >>/etc/hosts
mkdir -p /etc/slurm /var/spool/slurmctld /var/spool/slurmd.node1 /var/spool/slurmd.node2 /var/log/slurm
cat >/etc/slurm/slurm.conf <<'END'
ClusterName=lab
SlurmctldHost=lab(192.0.2.1)
SlurmUser=root
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
SlurmdTimeout=10
MpiDefault=none
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.%n.pid
SlurmdSpoolDir=/var/spool/slurmd.%n
StateSaveLocation=/var/spool/slurmctld
SlurmctldLogFile=/var/log/slurm/slurmctld.log
SlurmdLogFile=/var/log/slurm/slurmd.%n.log
NodeName=node1 NodeHostname=node1 NodeAddr=192.0.2.1 Port=17001 CPUs=1 State=UNKNOWN
NodeName=node2 NodeHostname=node2 NodeAddr=192.0.2.1 Port=17002 CPUs=1 State=UNKNOWN
PartitionName=all Nodes=node1,node2 Default=YES MaxTime=INFINITE State=UP
END
printf 'CgroupAutomount=no\nCgroupPlugin=cgroup/v1\n' >/etc/slurm/cgroup.conf
[ -e /etc/munge/munge.key ] || setpriv --reuid munge --regid munge --clear-groups /usr/sbin/mungekey --create
mkdir -p /run/munge
chown munge: /run/munge /etc/munge /var/log/munge /var/lib/munge
setpriv --reuid munge --regid munge --clear-groups /usr/sbin/munged --force
until_true bash -c 'munge -n | unmunge >/dev/null 2>&1'
slurmctld
# A node is who its host name says.
for node in node1 node2; do
    unshare --uts bash -c 'hostname "$0" && exec slurmd' "$node" || { cat /var/log/slurm/*; fail "slurmd of $node"; }
done
both_idle() { [ "$(sinfo -h -o %n -t idle | grep -c node)" -eq 2 ]; }
until_true both_idle || { cat /var/log/slurm/*; exit 1; }

step 'an array of nine jobs'
ends_with 0 matrix --jobs-for slurm
told '^sbatch /srv/store/jobs/matrix.sbatch'
job=$(sbatch --parsable --output /root/slurm-%a.log /srv/store/jobs/matrix.sbatch)
sleep 2
squeue -h -o '%i %T %N'
some_cells() { [ "$(cells)" -ge 2 ]; }
until_true some_cells

step 'one node dies with all that it was doing: Slurm runs that again'
of_node=$(readlink "/proc/$(cat /run/slurmd.node2.pid)/ns/uts")
for process in /proc/[0-9]*; do
    [ "$(readlink "$process/ns/uts")" != "$of_node" ] || kill -9 "${process#/proc/}"
done
finished() { [ -z "$(squeue -h -j "$job" 2>/dev/null)" ]; }
for _ in {1..5}; do finished || sleep 30; done
until_true finished
cat slurm-*.log
scontrol show job "$job" | grep -o 'NodeList=node.' | sort | uniq -c >nodes
cat nodes
[ "$(wc -l <nodes)" -ge 1 ] || fail 'no node had work'
grep -q 'NodeList=node1' /var/log/slurm/slurmctld.log && grep -q 'NodeList=node2' /var/log/slurm/slurmctld.log || fail 'not both nodes had work'
grep -iE 'requeue|node2 not responding|setting DOWN' /var/log/slurm/slurmctld.log || fail 'nobody noticed that a node died'

step 'nothing was lost'
collected
scontrol shutdown
