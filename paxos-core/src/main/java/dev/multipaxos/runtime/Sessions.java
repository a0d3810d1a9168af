package dev.multipaxos.runtime;

import dev.multipaxos.DurableStateMachine;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.SnapshotCodec;
import dev.multipaxos.wire.SnapshotPart;
import dev.multipaxos.wire.WireException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The replicated table that makes a command execute at most once however often it is sent ({@code docs/protocol.md} §10). It is
 * a function of the log alone, the same on every member: no clock but log time, and iterated in the order of last use, which
 * the log determines.
 *
 * <p>Owned by the thread that executes.
 */
final class Sessions {

    /** What to do with a command. */
    enum Verdict {
        /** Execute it, and {@link #answer} it. */
        EXECUTE,
        /** It was executed before: {@link #remembered} is the answer. */
        REPEATED,
        /** It was executed before, or given up, and its answer was acknowledged. */
        ACKNOWLEDGED,
        /** It is too far ahead of the session's floor: void. */
        OUTSIDE_WINDOW,
        /** There is no such session (any more): void. */
        EXPIRED
    }

    /** What an answer counts besides its bytes: an empty one must not be free. Part of what is replicated. */
    static final int ANSWER_OVERHEAD_BYTES = 64;

    /** A slot's sessions are numbered from its first id; more than these do not fit into a batch. */
    private static final int OPENED_PER_SLOT_BITS = 20;

    private final long timeoutMillis;
    private final int window;
    private final int sessionsMax;
    private final long answerBytesMax;
    private final SessionsByUse byLastUse = new SessionsByUse();
    private long logTimeMillis;
    private long slot;
    private int openedInSlot;
    private long answerBytes; // of all sessions
    private @Nullable SessionEntries changes; // null: nobody wants to know
    private final Map<Long, Session> changed = new LinkedHashMap<>(); // since they were last taken
    private long lastPlace; // in the order of last use

    Sessions(SessionRules rules) {
        this.timeoutMillis = rules.timeoutMillis();
        this.window = rules.window();
        this.sessionsMax = rules.sessionsMax();
        this.answerBytesMax = rules.answerBytesMax();
    }

    /**
     * Begins a batch: log time moves.
     *
     * @param batchSlot the slot that is executed
     * @param stampMillis the batch's stamp
     */
    void beginBatch(long batchSlot, long stampMillis) {
        slot = batchSlot;
        openedInSlot = 0;
        logTimeMillis = Math.max(logTimeMillis, stampMillis);
    }

    /** Notes that the batch holds a command of a session, which thereby does not expire. Before {@link #expire}. */
    void touch(long session) {
        Session found = use(session);
        if (found != null) {
            found.lastUseMillis = logTimeMillis;
        }
    }

    /** Ends the sessions that were not used for the time-out, up to this batch's log time. */
    void expire() {
        for (Session eldest = byLastUse.eldest(); eldest != null; eldest = byLastUse.eldest()) {
            if (logTimeMillis - eldest.lastUseMillis <= timeoutMillis) {
                return;
            }
            remove(eldest);
        }
    }

    /** Opens a session. If there are too many, the one that was idle longest goes. */
    long open() {
        if (byLastUse.size() >= sessionsMax) {
            remove(Objects.requireNonNull(byLastUse.eldest(), "there may be no session at all"));
        }
        long id = (slot << OPENED_PER_SLOT_BITS) + openedInSlot++;
        byLastUse.add(new Session(id, logTimeMillis));
        use(id);
        return id;
    }

    /** Tells whether a session is there; that counts as use, as every command of it does. */
    boolean keepAlive(long session) {
        return use(session) != null;
    }

    /** Ends a session; false if there is none. */
    boolean close(long session) {
        Session closed = byLastUse.use(session);
        if (closed == null) {
            return false;
        }
        remove(closed);
        return true;
    }

    /** Finds a session and makes it the one last used. */
    private @Nullable Session use(long id) {
        Session found = byLastUse.use(id);
        if (found != null && changes != null) {
            found.place = ++lastPlace;
            changed.put(id, found);
        }
        return found;
    }

    private void remove(Session session) {
        byLastUse.remove(session);
        answerBytes -= session.bytes;
        if (changes != null) {
            changed.remove(session.id);
            session.noteGone(changes);
        }
    }

    /** Judges a command, after it has raised its session's floor. */
    Verdict judge(long id, long sequence, long acknowledgedBelow) {
        Session session = use(id);
        if (session == null) {
            return Verdict.EXPIRED;
        }
        if (changes != null) {
            session.noteAnswersGone(acknowledgedBelow, changes);
        }
        long before = session.bytes;
        session.raiseFloor(acknowledgedBelow);
        answerBytes += session.bytes - before;
        if (sequence < session.floor) {
            return Verdict.ACKNOWLEDGED;
        }
        if (sequence - session.floor >= window) {
            return Verdict.OUTSIDE_WINDOW;
        }
        return session.answer(sequence) == null ? Verdict.EXECUTE : Verdict.REPEATED;
    }

    /** {@return the answer to a command that was just judged to be repeated} */
    Bytes remembered(long id, long sequence) {
        Session session = Objects.requireNonNull(byLastUse.use(id), "the session has gone");
        return Objects.requireNonNull(session.answer(sequence), "the answer has gone");
    }

    /**
     * Keeps the answer to a command that was executed. If all answers are too many bytes then, the session with most of them
     * goes: whoever does not acknowledge what it was told loses its own session, and not somebody else's.
     */
    void answer(long session, long sequence, Bytes answer) {
        Session found = use(session);
        if (found == null) {
            throw new IllegalStateException("session " + session + " ended while a command of it ran");
        }
        long before = found.bytes;
        found.put(sequence, answer);
        answerBytes += found.bytes - before;
        if (changes != null) {
            changes.answer(session, sequence, answer);
        }
        while (answerBytes > answerBytesMax) {
            remove(largest());
        }
    }

