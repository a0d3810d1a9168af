package dev.multipaxos.spi;

import dev.multipaxos.bytes.Bytes;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Carries frames between the nodes of a cluster, and between them and clients. A frame arrives whole, unchanged and once, or not
 * at all; between two nodes frames may be lost, but while a connection lasts they keep their order.
 *
 * <p>Two beats, as in {@link DurableStorage}: {@link #send} says many things, {@link #flush} pushes them once.
 *
 * <p>The greeting is opaque here: the first frame in each direction of a connection is a <i>hello</i>, made and judged by the
 * {@link Receiver}. The transport sees to its deadline, and lets nothing else through before both sides were admitted.
 *
 * <p>What is large and can wait, parts of snapshots, goes as <i>bulk</i>: on a connection of its own, or in some other way that
 * lets other frames to the same node pass it, and with a queue of its own. Bulk frames keep their order among themselves.
 *
 * <p><b>Threads.</b> {@link #send}, {@link #sendToClient} and {@link #flush} are called by one thread, {@link #sendBulk} by one
 * that may be another; none of them blocks. A frame that finds a queue full is dropped (to a node) or closes the connection (to a
 * client). The receiver is called by the transport's own threads, one at a time for each connection, and never blocks.
 */
public interface Transport extends AutoCloseable {

    /** The node behind the transport. */
    interface Receiver {
        /**
         * Makes the first frame of a connection.
         *
         * @param node the node that is dialled, or 0 in answer to someone who dialled us
         * @return the greeting
         */
        Bytes hello(int node);

        /**
         * Judges the other side's first frame.
         *
         * @param dialled the node that was dialled, or 0 if the other side dialled
         * @param remote where it comes from, for messages to people
         * @param hello its greeting
         * @return whether it may stay
         */
        Verdict onHello(int dialled, String remote, Bytes hello);

        /**
         * A frame from a node that was admitted.
         *
         * @param node the node
         * @param frame the head and the body that were sent, one after the other; may be kept
         */
        void onPeer(int node, Bytes frame);

        /**
         * A frame from a node that was admitted, sent as bulk. It may come at the same time as {@link #onPeer} of that node.
         *
         * @param node the node
         * @param frame the head and the body that were sent, one after the other; may be kept
         */
        void onBulk(int node, Bytes frame);

        /**
         * A frame from a client that was admitted.
         *
         * @param connection names the connection, never 0, never used again
         * @param frame the frame; may be kept
         */
        void onClient(long connection, Bytes frame);

        /** The frames that were there to be read have been handed over; more may follow. Called once a burst. */
        void onBurstEnd();

        /**
         * A client's connection is closed.
         *
         * @param connection the connection
         */
        void onClientClosed(long connection);

        /**
         * A node can now be reached.
         *
         * @param node the node
         */
        void onPeerConnected(int node);

        /**
         * A node cannot be reached any more; the transport dials again by itself.
         *
         * @param node the node
         */
        void onPeerDisconnected(int node);
    }

    /**
     * Whether a connection may stay.
     *
     * @param node the node at the other side; 0 for a client
     * @param refusal null if it may stay; else why not, for people: it is logged here, and sent to the other side before the
     *     connection is closed, so that it is logged there too
     * @param answer of a refusal: what the other side's {@link Receiver#onHello} is to judge in place of a greeting; empty if the
     *     text says all. It is delivered if the other side dialled
     */
    record Verdict(int node, @Nullable String refusal, Bytes answer) {

        /**
         * Lets a node in.
         *
         * @param node the node
         * @return the verdict
         */
        public static Verdict peer(int node) {
            return new Verdict(node, null, Bytes.EMPTY);
        }

        /**
         * Lets a client in.
         *
         * @return the verdict
         */
        public static Verdict client() {
            return new Verdict(0, null, Bytes.EMPTY);
        }

        /**
         * Refuses.
         *
         * @param why for people, what is wrong and what to do
         * @return the verdict
         */
        public static Verdict refused(String why) {
            return new Verdict(0, why, Bytes.EMPTY);
        }

        /**
         * Adds what the other side is to judge.
         *
         * @param hello in place of a greeting
         * @return the same verdict with it
         */
        public Verdict withAnswer(Bytes hello) {
            return new Verdict(node, refusal, hello);
        }
    }

    /**
     * Binds and listens. Nothing is dialled yet.
     *
     * @param bind where to listen, {@code host:port}; port 0 for any free one
     * @param frameBytesMax the largest frame that is sent or accepted, checked before anything is allocated
     * @param receiver gets what arrives
     * @return the port that is listened on
     * @throws IOException if the address cannot be bound; the message names it
     */
    int start(String bind, int frameBytesMax, Receiver receiver) throws IOException;

    /**
     * Keeps a connection to a node from now on: dials, and dials again with back-off when it is lost. The name is resolved
     * at every dial.
     *
     * @param node the node
     * @param address {@code host:port}
     */
    void connect(int node, String address);

    /**
     * Queues a frame for a node.
     *
     * @param node the node
     * @param head the first part
     * @param body the second part, shared with other frames and the journal
     * @return false if the frame was dropped: not connected, or the queue is full
     */
    boolean send(int node, Bytes head, Bytes body);

    /**
     * Sends a frame that is large and can wait to a node; no {@link #flush} is needed. Ordinary frames to the node do not wait for
     * it. What it needs is made when it is first used after a while, so that the first frames may be refused though the node can be
     * reached; of its coming and going the receiver is told nothing.
     *
     * @param node the node
     * @param head the first part
     * @param body the second part, not changed afterwards
     * @return false if the frame was not taken: not connected, or not yet, or as many wait as may. Try again a little later
     */
    boolean sendBulk(int node, Bytes head, Bytes body);

    /**
     * Queues a frame for a client.
     *
     * @param connection the connection
     * @param head the first part
     * @param body the second part
     * @return false if the connection is closed
     */
    boolean sendToClient(long connection, Bytes head, Bytes body);

    /**
     * Closes a client's connection, after what was queued for it.
     *
     * @param connection the connection
     */
    void closeClient(long connection);

    /** Pushes everything that was queued. */
    void flush();

    /** A thread of the transport's. Thread-safe. */
    interface Host {
        /**
         * Has a task run on the thread, after those that it was given before; soon, and in between what the thread has to do for
         * connections. Nothing happens when the transport is closed.
         *
         * @param task the task, which throws nothing
         */
        void execute(Runnable task);

        /**
         * Has a task run over and over, until the transport is closed.
         *
         * @param task the task, which throws nothing
         * @param everyNanos the time from one run to the next, in nanoseconds
         * @return ends that
         */
        Runnable repeat(Runnable task, long everyNanos);

        /** {@return whether the transport is closed, and no task will run any more} */
        boolean isOver();
    }

    /**
     * A thread of the transport's own on which the node may work, between what arrives there and what leaves there, so that
     * neither is handed to another thread. Asked for once, after {@link #start}. What the node does on it is short and never blocks,
     * unless a callback of the application does; {@link #close} comes after the last of it, and from another thread.
     *
     * @return the thread; null if the node is to have one of its own
     */
    default @Nullable Host host() {
        return null;
    }

    /** Closes every connection and joins every thread of the transport. */
    @Override
    void close();
}
