package dev.multipaxos.transport.netty;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
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

    private final List<HostPort> seeds;
    private List<HostPort> known;
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
    }

    /** A member has said where the leader is: it is dialled next. */
    void prefer(HostPort address) {
        leader = address;
    }

    /** {@return whom to dial now; a leader only once, in case it is wrong} */
    HostPort choose() {
        HostPort preferred = leader;
        if (preferred != null) {
            leader = null;
            return preferred;
        }
        turn = (turn + 1) % known.size();
        return known.get(turn);
    }

    /** Something was answered: the next trouble is the first one. */
    void progress() {
        troubles = 0;
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
