package dev.multipaxos.transport.netty;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * How a {@link NettyTransport} behaves. Immutable; everything that is wrong is said at once.
 *
 * @param handshakeDeadline how long a connection may take to be made, and then to be admitted. Shorter: slow networks never
 *     connect. Longer: silent strangers hold a socket longer
 * @param pingInterval how often the dialling side asks whether the other is there; a connection on which nothing arrived for
 *     three of them is closed. About the same on all nodes and clients. Shorter: a long pause of a process costs its
 *     connections. Longer: a half-open connection lives longer
 * @param peerOutboundBytesMax the most bytes that wait to be written to one node; frames beyond it are dropped. At least the
 *     largest frame. Less: bursts are lost and sent again. More: memory behind a peer that stalls
 * @param clientOutboundBytesMax the most bytes that wait to be written to one client; one that is slower is disconnected. At
 *     least the largest frame
 * @param clientConnectionsMax the most clients at a time; the next is refused with a text that says so
 * @param reconnectMin the first pause before a node is dialled again
 * @param reconnectMax the longest pause; it doubles up to here. Each is drawn between its half and its whole
 * @param bulkIdle after how long without bulk the connection for it is closed. Shorter: it is dialled more often. Longer: a
 *     socket more is held for each node
 * @param eventLoopThreads how many threads serve the connections
 * @param sharesThread whether the node's event loop runs on the first of these threads, which saves two hand-overs between threads for
 *     each message and each answer; else on one of its own, so that a callback of the application's that holds up the loop does not
 *     hold up the connections
 * @param nativeEpoll whether to use Linux's epoll directly if it is there; else Java's NIO
 */
