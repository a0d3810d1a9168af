package dev.multipaxos.wire;

import com.google.protobuf.CodedInputStream;
import dev.multipaxos.bytes.Bytes;
import java.io.IOException;

/**
 * What follows a head in a frame or record: bytes that are cut by the lengths in the head, in their order, not copied.
 */
final class Body {
    private final Bytes bytes;
    private int at;

    private Body(Bytes bytes) {
        this.bytes = bytes;
    }

    /**
     * Finds the body behind a head, and leaves the parser inside the head.
     *
     * @param whole a head behind its length, then a body
     * @param in a parser of it, at its begin
     * @return the body
     * @throws IOException if the head is longer than the whole
     */
    static Body behindHead(Bytes whole, CodedInputStream in) throws IOException {
        int head = in.readRawVarint32();
        int start = in.getTotalBytesRead();
        if (head < 0 || head > whole.length() - start) {
            throw Head.bad(
                    "a head of " + head + " bytes in " + (whole.length() - start) + "; it was cut, or is no head");
        }
        in.pushLimit(head);
        return new Body(whole.slice(start + head, whole.length() - start - head));
    }

    /**
     * Takes the next bytes.
     *
     * @param length how many
     * @return these bytes
     * @throws WireException if there are not so many
     */
    Bytes take(int length) throws WireException {
        if (length < 0 || length > bytes.length() - at) {
            throw Head.bad("the head speaks of " + length + " more bytes, the body has " + (bytes.length() - at));
        }
        Bytes part = bytes.slice(at, length);
        at += length;
        return part;
    }

    /**
     * Checks that all of it was taken.
     *
     * @throws WireException if something is left
     */
    void end() throws WireException {
        if (at != bytes.length()) {
            throw Head.bad("the body has " + (bytes.length() - at) + " bytes that no head speaks of");
        }
    }
}
