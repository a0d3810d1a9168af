package dev.multipaxos.wire;

import dev.multipaxos.bytes.Bytes;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What a client that is no member, and the member that serves it, say to each other. The protocol never sees it. */
public sealed interface ClientMessage {

    /**
     * Commands, in the layout of {@link Commands}: everything submitted since the client's last flush. A member that leads
     * proposes them; one that does not answers {@link NotLeader}, and none of them entered a slot.
     *
     * @param id the client's name for this frame, ascending
     * @param commands the commands
     */
    record Submit(long id, Bytes commands) implements ClientMessage {}

    /**
     * A read.
     *
     * @param id the client's name for it
     * @param linearizable true to see everything acknowledged before it was sent; false for whatever is there
     * @param lease whether a leader's lease will do for that
     * @param query the application's bytes, for {@code StateMachine.query}
     */
    record Query(long id, boolean linearizable, boolean lease, Bytes query) implements ClientMessage {}

    /** How a command or a query ended. */
    enum Status {
        /** It was executed; the payload is the answer. */
        OK,
        /** Definite: not executed, the member's queues are full. */
        OVERLOADED,
        /** Definite: not executed, its sequence is further ahead of the lowest open one than the session's window. */
        OUTSIDE_WINDOW,
        /** The session is not known (any more); may have been executed, unless this was the first time it was submitted. */
        SESSION_EXPIRED,
        /** Executed before, and its answer was already acknowledged. */
        ALREADY_ACKNOWLEDGED,
        /** Not known: the member stopped waiting. May be submitted again in the session. */
        UNKNOWN,
        /**
         * The state machine refuses queries, or the query failed; or a command was executed, but its answer is too large for a
         * frame. The payload is a text that says why.
         */
        QUERY_FAILED,
        /** The group has stopped on this member: ask another. */
        STOPPED,
        /** Definite: not executed, the cluster cannot take such a command. The payload is a text that says why. */
        REFUSED
    }

    /**
     * How one command ended.
     *
     * @param session as in the command
     * @param sequence as in the command
     * @param status how it ended
     * @param payload the state machine's answer; for a session that was opened its id, 8 bytes, big-endian
     */
    record Result(long session, long sequence, Status status, Bytes payload) {}

    /**
     * How commands ended: everything since the member's last flush.
     *
     * @param results one for each
     */
    record Results(List<Result> results) implements ClientMessage {
        /** Freezes the list. */
        public Results {
            results = List.copyOf(results);
        }
    }

    /**
     * How a query ended.
     *
     * @param id the query
     * @param status how
     * @param payload the answer
     */
    record QueryResult(long id, Status status, Bytes payload) implements ClientMessage {}

    /**
     * The member does not lead: nothing of the frame or query was executed. Also sent unasked when the leader changes.
     *
     * @param id the {@link Submit} or {@link Query} that is refused; 0 if it is only news
     * @param leader the leader that it knows of, or 0
     * @param members every member's address, {@code host:port}, by node id
     * @param diskFull not empty if the member could take no command though it led, and knows nobody who could: whose disk is full,
     *     for people
     */
    record NotLeader(long id, int leader, Map<Integer, String> members, String diskFull) implements ClientMessage {
        /** Freezes the map, in ascending order: that of {@code Map.copyOf} differs from process to process. */
        public NotLeader {
            members = Collections.unmodifiableMap(new TreeMap<>(members));
        }

        /**
         * Says nothing of a disk.
         *
         * @param id as above
         * @param leader as above
         * @param members as above
         */
        public NotLeader(long id, int leader, Map<Integer, String> members) {
            this(id, leader, members, "");
        }
    }
}
