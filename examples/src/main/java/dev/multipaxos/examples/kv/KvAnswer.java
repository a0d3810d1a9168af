package dev.multipaxos.examples.kv;

import java.util.List;

/** What the store answers. Every change of the store has a number, its revision: 1, 2, 3 … */
public sealed interface KvAnswer {

    /**
     * The write was carried out.
     *
     * @param revision its number
     */
    record Written(long revision) implements KvAnswer {}

    /**
     * The key is there.
     *
     * @param value its value
     * @param revision the number of its last change
     */
    record Found(String value, long revision) implements KvAnswer {}

    /** The key is absent; a delete of it changed nothing. */
    record NotFound() implements KvAnswer {}

    /** The key is as it was at the revision that was seen. */
    record Unchanged() implements KvAnswer {}

    /**
     * The key is not as a compare-and-set expected; nothing was changed.
     *
     * @param value its value; empty if it is absent
     * @param revision the number of its last change; 0 if it is absent
     */
    record Conflict(String value, long revision) implements KvAnswer {}

    /**
     * One key of a page.
     *
     * @param key the key
     * @param value its value
     * @param revision the number of its last change
     */
    record Item(String key, String value, long revision) {}

    /**
     * A page of keys, ascending.
     *
     * @param items the keys
     * @param more whether there are more after the last of them
     */
    record Page(List<Item> items, boolean more) implements KvAnswer {
        /** Freezes the list. */
        public Page {
            items = List.copyOf(items);
        }
    }

    /**
     * How a server sees itself.
     *
     * @param node its node id
     * @param leads whether it leads
     * @param leader the leader that it knows of; 0 if none
     * @param executedSlot the last slot that it executed, perhaps a few ticks ago
     */
    record Member(int node, boolean leads, int leader, long executedSlot) {}

    /**
     * A server and what it holds. Two servers with the same revision have the same content, and so the same hash.
     *
     * @param member the server
     * @param revision the number of its last change
     * @param keys how many keys it has
     * @param contentHash the hash of all keys, values and revisions
     */
    record ServerStatus(Member member, long revision, int keys, long contentHash) implements KvAnswer {}

    /**
     * The command cannot be carried out, and changed nothing.
     *
     * @param reason what is wrong and what to do
     */
    record Refused(String reason) implements KvAnswer {}
}
