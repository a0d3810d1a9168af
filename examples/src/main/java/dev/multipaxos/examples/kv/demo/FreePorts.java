package dev.multipaxos.examples.kv.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;

/** Ports for processes that are about to start. */
public final class FreePorts {

    private FreePorts() {}

    /**
     * Finds ports that nobody listens on, on any address of this machine. All are held until all are found, so that they differ.
     *
     * @param count how many
     * @return the ports; somebody else may take one before it is used
     */
    public static List<Integer> find(int count) {
        List<ServerSocket> held = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                held.add(new ServerSocket(0));
            }
            List<Integer> ports = held.stream().map(ServerSocket::getLocalPort).toList();
            for (ServerSocket socket : held) {
                socket.close();
            }
            return ports;
        } catch (IOException e) {
            throw new UncheckedIOException("no free port on this machine", e);
        }
    }
}
