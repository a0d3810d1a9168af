package dev.multipaxos.wire;

import dev.multipaxos.core.Message;

/** Receives what {@link PeerCodec} decodes. */
public interface PeerFrames {

    /**
     * A message of the protocol.
     *
     * @param envelope who sent it
     * @param message what it says
     */
    void onMessage(Envelope envelope, Message message);

    /**
     * A message about commands or reads.
     *
     * @param envelope who sent it
     * @param edge what it says
     */
    void onEdge(Envelope envelope, Edge edge);
}
