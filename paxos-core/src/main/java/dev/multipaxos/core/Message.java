package dev.multipaxos.core;

import java.util.List;

/**
 * What the members of one group say to each other about the log. Any message may be lost, repeated, delayed or reordered at
 * no cost but time. A message is a function of its sender's state: equal states send equal messages.
 */
public sealed interface Message {

    /**
     * Hands this message to the one method that handles its kind.
     *
     * @param handler the receiver
     * @param from the node that sent it
     * @param effects where the receiver puts what it wants done
     */
    void deliverTo(Handler handler, int from, Effects effects);

    /**
     * What the sender must still remember after a crash. The driver holds it until every record appended before it is
     * durable; its content is frozen when it is made.
     */
    sealed interface Binding extends Message permits Prepare, Promise, Accepted, Holds {}

    /** One method for each kind of message, so that the compiler finds the one that was forgotten. */
    @SuppressWarnings("MissingJavadocMethod")
    interface Handler {
        void onPreVote(int from, PreVote message, Effects effects);

        void onPreVoteReply(int from, PreVoteReply message, Effects effects);

        void onPrepare(int from, Prepare message, Effects effects);

        void onPromise(int from, Promise message, Effects effects);

        void onAccept(int from, Accept message, Effects effects);

        void onAccepted(int from, Accepted message, Effects effects);

        void onRejected(int from, Rejected message, Effects effects);

        void onHeartbeat(int from, Heartbeat message, Effects effects);

        void onHeartbeatAck(int from, HeartbeatAck message, Effects effects);

        void onHolds(int from, Holds message, Effects effects);

        void onCatchUpRequest(int from, CatchUpRequest message, Effects effects);

        void onCatchUpReply(int from, CatchUpReply message, Effects effects);
    }

    /**
     * "Would you promise this ballot?" Changes nothing at the receiver.
     *
     * @param ballot the ballot that the sender would use
     * @param chosenUpTo the sender's chosen prefix
     */
    record PreVote(Ballot ballot, long chosenUpTo) implements Message {
        @Override
        public void deliverTo(Handler handler, int from, Effects effects) {
            handler.onPreVote(from, this, effects);
        }
    }

    /**
     * The answer to a {@link PreVote}.
     *
     * @param ballot the ballot asked about
     * @param granted whether the sender would promise it now
     * @param promised the ballot that the sender promised, so that a refused candidate asks with a higher one
     * @param chosenUpTo the sender's chosen prefix
     */
    record PreVoteReply(Ballot ballot, boolean granted, Ballot promised, long chosenUpTo) implements Message {
        @Override
        public void deliverTo(Handler handler, int from, Effects effects) {
            handler.onPreVoteReply(from, this, effects);
        }
    }

    /**
     * Phase 1a. A repeat carries the same {@code fromSlot}.
     *
     * @param ballot the sender's ballot
     * @param fromSlot the first slot that it asks about: the one after its chosen prefix when it began
     * @param resumeAt the first slot of which the receiver's answer is still missing; {@code fromSlot} if all of it is
     */
    record Prepare(Ballot ballot, long fromSlot, long resumeAt) implements Binding {
        /**
         * Asks for the first time.
         *
         * @param ballot the sender's ballot
         * @param fromSlot the first slot that it asks about
         */
        public Prepare(Ballot ballot, long fromSlot) {
            this(ballot, fromSlot, fromSlot);
        }

        /** {@return whether a part of the answer has arrived} */
        public boolean isResumed() {
            return resumeAt > fromSlot;
        }

        @Override
        public void deliverTo(Handler handler, int from, Effects effects) {
            handler.onPrepare(from, this, effects);
        }
    }

