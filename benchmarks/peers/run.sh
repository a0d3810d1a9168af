#!/bin/sh
# Measures systems side by side. See README.md.
#   ./run.sh build [-pl core,limits,ideal,paxos]
#   ./run.sh limits [seconds]
#   ./run.sh [--what=load|failover|recovery] [--rounds=3] [--payload=128] [--steps=w512,w64,w1,r64] ... VARIANT...
#   ./run.sh compare [--rounds=3] [--measure=15] ...
#   ./run.sh table RESULTS...
#   ./run.sh plot RESULTS DIRECTORY
set -eu
cd "$(dirname "$0")"
case "${1:-}" in
    build) shift
        (cd ../.. && mvn -q -B -DskipTests -Djacoco.skip -Dspotless.check.skip -pl paxos-bom,paxos-storage,paxos-transport-netty -am install)
        exec mvn -q -B package "$@" ;;
    limits) shift; exec ${NICE:+nice -n "$NICE"} java -cp 'limits/target/classes:limits/target/lib/*' peerbench.limits.Limits target/limits "$@" ;;
    compare) shift # what docs/performance.md publishes, in one go: about two hours, in which the machine must do nothing else
        results=target/compare.txt
        rm -rf "$results" target/compare-histograms
        run() { ./run.sh --results="$results" "$@"; }
        run "$@" paxos paxos:loop=true ideal aeron:sync=1 zookeeper etcd jraft ratis:warm=60 \
            paxos@embedded paxos:loop=true@embedded ideal@embedded jgroups@embedded jraft@embedded microraft:store=sqlite@allinone
        run --steps=w512,w1,r64 "$@" paxos:lease=true jraft paxos:lease=true@embedded paxos@embedded jgroups@embedded
        run --payload=1024 --steps=w512 "$@" paxos paxos:loop=true ideal aeron:sync=1 jraft paxos@embedded jgroups@embedded
        run --steps=w4096 "$@" paxos ideal paxos@embedded
        for payload in 16 16384; do
            run --payload=$payload --steps=w4096,w512,w64,w1 "$@" paxos ideal paxos@embedded
        done
        run --what=failover "$@" paxos paxos:lan=true paxos:lease=true zookeeper:connect=any etcd:connect=any ratis:warm=60
        run --what=recovery "$@" paxos zookeeper
        ./run.sh table "$results"
        exec ./run.sh plot "$results" target/compare-plots ;;
esac
disk=$(lsblk -no pkname "$(df --output=source . | tail -1)" 2>/dev/null | head -1)
[ -n "$disk" ] || disk=$(basename "$(df --output=source . | tail -1)")
# some systems listen on all addresses: give them a network of their own, with nothing but a loopback
if [ "${1:-}" != table ] && [ "${1:-}" != plot ] && [ "${NETNS:-1}" = 1 ] && unshare -n true 2>/dev/null; then
    export NETNS=0
    exec unshare -n sh -c 'ip link set lo up && exec "$0" "$@"' ./run.sh "$@"
fi
# NICE=-10 keeps the measured processes ahead of other work on a shared machine (the children inherit it)
exec ${NICE:+nice -n "$NICE"} java -Xmx256m -XX:+UseSerialGC -Dbase="$PWD" -Ddisk="$disk" -Detcd="${ETCD:-etcd}" \
    ${EXTRA:+"-Dextra=$EXTRA"} \
    ${WORKER_JAVA:+-Dworker.java="$WORKER_JAVA"} ${WORKER_JVM:+"-Dworker.jvm=$WORKER_JVM"} \
    -cp 'core/target/classes:core/target/lib/*' peerbench.Runner "$@"
