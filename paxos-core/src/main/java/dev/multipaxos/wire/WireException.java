package dev.multipaxos.wire;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Bytes that are no valid frame or record; the message says what is wrong with them. */
public final class WireException extends IOException {
    private static final long serialVersionUID = 1;

    /**
     * Reports bad bytes.
     *
     * @param message what is wrong
     * @param cause the parser's complaint, if it made one
     */
    public WireException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
