package dev.multipaxos.testkit.sim;

import dev.multipaxos.core.Configuration;
import dev.multipaxos.core.Message;
import dev.multipaxos.runtime.Driver;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.storage.disk.Disk;
import java.util.function.LongConsumer;

/**
 * Where a test breaks a cluster on purpose, to see that the simulation finds it. Everything stands between the parts of a node,
 * none of it inside them.
 */
interface Sabotage {

    /** Nothing is broken. */
    Sabotage NONE = new Sabotage() {};

    /** Stands between the storage and the disk. */
    default Disk disk(int node, Disk disk) {
        return disk;
    }

    /** Stands between the node and its storage. */
    default DurableStorage storage(int node, DurableStorage storage) {
        return storage;
    }

    /** Stands between the driver and the journal; {@code durable} tells the driver how far the disk is. */
    default Driver.Journal journal(int node, Driver.Journal journal, LongConsumer durable) {
        return journal;
    }

    /** What a node is told of its cluster. */
    default Configuration configuration(int node, Configuration configuration) {
        return configuration;
    }

    /** Takes the place of a message that arrives. */
    default Message arrives(int from, int to, Message message) {
        return message;
    }

    /** A node is about to start from this disk. */
    default void starts(int node, SimulatedDisk disk) {}
}
