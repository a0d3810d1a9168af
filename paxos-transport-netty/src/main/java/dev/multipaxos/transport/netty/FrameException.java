package dev.multipaxos.transport.netty;

import java.io.IOException;

/** Bytes that break the rules of the connection, which is closed; the message says which rule. */
final class FrameException extends IOException {
    private static final long serialVersionUID = 1;

    FrameException(String message) {
        super(message);
    }
}
