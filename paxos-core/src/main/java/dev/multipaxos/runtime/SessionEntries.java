package dev.multipaxos.runtime;

import dev.multipaxos.DurableStateMachine.Entry;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.WireException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The session table as single entries, for a state machine that stores them with its own state: what a slot has changed, and
 * nothing else. Numbers are big-endian.
 *
 * <table>
 * <caption>Entries</caption>
 * <tr><th>key</th><th>value</th></tr>
 * <tr><td>{@code t}</td><td>log time, 8 bytes</td></tr>
 * <tr><td>{@code s}, session id 8</td><td>last use 8, floor 8, place in the order of last use 8</td></tr>
 * <tr><td>{@code a}, session id 8, sequence 8</td><td>the answer</td></tr>
 * </table>
 *
 * <p>Owned by the thread that executes.
 */
final class SessionEntries {

    static final byte TIME = 't';
    static final byte SESSION = 's';
    static final byte ANSWER = 'a';

    private final Map<Bytes, @Nullable Bytes> changed = new LinkedHashMap<>();

    void time(long logTimeMillis) {
        changed.put(Bytes.wrap(new byte[] {TIME}), numbers(logTimeMillis));
    }

    void session(long id, long lastUseMillis, long floor, long place) {
        changed.put(sessionKey(id), numbers(lastUseMillis, floor, place));
    }

    void sessionGone(long id) {
        changed.put(sessionKey(id), null);
    }

    void answer(long session, long sequence, Bytes answer) {
        changed.put(answerKey(session, sequence), answer);
    }

    void answerGone(long session, long sequence) {
        changed.put(answerKey(session, sequence), null);
    }

    /** {@return what was noted since the last time, each key once} */
    List<Entry> take() {
        List<Entry> entries = new ArrayList<>(changed.size());
        changed.forEach((key, value) -> entries.add(new Entry(key, value)));
        changed.clear();
        return entries;
    }

    /** What a store held. */
    record Table(long logTimeMillis, List<Stored> byLastUse) {}

    /** A session that a store held, with its answers by sequence. */
    record Stored(long id, long lastUseMillis, long floor, long place, Map<Long, Bytes> answers) {}

    /**
     * Puts a table together.
     *
     * @param entries all entries of a store, in any order
     * @return the table
     * @throws WireException if they are not what was stored
     */
    static Table read(List<Entry> entries) throws WireException {
        long logTimeMillis = 0;
        Map<Long, Stored> byId = new HashMap<>();
        Map<Long, Map<Long, Bytes>> answers = new HashMap<>();
        for (Entry entry : entries) {
            ByteBuffer key = entry.key().toByteBuffer();
            Bytes value = entry.value();
            int kind = key.hasRemaining() ? key.get() : 0;
            if (value != null && kind == TIME && key.remaining() == 0 && value.length() == 8) {
                logTimeMillis = value.toByteBuffer().getLong();
            } else if (value != null && kind == SESSION && key.remaining() == 8 && value.length() == 24) {
                ByteBuffer numbers = value.toByteBuffer();
                long id = key.getLong();
                Map<Long, Bytes> own = answers.computeIfAbsent(id, none -> new TreeMap<>());
                byId.put(id, new Stored(id, numbers.getLong(), numbers.getLong(), numbers.getLong(), own));
            } else if (value != null && kind == ANSWER && key.remaining() == 16) {
                answers.computeIfAbsent(key.getLong(), none -> new TreeMap<>()).put(key.getLong(), value);
            } else {
                throw new WireException("the state machine's store holds an entry that is none: " + entry, null);
            }
        }
        if (byId.size() != answers.size()) {
            throw new WireException("the state machine's store holds answers of sessions that it does not hold", null);
        }
        List<Stored> sessions = new ArrayList<>(byId.values());
        sessions.sort(Comparator.comparingLong(Stored::place));
        return new Table(logTimeMillis, sessions);
    }

    private static Bytes sessionKey(long id) {
        return Bytes.wrap(ByteBuffer.allocate(9).put(SESSION).putLong(id).array());
    }

    private static Bytes answerKey(long session, long sequence) {
        return Bytes.wrap(ByteBuffer.allocate(17)
                .put(ANSWER)
                .putLong(session)
                .putLong(sequence)
                .array());
    }

    private static Bytes numbers(long... numbers) {
        ByteBuffer buffer = ByteBuffer.allocate(8 * numbers.length);
        for (long number : numbers) {
            buffer.putLong(number);
        }
        return Bytes.wrap(buffer.array());
    }
}
