package dev.multipaxos.wire;

import java.util.List;

/**
 * What a cluster is founded with, and what never changes afterwards or changes only through the log. Nodes with different
 * founding records never talk: with different quorums or windows they would choose two values.
 *
 * @param group the group
 * @param alpha the window, in slots
 * @param valueBytesMax the largest value, in bytes
 * @param frameBytesMax the largest frame, in bytes
 * @param quorumSystem its name, {@code majority} or {@code flexible}
 * @param phase1 how many of the founders elect
 * @param phase2 how many of the founders choose
 * @param members the founders, ascending by id
 */
public record FoundingRecord(
        int group,
        int alpha,
        int valueBytesMax,
        int frameBytesMax,
        String quorumSystem,
        int phase1,
        int phase2,
        List<Founder> members) {

    /** Freezes the list. */
    public FoundingRecord {
        members = List.copyOf(members);
    }

    /**
     * A founding member.
     *
     * @param node its id
     * @param address {@code host:port}
     */
    public record Founder(int node, String address) {}
}
