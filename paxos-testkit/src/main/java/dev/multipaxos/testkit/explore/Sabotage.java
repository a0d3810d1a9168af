package dev.multipaxos.testkit.explore;

import dev.multipaxos.core.Configuration;
import dev.multipaxos.core.Message;

/** Where a test breaks a cluster on purpose, between the parts of a node, to see that the exploration finds it. */
interface Sabotage {

    /** Nothing is broken. */
    Sabotage NONE = new Sabotage() {};

    /** What a node is told of its cluster. */
    default Configuration configuration(int node, Configuration configuration) {
        return configuration;
    }

    /** Whether the driver is told that a record is durable as soon as it was appended, whatever the disk does. */
    default boolean answersBeforeDurable() {
        return false;
    }

    /** Takes the place of a message that arrives. */
    default Message arrives(int from, int to, Message message) {
        return message;
    }

    /** What a node that starts again finds on its disk. */
    default Disk starts(Disk disk) {
        return disk;
    }
}