    /**
     * Phase 1b, or one chunk of it. A slot that the chunk covers and does not list is empty at the sender. Of a slot that is
     * {@code unknown} no chunk says so: it is covered by none.
     *
     * @param ballot the ballot that is promised
     * @param fromSlot the first slot asked about
     * @param coveredFrom the first slot that this chunk speaks of
     * @param coveredTo the last slot that this chunk speaks of; {@link Long#MAX_VALUE} in the last chunk
     * @param entries what the sender holds there, ascending
     * @param chosenUpTo the sender's chosen prefix; all of it is chosen, none of it is listed
     * @param clearedUpTo the prefix that every member holds and has executed
     * @param unknown the slots of which the sender has lost what it held, between the chunk before this and this one at least;
     *     ascending and disjoint, at most {@link #UNKNOWN_MAX} ranges
     * @param more whether this is as much as is told at once: for what follows the sender wants to be asked again
     */
    record Promise(
            Ballot ballot,
            long fromSlot,
            long coveredFrom,
            long coveredTo,
            List<Entry> entries,
            long chosenUpTo,
            long clearedUpTo,
            List<Unknown> unknown,
            boolean more)
            implements Binding {
        /** So many ranges of unknown slots are named in one chunk at most. */
        public static final int UNKNOWN_MAX = 1_024;

        /** Freezes the lists. */
        public Promise {
            entries = List.copyOf(entries);
            unknown = List.copyOf(unknown);
        }

        /**
         * The last chunk, or one behind which others follow unasked.
         *
         * @param ballot the ballot that is promised
         * @param fromSlot the first slot asked about
         * @param coveredFrom the first slot that this chunk speaks of
         * @param coveredTo the last slot that this chunk speaks of
         * @param entries what the sender holds there, ascending
         * @param chosenUpTo the sender's chosen prefix
         * @param clearedUpTo the prefix that every member holds and has executed
         * @param unknown the slots of which the sender has lost what it held
         */
        public Promise(
                Ballot ballot,
                long fromSlot,
                long coveredFrom,
                long coveredTo,
                List<Entry> entries,
                long chosenUpTo,
                long clearedUpTo,
                List<Unknown> unknown) {
            this(ballot, fromSlot, coveredFrom, coveredTo, entries, chosenUpTo, clearedUpTo, unknown, false);
        }

        /**
         * A chunk of an acceptor that has lost nothing.
         *
         * @param ballot the ballot that is promised
         * @param fromSlot the first slot asked about
         * @param coveredFrom the first slot that this chunk speaks of
         * @param coveredTo the last slot that this chunk speaks of
         * @param entries what the sender holds there, ascending
         * @param chosenUpTo the sender's chosen prefix
         * @param clearedUpTo the prefix that every member holds and has executed
         */
        public Promise(
                Ballot ballot,
                long fromSlot,
                long coveredFrom,
                long coveredTo,
                List<Entry> entries,
                long chosenUpTo,
                long clearedUpTo) {
            this(ballot, fromSlot, coveredFrom, coveredTo, entries, chosenUpTo, clearedUpTo, List.of(), false);
        }

        @Override
        public void deliverTo(Handler handler, int from, Effects effects) {
            handler.onPromise(from, this, effects);
        }
    }

    /**
     * What an acceptor reports of one slot.
     *
     * @param slot the slot
     * @param ballot the ballot at which it was accepted; {@link Ballot#ZERO} if it was only learned
     * @param value the value
     * @param chosen whether the sender knows that it is chosen
     */
    record Entry(long slot, Ballot ballot, Value value, boolean chosen) {}

    /**
     * Slots of which an acceptor has lost what it held: it may have voted in each of them, for whatever value.
     *
     * @param first the first slot
     * @param last the last slot
     * @param upTo no vote that was lost there is of a higher ballot
     */
    record Unknown(long first, long last, Ballot upTo) {}

    /**
     * Phase 2a.
     *
     * @param ballot the leader's ballot
     * @param slot the slot
     * @param value the value proposed in it
     * @param chosenUpTo the leader's chosen prefix
     */
    record Accept(Ballot ballot, long slot, Value value, long chosenUpTo) implements Message {
        @Override
        public void deliverTo(Handler handler, int from, Effects effects) {
            handler.onAccept(from, this, effects);
        }
    }

