package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Message;
import dev.multipaxos.spi.Transport;
import dev.multipaxos.wire.ClientCodec;
import dev.multipaxos.wire.ClientMessage;
import dev.multipaxos.wire.Edge;
import dev.multipaxos.wire.Envelope;
import dev.multipaxos.wire.PeerCodec;
import java.util.HashMap;
import java.util.Map;

/** Stamps and sends frames; pushes once however much was said. Owned by the event loop. */
final class Outbox implements Driver.Network {

    private final Transport transport;
    private final NodeIdentity identity;
    private final JournalWriter storage;
    private final Map<Integer, Envelope> envelopes = new HashMap<>(); // the last one for each peer
    private boolean said;

    Outbox(Transport transport, NodeIdentity identity, JournalWriter storage) {
        this.transport = transport;
        this.identity = identity;
        this.storage = storage;
    }

    @Override
    public void send(int to, Message message) {
        said = true;
        transport.send(to, PeerCodec.head(envelope(to), message), PeerCodec.body(message));
    }

    /** Says something about commands or reads; false if it was dropped at once. */
    boolean send(int to, Edge edge) {
        said = true;
        return transport.send(to, PeerCodec.head(envelope(to), edge), PeerCodec.body(edge));
    }

    void sendToClient(long connection, ClientMessage message) {
        sendToClient(connection, ClientCodec.head(message), ClientCodec.body(message));
    }

    void sendToClient(long connection, Bytes head, Bytes body) {
        said = true;
        transport.sendToClient(connection, head, body);
    }

    void closeClient(long connection) {
        transport.closeClient(connection);
    }

    @Override
    public void flush() {
        if (said) {
            said = false;
            transport.flush();
        }
    }

    private Envelope envelope(int to) {
        Envelope last = envelopes.get(to);
        long position = storage.position();
        if (last == null || last.position() != position) {
            last = identity.envelope(to, position);
            envelopes.put(to, last);
        }
        return last;
    }
}
