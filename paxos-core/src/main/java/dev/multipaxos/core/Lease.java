package dev.multipaxos.core;

import java.util.Arrays;
import java.util.List;

/**
 * Leases ({@code docs/protocol.md} §9; the idea is Gray's and Cheriton's, 1989). A member that grants one to a leader promises nobody
 * else anything until it ends, by its own clock, counted from when it was asked. A leader relies on it for a little less, by its own
 * clock, counted from when it asked, which was earlier. While it can rely on members without whom nobody has a phase-1 quorum,
 * nobody else is elected, and so all that was ever acknowledged was chosen before this node led, or by it.
 *
 * <p>The leader itself needs no grant of its own: it promises nothing to others without giving up to lead.
 */
final class Lease {

    private static final long NEVER = Long.MIN_VALUE;

    /**
     * Everything, as a value. Times are in nanoseconds, on this node's clock.
     *
     * @param now the time of the present turn
     * @param grantMax how long a lease this node may grant
     * @param grantee whom it granted the last one; 0 if nobody
     * @param grantedUntil when that one ends
     * @param awaitedUntil when those end that an earlier life of this node may have granted
     * @param askedAt for each member when this leader asked for what that member granted last
     */
    record State(long now, long grantMax, int grantee, long grantedUntil, long awaitedUntil, List<Long> askedAt)
            implements ReplicaState.Part {}

    private final int self;
    private final Parameters parameters;
    private final Configuration configuration;
    private final long[] askedAt;
    private long now;
    private long grantMax;
    private int grantee;
    private long grantedUntil;
    private long awaitedUntil;
    private long heldUntil = NEVER; // follows from askedAt

    Lease(int self, Parameters parameters, Configuration configuration) {
        this.self = self;
        this.parameters = parameters;
        this.configuration = configuration;
        this.askedAt = new long[configuration.size()];
        drop();
    }

    /** What arrived in this turn had arrived by then, and nothing of it is answered earlier. */
    void onNow(long nanos) {
        now = Math.max(now, nanos);
    }

    // ---- the granter's

    void onAwait(long nanos) {
        awaitedUntil = now + nanos;
    }

    void onMayGrant(long nanosMax) {
        grantMax = nanosMax;
    }

    /** Whether a node must not be promised anything yet, nor be told that it would. */
    boolean bars(int candidate) {
        return now < awaitedUntil || isGrantedToAnother(candidate);
    }

    private boolean isGrantedToAnother(int node) {
        return now < grantedUntil && node != grantee;
    }

    /** Grants a lease to a leader whose ballot is not below the promise, unless another one has one, or it is for too long. */
    boolean grant(int leader, long nanos) {
        if (nanos > grantMax || isGrantedToAnother(leader)) {
            return false;
        }
        grantee = leader;
        grantedUntil = Math.max(grantedUntil, now + nanos);
        return true;
    }

    // ---- the leader's

    /** How long a lease to ask for; 0 for none. */
    long wanted() {
        return configuration.size() == 1 ? 0 : parameters.leaseNanos();
    }

    long now() {
        return now;
    }

    /** A member has granted what this leader asked for at its present ballot. */
    void onGrant(int from, long askedNanos) {
        if (wanted() == 0 || askedNanos > now) {
            return; // nobody asked
        }
        int member = configuration.indexOf(from);
        askedAt[member] = Math.max(askedAt[member], askedNanos);
        heldUntil = count();
    }

    /** As long as the oldest of the latest grants lasts without which nobody has a phase-1 quorum. */
    private long count() {
        long others = 0;
        for (int i = 0; i < configuration.size(); i++) {
            others |= configuration.bit(configuration.member(i));
        }
        others &= ~configuration.bit(self);
        long oldest = askedAt[latestOf(others)]; // whoever needs all needs this node, too
        while (configuration.isPhase1Quorum(others)) {
            int latest = latestOf(others);
            oldest = askedAt[latest];
            others &= ~(1L << latest);
        }
        return oldest == NEVER ? NEVER : oldest + parameters.leaseUseNanos();
    }

    private int latestOf(long members) {
        int latest = Long.numberOfTrailingZeros(members);
        for (int i = latest + 1; i < askedAt.length; i++) {
            if ((members & 1L << i) != 0 && askedAt[i] > askedAt[latest]) {
                latest = i;
            }
        }
        return latest;
    }

    /** When this leader can no longer rely on it; in the past if it never could. */
    long heldUntil() {
        return heldUntil;
    }

    /** Leadership is over. */
    void drop() {
        Arrays.fill(askedAt, NEVER);
        heldUntil = NEVER;
    }

    State state() {
        return new State(
                now,
                grantMax,
                grantee,
                grantedUntil,
                awaitedUntil,
                Arrays.stream(askedAt).boxed().toList());
    }

    void restore(State state) {
        now = state.now();
        grantMax = state.grantMax();
        grantee = state.grantee();
        grantedUntil = state.grantedUntil();
        awaitedUntil = state.awaitedUntil();
        for (int i = 0; i < askedAt.length; i++) {
            askedAt[i] = state.askedAt().get(i);
        }
        heldUntil = wanted() == 0 ? NEVER : count();
    }
}