    /**
     * Phase 2b: the sender voted for what the ballot's leader proposed in each of these slots.
     *
     * @param ballot the ballot of the votes
     * @param slots the slots; may be empty, when all the sender has to say is its chosen prefix
     * @param chosenUpTo the sender's chosen prefix
     */
    record Accepted(Ballot ballot, SlotRanges slots, long chosenUpTo) implements Binding {
        @Override
        public void deliverTo(Handler handler, int from, Effects effects) {
            handler.onAccepted(from, this, effects);
        }
    }

    /**
     * The answer to a {@link Prepare}, {@link Accept} or {@link Heartbeat} of a ballot that is too low.
     *
     * @param promised the ballot that the sender promised
     */
    record Rejected(Ballot promised) implements Message {
        @Override
        public void deliverTo(Handler handler, int from, Effects effects) {
            handler.onRejected(from, this, effects);
        }
    }

    /**
     * The leader is alive; its watermark. Never changes what the receiver promised.
     *
     * @param ballot the leader's ballot
     * @param chosenUpTo the leader's chosen prefix
     * @param clearedUpTo the prefix that every member holds and has executed
     * @param readRound the number of the read round that waits for the answer; 0 if none does
     * @param leaseNanos the length of the lease that the leader wants; 0 if it wants none now
     * @param leaseAskedNanos when it asks, on its own clock, not negative; 0 if it does not
     */
    record Heartbeat(
            Ballot ballot, long chosenUpTo, long clearedUpTo, long readRound, long leaseNanos, long leaseAskedNanos)
            implements Message {

        /** Asks for no lease. */
        public Heartbeat(Ballot ballot, long chosenUpTo, long clearedUpTo, long readRound) {
            this(ballot, chosenUpTo, clearedUpTo, readRound, 0, 0);
        }

        @Override
        public void deliverTo(Handler handler, int from, Effects effects) {
            handler.onHeartbeat(from, this, effects);
        }
    }

    /**
     * The answer to a {@link Heartbeat}: the sender's promise was not above its ballot. A heartbeat that did nothing but bring
     * the news of a choice is not answered: its leader has just heard a quorum vote.
     *
     * @param ballot the ballot of the heartbeat
     * @param chosenUpTo the sender's chosen prefix
     * @param readRound the read round of the heartbeat
     * @param leaseNanos the length of the lease that is granted, as it was asked for; 0: none
     * @param leaseAskedNanos when it was asked for, as the heartbeat says
     */
    record HeartbeatAck(Ballot ballot, long chosenUpTo, long readRound, long leaseNanos, long leaseAskedNanos)
            implements Message {

        /** Grants no lease. */
        public HeartbeatAck(Ballot ballot, long chosenUpTo, long readRound) {
            this(ballot, chosenUpTo, readRound, 0, 0);
        }

        @Override
        public void deliverTo(Handler handler, int from, Effects effects) {
            handler.onHeartbeatAck(from, this, effects);
        }
    }

    /**
     * The watermark of garbage collection: up to here the values and a {@link Record.ChosenUpTo} over them are on the
     * sender's disk, and it has executed them.
     *
     * @param upTo the last slot
     */
    record Holds(long upTo) implements Binding {
        @Override
        public void deliverTo(Handler handler, int from, Effects effects) {
            handler.onHolds(from, this, effects);
        }
    }

    /**
     * Asks for chosen values.
     *
     * @param fromSlot the first slot wanted
     * @param toSlot the last slot wanted
     */
    record CatchUpRequest(long fromSlot, long toSlot) implements Message {
        @Override
        public void deliverTo(Handler handler, int from, Effects effects) {
            handler.onCatchUpRequest(from, this, effects);
        }
    }

    /**
     * Chosen values of consecutive slots, as many as fit into one chunk.
     *
     * @param fromSlot the slot of the first value
     * @param values the values; may be empty, when the sender has none of them
     * @param chosenUpTo the sender's chosen prefix
     */
    record CatchUpReply(long fromSlot, List<Value> values, long chosenUpTo) implements Message {
        /** Freezes the list. */
        public CatchUpReply {
            values = List.copyOf(values);
        }

        @Override
        public void deliverTo(Handler handler, int from, Effects effects) {
            handler.onCatchUpReply(from, this, effects);
        }
    }
}