public record NettyOptions(
        Duration handshakeDeadline,
        Duration pingInterval,
        int peerOutboundBytesMax,
        int clientOutboundBytesMax,
        int clientConnectionsMax,
        Duration reconnectMin,
        Duration reconnectMax,
        Duration bulkIdle,
        int eventLoopThreads,
        boolean sharesThread,
        boolean nativeEpoll) {

    private static final Duration DURATION_MAX = Duration.ofHours(1);

    /** Checks all of it. */
    public NettyOptions {
        List<String> wrong = new ArrayList<>();
        checkDuration(wrong, "handshakeDeadline", handshakeDeadline);
        checkDuration(wrong, "pingInterval", pingInterval);
        checkDuration(wrong, "reconnectMin", reconnectMin);
        checkDuration(wrong, "reconnectMax", reconnectMax);
        checkDuration(wrong, "bulkIdle", bulkIdle);
        checkAtLeast(wrong, "peerOutboundBytesMax", peerOutboundBytesMax, Frame.HELLO_BYTES_MAX);
        checkAtLeast(wrong, "clientOutboundBytesMax", clientOutboundBytesMax, Frame.HELLO_BYTES_MAX);
        checkAtLeast(wrong, "clientConnectionsMax", clientConnectionsMax, 0);
        checkAtLeast(wrong, "eventLoopThreads", eventLoopThreads, 1);
        if (reconnectMin.compareTo(reconnectMax) > 0) {
            wrong.add("reconnectMin " + millis(reconnectMin) + " must not be longer than reconnectMax "
                    + millis(reconnectMax));
        }
        if (!wrong.isEmpty()) {
            throw new IllegalArgumentException("the transport's options: " + String.join("; ", wrong));
        }
    }

    /** {@return the options that suit most} */
    public static NettyOptions defaults() {
        return builder().build();
    }

    /** {@return a builder that starts from the defaults} */
    public static Builder builder() {
        return new Builder();
    }

    private static void checkDuration(List<String> wrong, String name, Duration value) {
        if (value.compareTo(Duration.ofMillis(1)) < 0 || value.compareTo(DURATION_MAX) > 0) {
            wrong.add(name + " " + value + " must be 1 ms to 1 h");
        }
    }

    private static void checkAtLeast(List<String> wrong, String name, int value, int min) {
        if (value < min) {
            wrong.add(name + " " + value + " must be at least " + min);
        }
    }

    private static String millis(Duration duration) {
        return duration.toMillis() + " ms";
    }

    /** Collects options; each is described at the record's component of the same name. */
    public static final class Builder {
        private Duration handshakeDeadline = Duration.ofSeconds(5);
        private Duration pingInterval = Duration.ofSeconds(5);
        private int peerOutboundBytesMax = 16 << 20;
        private int clientOutboundBytesMax = 8 << 20;
        private int clientConnectionsMax = 1_024;
        private Duration reconnectMin = Duration.ofMillis(20);
        private Duration reconnectMax = Duration.ofSeconds(2);
        private Duration bulkIdle = Duration.ofSeconds(10);
        private int eventLoopThreads = 1;
        private boolean sharesThread = true;
        private boolean nativeEpoll = true;

        private Builder() {}

        /**
         * Sets {@link NettyOptions#handshakeDeadline}; 5 s if it is not called.
         *
         * @param value the deadline
         * @return this
         */
        public Builder handshakeDeadline(Duration value) {
            handshakeDeadline = value;
            return this;
        }

        /**
         * Sets {@link NettyOptions#pingInterval}; 5 s if it is not called.
         *
         * @param value the interval
         * @return this
         */
        public Builder pingInterval(Duration value) {
            pingInterval = value;
            return this;
        }

        /**
         * Sets {@link NettyOptions#peerOutboundBytesMax}; 16 MiB if it is not called.
         *
         * @param value bytes
         * @return this
         */
        public Builder peerOutboundBytesMax(int value) {
            peerOutboundBytesMax = value;
            return this;
        }

        /**
         * Sets {@link NettyOptions#clientOutboundBytesMax}; 8 MiB if it is not called.
         *
         * @param value bytes
         * @return this
         */
        public Builder clientOutboundBytesMax(int value) {
            clientOutboundBytesMax = value;
            return this;
        }

        /**
         * Sets {@link NettyOptions#clientConnectionsMax}; 1,024 if it is not called.
         *
         * @param value how many, 0 to serve none
         * @return this
         */
        public Builder clientConnectionsMax(int value) {
            clientConnectionsMax = value;
            return this;
        }

        /**
         * Sets {@link NettyOptions#reconnectMin} and {@link NettyOptions#reconnectMax}; 20 ms and 2 s if it is not called.
         *
         * @param min the first pause
         * @param max the longest
         * @return this
         */
        public Builder reconnect(Duration min, Duration max) {
            reconnectMin = min;
            reconnectMax = max;
            return this;
        }

        /**
         * Sets {@link NettyOptions#bulkIdle}; 10 s if it is not called.
         *
         * @param value the time
         * @return this
         */
        public Builder bulkIdle(Duration value) {
            bulkIdle = value;
            return this;
        }

        /**
         * Sets {@link NettyOptions#eventLoopThreads}; 1 if it is not called.
         *
         * @param value how many
         * @return this
         */
        public Builder eventLoopThreads(int value) {
            eventLoopThreads = value;
            return this;
        }

        /**
         * Sets {@link NettyOptions#sharesThread}; true if it is not called.
         *
         * @param value false for a thread of the node's own
         * @return this
         */
        public Builder sharesThread(boolean value) {
            sharesThread = value;
            return this;
        }

        /**
         * Sets {@link NettyOptions#nativeEpoll}; true if it is not called.
         *
         * @param value false for NIO everywhere
         * @return this
         */
        public Builder nativeEpoll(boolean value) {
            nativeEpoll = value;
            return this;
        }

        /**
         * Makes the options.
         *
         * @return the options
         * @throws IllegalArgumentException if anything is wrong; the message names all of it
         */
        public NettyOptions build() {
            return new NettyOptions(
                    handshakeDeadline,
                    pingInterval,
                    peerOutboundBytesMax,
                    clientOutboundBytesMax,
                    clientConnectionsMax,
                    reconnectMin,
                    reconnectMax,
                    bulkIdle,
                    eventLoopThreads,
                    sharesThread,
                    nativeEpoll);
        }
    }
}
