package dev.multipaxos.testkit;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.Transport;
import dev.multipaxos.testkit.contract.TransportClient;
import dev.multipaxos.testkit.contract.TransportContract;
import java.io.IOException;
import java.util.Objects;
import java.util.function.Consumer;

/** The transport for tests: its port is the node's number. */
class LocalTransportContractTest extends TransportContract {

    private final LocalNetwork network = new LocalNetwork(1);

    @Override
    protected Transport newTransport(int node) {
        return network.transport(node);
    }

    @Override
    protected TransportClient dialAsClient(int port, Bytes hello, Consumer<Bytes> frames) throws IOException {
        LocalTransport node = Objects.requireNonNull(network.find(port));
        long connection;
        try {
            connection = node.connectClient(hello, frames);
        } catch (IllegalStateException refused) {
            connection = 0;
        }
        long admitted = connection;
        return new TransportClient() {
            @Override
            public void send(Bytes frame) throws IOException {
                if (admitted == 0) {
                    throw new IOException("refused");
                }
                node.fromClient(admitted, frame);
            }

            @Override
            public void close() {
                node.closeClient(admitted);
            }
        };
    }
}
