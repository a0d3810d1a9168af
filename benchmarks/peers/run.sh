#!/bin/sh
# Measures systems side by side. See README.md.
#   ./run.sh build [-pl core,limits,ideal,paxos]
#   ./run.sh limits [seconds]
#   ./run.sh [--what=load|failover|recovery] [--rounds=3] [--payload=128] [--steps=w512,w64,w1,r64] ... VARIANT...
#   ./run.sh table RESULTS...
#   ./run.sh plot RESULTS DIRECTORY
set -eu
cd "$(dirname "$0")"
case "${1:-}" in
    build) shift
        (cd ../.. && mvn -q -B -DskipTests -Djacoco.skip -Dspotless.check.skip -pl paxos-bom,paxos-storage,paxos-transport-netty -am install)
        exec mvn -q -B package "$@" ;;
    limits) shift; exec ${NICE:+nice -n "$NICE"} java -cp 'limits/target/classes:limits/target/lib/*' peerbench.limits.Limits target/limits "$@" ;;
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
