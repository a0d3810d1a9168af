package dev.multipaxos.runtime;

import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Sessions by their id, and in the order of last use. Not a {@code LinkedHashMap}: that makes an object of the id in each look-up, and
 * every command on every member takes two, 48 bytes.
 *
 * <p>Owned by whoever owns {@link Sessions}.
 */
final class SessionsByUse {
    private static final int PLACES_MIN = 64;
    private static final long SPREAD = 0x9e3779b97f4a7c15L; // ids differ in their middle bits most of all

    private @Nullable Session[] places =
            new @Nullable Session[PLACES_MIN]; // at its home or behind it, with no gap; half of them are free
    private @Nullable Session eldest;
    private @Nullable Session youngest;
    private int size;

    int size() {
        return size;
    }

    /** {@return the one that was idle longest} */
    @Nullable
    Session eldest() {
        return eldest;
    }

    /** {@return all of them, the eldest first} */
    Stream<Session> stream() {
        return Stream.iterate(eldest, Objects::nonNull, session -> session.newer);
    }

    /** Finds a session, and makes it the one last used. */
    @Nullable
    Session use(long id) {
        Session last = youngest;
        if (last != null && last.id == id) {
            return last; // commands of one session come in runs
        }
        Session found = places[find(id)];
        if (found != null) {
            unlink(found);
            link(found);
        }
        return found;
    }

    /** Adds a session that is not there, as the one last used. */
    void add(Session session) {
        if (2 * (size + 1) > places.length) {
            grow();
        }
        places[find(session.id)] = session;
        link(session);
        size++;
    }

    /** Removes a session that is there. */
    void remove(Session session) {
        int hole = find(session.id);
        int mask = places.length - 1;
        for (int at = (hole + 1) & mask; ; at = (at + 1) & mask) {
            Session next = places[at];
            if (next == null) {
                break;
            }
            boolean reaches = ((at - home(next.id)) & mask) >= ((at - hole) & mask);
            if (reaches) { // the gap would hide it
                places[hole] = next;
                hole = at;
            }
        }
        places[hole] = null;
        unlink(session);
        size--;
    }

    void clear() {
        places = new @Nullable Session[PLACES_MIN];
        eldest = null;
        youngest = null;
        size = 0;
    }

    /** Where the session is, or else where it belongs. */
    private int find(long id) {
        int at = home(id);
        for (Session there = places[at]; there != null && there.id != id; there = places[at]) {
            at = (at + 1) & (places.length - 1);
        }
        return at;
    }

    private int home(long id) {
        return (int) ((id * SPREAD) >>> (1 + Long.numberOfLeadingZeros(places.length)));
    }

    private void grow() {
        places = new @Nullable Session[2 * places.length];
        for (Session session = eldest; session != null; session = session.newer) {
            places[find(session.id)] = session;
        }
    }

    private void link(Session session) {
        session.older = youngest;
        if (youngest == null) {
            eldest = session;
        } else {
            youngest.newer = session;
        }
        youngest = session;
    }

    private void unlink(Session session) {
        Session older = session.older;
        Session newer = session.newer;
        if (older == null) {
            eldest = newer;
        } else {
            older.newer = newer;
        }
        if (newer == null) {
            youngest = older;
        } else {
            newer.older = older;
        }
        session.older = null;
        session.newer = null;
    }
}
