package dev.multipaxos.runtime;

import dev.multipaxos.PaxosException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Why a node does not run any more.
 *
 * @param node its id
 * @param cause what stopped it; null if it was closed
 */
record Ending(int node, @Nullable Throwable cause) {

    /**
     * What a call is told.
     *
     * @param left whether its command had left for the log
     */
    PaxosException.NodeStopped exception(boolean left) {
        String outcome = left ? "the command had been sent and may be executed" : "nothing was executed for this call";
        String message = cause == null
                ? "node " + node + " is closed; " + outcome
                : "node " + node + " has stopped: " + reason() + "; " + outcome
                        + "; use another member, and deal with the cause before this one is started again";
        return new PaxosException.NodeStopped(message, cause, left);
    }

    private String reason() {
        return cause == null ? "it was closed" : Objects.requireNonNullElse(cause.getMessage(), cause.toString());
    }
}
