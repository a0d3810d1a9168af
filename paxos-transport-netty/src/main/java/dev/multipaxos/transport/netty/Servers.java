package dev.multipaxos.transport.netty;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Whom a client dials: the leader if it was told of one, else every address in turn; and how long it waits before it tries
 * again. Owned by the client's event loop.
 */
final class Servers {

    private static final long PAUSE_NANOS_MIN = TimeUnit.MILLISECONDS.toNanos(10);
    private static final int DOUBLINGS_MAX = 6;
    private static final long AVOIDED_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final List<HostPort> seeds;
    private List<HostPort> known;
    /** Who failed, and until when nobody's word sends us back there: followers name a dead leader until they elect another. */
    private final Map<HostPort, Long> avoidedUntilNanos = new HashMap<>();

    private int turn = -1;
    private int troubles;
    private @Nullable HostPort leader;

    Servers(List<HostPort> seeds) {
        this.seeds = List.copyOf(seeds);
        this.known = this.seeds;
    }

    /** A member has said who the members are. The addresses that the client was started with are kept. */
    void learn(Collection<HostPort> members) {
        Set<HostPort> all = new LinkedHashSet<>(seeds);
        all.addAll(members);
        known = new ArrayList<>(all);
        avoidedUntilNanos.keySet().retainAll(all);
    }

    /** A member has said where the leader is. {@return whether it is worth dialling; then it is dialled next} */
    boolean prefer(HostPort address) {
        if (isAvoided(address)) {
            return false;
        }
        leader = address;
        return true;
    }

    /** A server cannot be reached, or does not answer. */
    void failed(HostPort address) {
        avoidedUntilNanos.put(address, System.nanoTime() + AVOIDED_NANOS);
    }

    private boolean isAvoided(HostPort address) {
        Long until = avoidedUntilNanos.get(address);
        return until != null && System.nanoTime() - until < 0;
    }

    /** {@return whom to dial now; a leader only once, in case it is wrong} */
    HostPort choose() {
        HostPort preferred = leader;
        if (preferred != null) {
            leader = null;
            return preferred;
        }
        for (int i = 0; i < known.size(); i++) {
            turn = (turn + 1) % known.size();
            if (!isAvoided(known.get(turn))) {
                break;
            }
        }
        return known.get(turn); // the next one whose failure is not fresh, or else the one whose turn it was
    }

    /** Something was answered: the next trouble is the first one. */
    void progress() {
        troubles = 0;
        avoidedUntilNanos.clear();
    }

    /** {@return how often in a row something went wrong} */
    int troubles() {
        return troubles;
    }

    /**
     * {@return how long to wait after trouble: nothing the first time, then longer and longer, at most about a second; never long
     * if it is known who leads}
     */
    long pauseNanos() {
        int doublings = Math.min(troubles++, leader == null ? DOUBLINGS_MAX : 1);
        long pause = doublings == 0 ? 0 : PAUSE_NANOS_MIN << doublings;
        return pause / 2 + ThreadLocalRandom.current().nextLong(pause / 2 + 1);
    }
}
