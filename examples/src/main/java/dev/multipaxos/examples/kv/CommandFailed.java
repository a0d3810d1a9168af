package dev.multipaxos.examples.kv;

/** A command of the command line failed; the message is one line for its user, who reads it on standard error. */
public final class CommandFailed extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int exitCode;

    /**
     * Reports a failure.
     *
     * @param exitCode what the process exits with, one of those in {@link Kv}
     * @param message what is wrong and what to do
     */
    public CommandFailed(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    int exitCode() {
        return exitCode;
    }
}