    /** The session with most bytes of answers; of several the one with the lowest id. */
    private Session largest() {
        return byLastUse.stream()
                .max(Comparator.<Session>comparingLong(session -> session.bytes)
                        .thenComparing(session -> session.id, Comparator.reverseOrder()))
                .orElseThrow();
    }

    /** {@return what the answers of all sessions count, each with {@link #ANSWER_OVERHEAD_BYTES}} */
    long answerBytes() {
        return answerBytes;
    }

    /** {@return how many sessions are open} */
    int count() {
        return byLastUse.size();
    }

    /** {@return the time of the log, in milliseconds since 1970} */
    long logTimeMillis() {
        return logTimeMillis;
    }

    /**
     * Captures the table. That costs an object and a copy of an array of references for each session, so at most {@link
     * dev.multipaxos.Limits#SESSIONS_MAX} times; no answer is copied.
     *
     * @return what later batches do not change
     */
    SessionTable capture() {
        List<SessionTable.Entry> sessions = new ArrayList<>(byLastUse.size());
        byLastUse.stream()
                .forEach(session -> sessions.add(new SessionTable.Entry(
                        session.id, session.lastUseMillis, session.floor, session.answers.clone())));
        return new SessionTable(logTimeMillis, sessions);
    }

    /**
     * Becomes a table that was written, in the same order of last use.
     *
     * @param header what the snapshot began with
     * @param in stands before the sessions; behind them afterwards
     * @throws WireException if these cannot be; the table is as it was
     * @throws IOException if {@code in} fails; the table is as it was
     */
    void restore(SnapshotPart.Header header, InputStream in) throws IOException {
        if (header.sessions() > sessionsMax) {
            throw new WireException(header.sessions() + " sessions; there are never more than " + sessionsMax, null);
        }
        Map<Long, Session> read = new LinkedHashMap<>();
        long eldestMillis = Long.MIN_VALUE;
        for (int i = 0; i < header.sessions(); i++) {
            SnapshotPart.Session part = SnapshotCodec.readSession(in);
            long usedMillis = part.lastUseMillis();
            if (usedMillis < eldestMillis || usedMillis > header.logTimeMillis()) {
                throw new WireException("session " + part.id() + " is not in its place by last use", null);
            }
            eldestMillis = usedMillis;
            if (read.put(part.id(), restored(part, in)) != null) {
                throw new WireException("session " + part.id() + " comes twice", null);
            }
        }
        byLastUse.clear();
        read.values().forEach(byLastUse::add);
        logTimeMillis = header.logTimeMillis();
        countAnswers();
    }

    private void countAnswers() {
        answerBytes = byLastUse.stream().mapToLong(session -> session.bytes).sum();
    }

    private Session restored(SnapshotPart.Session part, InputStream in) throws IOException {
        Session session = new Session(part.id(), part.lastUseMillis());
        session.floor = part.floor();
        long before = part.floor() - 1;
        for (int i = 0; i < part.answers(); i++) {
            SnapshotPart.Answer answer = SnapshotCodec.readAnswer(in);
            if (answer.sequence() <= before || answer.sequence() - part.floor() >= window) {
                throw new WireException(
                        "session " + part.id() + " has an answer to command " + answer.sequence() + " behind " + before
                                + ", and the floor " + part.floor(),
                        null);
            }
            before = answer.sequence();
            session.put(before, answer.answer());
        }
        return session;
    }

    /** From now on notes what changes; {@link #takeChanges} must be called after every slot. */
    void track() {
        changes = new SessionEntries();
    }

    /** {@return what has changed since the last time} */
    List<DurableStateMachine.Entry> takeChanges() {
        SessionEntries noted = Objects.requireNonNull(changes, "nothing is tracked");
        noted.time(logTimeMillis);
        changed.values().forEach(session -> session.noteTo(noted));
        changed.clear();
        return noted.take();
    }

    /** {@return the whole table, as one change} */
    List<DurableStateMachine.Entry> takeAll() {
        SessionEntries noted = Objects.requireNonNull(changes, "nothing is tracked");
        noted.take();
        changed.clear();
        byLastUse.stream().forEach(session -> {
            session.place = ++lastPlace;
            changed.put(session.id, session);
            for (int place = 0; place < session.answers.length; place++) {
                long sequence = session.floor + place;
                Bytes answer = session.answer(sequence);
                if (answer != null) {
                    noted.answer(session.id, sequence, answer);
                }
            }
        });
        return takeChanges();
    }

    /**
     * Becomes a table that was taken apart.
     *
     * @param entries all entries, in any order
     * @throws WireException if they are not what was stored
     */
    void restore(List<DurableStateMachine.Entry> entries) throws WireException {
        SessionEntries.Table table = SessionEntries.read(entries);
        byLastUse.clear();
        logTimeMillis = table.logTimeMillis();
        for (SessionEntries.Stored stored : table.byLastUse()) {
            Session session = new Session(stored.id(), stored.lastUseMillis());
            session.floor = stored.floor();
            session.place = stored.place();
            lastPlace = stored.place();
            for (Map.Entry<Long, Bytes> answer : stored.answers().entrySet()) {
                if (answer.getKey() < stored.floor() || answer.getKey() - stored.floor() >= window) {
                    throw new WireException(
                            "session " + stored.id() + " has an answer to command " + answer.getKey()
                                    + ", and the floor " + stored.floor(),
                            null);
                }
                session.put(answer.getKey(), answer.getValue());
            }
            byLastUse.add(session);
        }
        countAnswers();
    }
}
