package dev.multipaxos;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The times that a node runs with. They may differ between members, though there is seldom a reason. Change one with the {@code
 * with} methods; {@link PaxosNode.Builder#start} checks all rules at once.
 *
 * @param tick how often the clock of the protocol advances; the other times are rounded up to it. Shorter costs wake-ups,
 *     longer makes the others coarse
 * @param heartbeat how often an idle leader says that it is alive, and how soon a lost message is sent again
 * @param election T: a follower that hears no leader for a random time in [T, 2T) campaigns. Shorter means a shorter gap when
 *     a leader dies, and elections without need when a machine or a collector pauses that long
 * @param callDeadline how long a call may take when it is not told otherwise
 * @param lease how long a lease a leader asks for with every heartbeat, for reads of {@link Consistency#LEASE}; zero, the default: none.
 *     Mostly as long as {@code election}, which makes no failover longer, and the same on every member: none grants a longer one
 *     than its own. At a start a member takes part in no election for so long, or for as long as those that it may have granted before
 */
public record Timing(Duration tick, Duration heartbeat, Duration election, Duration callDeadline, Duration lease) {

    /**
     * By how much the rates of any two members' monotonic clocks may differ where leases are used: one part in a hundred. Clocks that are
     * kept in step by NTP differ by less than a tenth of it. A leader relies on a lease for that much less than its length.
     */
    public static final double LEASE_DRIFT = 0.01;

    /**
     * How long a session lives without a command, in log time: 60 s. It is part of what is replicated, the same on every
     * member, and so no setting.
     */
    public static final Duration SESSION_TIMEOUT = Duration.ofSeconds(60);

    /** {@return tick 10 ms, heartbeat 50 ms, election 250 ms, call deadline 10 s: safe on most networks} */
    public static Timing defaults() {
        return new Timing(
                Duration.ofMillis(10),
                Duration.ofMillis(50),
                Duration.ofMillis(250),
                Duration.ofSeconds(10),
                Duration.ZERO);
    }

    /** {@return tick 10 ms, heartbeat 20 ms, election 120 ms: for machines in one room that do not pause} */
    public static Timing lan() {
        return defaults().withHeartbeat(Duration.ofMillis(20)).withElection(Duration.ofMillis(120));
    }

    /**
     * Changes the tick.
     *
     * @param changed the new tick
     * @return the changed copy
     */
    public Timing withTick(Duration changed) {
        return new Timing(changed, heartbeat, election, callDeadline, lease);
    }

    /**
     * Changes the heartbeat.
     *
     * @param changed the new interval
     * @return the changed copy
     */
    public Timing withHeartbeat(Duration changed) {
        return new Timing(tick, changed, election, callDeadline, lease);
    }

    /**
     * Changes the election time.
     *
     * @param changed the new time
     * @return the changed copy
     */
    public Timing withElection(Duration changed) {
        return new Timing(tick, heartbeat, changed, callDeadline, lease);
    }

    /**
     * Changes the deadline of calls that name none.
     *
     * @param changed the new deadline
     * @return the changed copy
     */
    public Timing withCallDeadline(Duration changed) {
        return new Timing(tick, heartbeat, election, changed, lease);
    }

    /**
     * Changes the lease.
     *
     * @param changed the new length; zero for none
     * @return the changed copy
     */
    public Timing withLease(Duration changed) {
        return new Timing(tick, heartbeat, election, callDeadline, changed);
    }

    /** {@return for how much of a lease a leader relies on it} */
    public Duration leaseUse() {
        return Duration.ofNanos((long) (lease.toNanos() * (1 - LEASE_DRIFT)));
    }

    /** {@return the heartbeat in ticks, rounded up} */
    public int heartbeatTicks() {
        return ticks(heartbeat);
    }

    /** {@return the election time in ticks, rounded up} */
    public int electionTicks() {
        return ticks(election);
    }

    private int ticks(Duration time) {
        long tickNanos = tick.toNanos();
        return Math.toIntExact((time.toNanos() + tickNanos - 1) / tickNanos);
    }

    /**
     * Finds everything that is wrong.
     *
     * @return one sentence each; empty if all is well
     */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        range(problems, "tick", tick, Duration.ofMillis(1), Duration.ofSeconds(1));
        range(problems, "heartbeat", heartbeat, Duration.ofMillis(1), Duration.ofMinutes(1));
        range(problems, "election", election, Duration.ofMillis(1), Duration.ofMinutes(10));
        range(problems, "call deadline", callDeadline, Duration.ofMillis(1), Duration.ofDays(1));
        if (heartbeat.compareTo(tick) < 0) {
            problems.add("heartbeat " + millis(heartbeat) + " must be at least one tick (" + millis(tick) + ")");
        }
        if (election.compareTo(heartbeat.multipliedBy(4)) < 0) {
            problems.add(
                    "election " + millis(election) + " must be at least 4 × heartbeat (" + millis(heartbeat) + ")");
        }
        if (!lease.isZero() && (lease.compareTo(heartbeat.multipliedBy(2)) < 0 || lease.compareTo(election) > 0)) {
            problems.add("lease " + millis(lease) + " must be zero, or at least 2 × heartbeat (" + millis(heartbeat)
                    + ") and at most election (" + millis(election) + ")");
        }
        return problems;
    }

    private static void range(List<String> problems, String name, Duration value, Duration min, Duration max) {
        if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
            problems.add(name + " " + millis(value) + " must be between " + millis(min) + " and " + millis(max));
        }
    }

    private static String millis(Duration time) {
        long nanos = time.toNanosPart() % 1_000_000;
        return nanos == 0 ? time.toMillis() + " ms" : time.toString();
    }
}
