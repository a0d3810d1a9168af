package dev.multipaxos;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a call, or the start of a node, can fail. Each kind tells what is <i>true</i>, above all whether the command can still
 * take effect: {@link #mayHaveBeenApplied}. Futures are completed with these; {@code join()} wraps them into a {@link
 * java.util.concurrent.CompletionException}.
 */
public abstract sealed class PaxosException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private PaxosException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /**
     * {@return whether the command may have been executed, or may still be: false is definite, and the command may be proposed
     * again without risk; true means that to propose it again may execute it twice}
     */
    public abstract boolean mayHaveBeenApplied();

    /** A queue is full: the command was refused at once and never left. Slow down, then propose again. */
    public static final class Overloaded extends PaxosException {
        private static final long serialVersionUID = 1;

        /**
         * Reports a full queue.
         *
         * @param message which one, and its limits
         */
        public Overloaded(String message) {
            super(message, null);
        }

        @Override
        public boolean mayHaveBeenApplied() {
            return false;
        }
    }

    /**
     * The disk of this node is nearly full: the command was refused at once and never left. Propose at another member, and free
     * space on this one; it goes on by itself then. A client gets it when its deadline has passed and no member could take the
     * command, or at once if there is but one: the message says where space is needed.
     */
    public static final class DiskFull extends PaxosException {
        private static final long serialVersionUID = 1;

        /**
         * Reports a full disk.
         *
         * @param message whose, and what is left of it
         */
        public DiskFull(String message) {
            super(message, null);
        }

        @Override
        public boolean mayHaveBeenApplied() {
            return false;
        }
    }

    /**
     * The log itself made the command void, for instance because too many earlier ones are still open; or a client's command was
     * refused by the member before it entered the log, because it cannot be decoded there or is too large: the message says which.
     */
    public static final class NotExecuted extends PaxosException {
        private static final long serialVersionUID = 1;

        /**
         * Reports a void command.
         *
         * @param message why it is void
         */
        public NotExecuted(String message) {
            super(message, null);
        }

        @Override
        public boolean mayHaveBeenApplied() {
            return false;
        }
    }

    /**
     * The deadline passed after the command had left for the log: it was executed, or will be, or never will. Read the state to
     * find out, or make the command harmless when executed twice.
     */
    public static final class OutcomeUnknown extends PaxosException {
        private static final long serialVersionUID = 1;

        /**
         * Reports a lost outcome.
         *
         * @param message what was waited for, and how long
         */
        public OutcomeUnknown(String message) {
            super(message, null);
        }

        @Override
        public boolean mayHaveBeenApplied() {
            return true;
        }
    }

    /** The session in which the command was numbered has expired; later calls get a new one by themselves. */
    public static final class SessionExpired extends PaxosException {
        private static final long serialVersionUID = 1;
        private final boolean mayHaveBeenApplied;

        /**
         * Reports an expired session.
         *
         * @param message which one
         * @param mayHaveBeenApplied false only if the command was submitted exactly once
         */
        public SessionExpired(String message, boolean mayHaveBeenApplied) {
            super(message, null);
            this.mayHaveBeenApplied = mayHaveBeenApplied;
        }

        @Override
        public boolean mayHaveBeenApplied() {
            return mayHaveBeenApplied;
        }
    }

    /**
     * The deadline passed, and a command never left, or a read did not run: no leader was known, or none answered. Try again;
     * {@link PaxosNode#status} tells whom this node can reach.
     */
    public static final class Unavailable extends PaxosException {
        private static final long serialVersionUID = 1;

        /**
         * Reports that nobody served the call.
         *
         * @param message what was missing
         */
        public Unavailable(String message) {
            super(message, null);
        }

        @Override
        public boolean mayHaveBeenApplied() {
            return false;
        }
    }

    /** The query of a client was refused by the state machine, or it failed there; the message is the member's. */
    public static final class QueryFailed extends PaxosException {
        private static final long serialVersionUID = 1;

        /**
         * Reports a failed query.
         *
         * @param message what the member says
         */
        public QueryFailed(String message) {
            super(message, null);
        }

        @Override
        public boolean mayHaveBeenApplied() {
            return false;
        }
    }

    /** The node was closed or has stopped for good: {@link #getCause} says why, if it was not closed. Use another member. */
    public static final class NodeStopped extends PaxosException {
        private static final long serialVersionUID = 1;
        private final boolean mayHaveBeenApplied;

        /**
         * Reports a node that is not running any more.
         *
         * @param message what happened and what to do
         * @param cause what stopped it; null if it was closed
         * @param mayHaveBeenApplied whether the command had left for the log
         */
        public NodeStopped(String message, @Nullable Throwable cause, boolean mayHaveBeenApplied) {
            super(message, cause);
            this.mayHaveBeenApplied = mayHaveBeenApplied;
        }

        @Override
        public boolean mayHaveBeenApplied() {
            return mayHaveBeenApplied;
        }
    }

    /** A snapshot could not be taken. The node goes on, with all that it had; the cause says whether its disk or the state machine failed. */
    public static final class SnapshotFailed extends PaxosException {
        private static final long serialVersionUID = 1;

        /**
         * Reports a failed snapshot.
         *
         * @param message which one, and why
         * @param cause what the disk or the state machine threw
         */
        public SnapshotFailed(String message, Throwable cause) {
            super(message, cause);
        }

        @Override
        public boolean mayHaveBeenApplied() {
            return false;
        }
    }

    /**
     * Another member knows that this node's storage is not what the node has voted with: {@link NodeStatus#failure} of a node that
     * stopped over it, and the cause of {@link NodeStopped}. The node must not vote again; {@code docs/replacing-a-node.md} says
     * what to do.
     */
    public static final class StorageRefused extends PaxosException {
        private static final long serialVersionUID = 1;

        /** What is wrong with the storage. */
        public enum Reason {
            /**
             * It is empty, or another's: the member is known by another storage, whose disk is lost or lies elsewhere, or it was
             * started a second time with another directory.
             */
            LOST_MEMORY,
            /** It is known, but more of it was seen than is there: restored from an older copy, or copied and started twice. */
            OLD_COPY
        }

        private final Reason reason;

        /**
         * Reports a storage that is never let in.
         *
         * @param reason what is wrong with it
         * @param message what was seen, and what to do
         */
        public StorageRefused(Reason reason, String message) {
            super(message, null);
            this.reason = reason;
        }

        /** {@return what is wrong with the storage} */
        public Reason reason() {
            return reason;
        }

        @Override
        public boolean mayHaveBeenApplied() {
            return false;
        }
    }

    /** A node could not start: its storage or its address cannot be had. Nothing runs, everything was released. */
    public static final class StartFailed extends PaxosException {
        private static final long serialVersionUID = 1;

        /**
         * Reports a failed start.
         *
         * @param message what is wrong and what to do
         * @param cause what said so
         */
        public StartFailed(String message, Throwable cause) {
            super(message, cause);
        }

        @Override
        public boolean mayHaveBeenApplied() {
            return false;
        }
    }

    /** What a node was told makes no sense; everything that is wrong is said at once. */
    public static final class InvalidConfiguration extends PaxosException {
        private static final long serialVersionUID = 1;
        private final String[] problems;

        /**
         * Reports everything that is wrong.
         *
         * @param problems one sentence each, at least one
         */
        public InvalidConfiguration(List<String> problems) {
            super(problems.size() == 1 ? problems.get(0) : String.join("; ", problems), null);
            this.problems = problems.toArray(String[]::new);
        }

        /** {@return everything that is wrong, one sentence each} */
        public List<String> problems() {
            return List.of(problems);
        }

        @Override
        public boolean mayHaveBeenApplied() {
            return false;
        }
    }
}
