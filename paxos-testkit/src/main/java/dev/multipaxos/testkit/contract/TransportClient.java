package dev.multipaxos.testkit.contract;

import dev.multipaxos.bytes.Bytes;
import java.io.IOException;

/**
 * A client at the other end of a connection, speaking what the transport under test understands; see {@link
 * TransportContract#dialAsClient}.
 */
public interface TransportClient extends AutoCloseable {

    /**
     * Sends a frame, and pushes it.
     *
     * @param frame the frame
     * @throws IOException if that cannot be done, as when the connection is closed
     */
    void send(Bytes frame) throws IOException;

    /**
     * Closes the connection. Called again, it does nothing.
     *
     * @throws IOException if that cannot be done
     */
    @Override
    void close() throws IOException;
}
