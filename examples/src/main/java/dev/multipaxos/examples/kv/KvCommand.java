package dev.multipaxos.examples.kv;

/** What the store can be told and asked. */
public sealed interface KvCommand {

    /** Changes the store, and so goes through the log. */
    sealed interface Write extends KvCommand {
        /** {@return the key that it is about} */
        String key();
    }

    /** Changes nothing; answered by one member from its own state. */
    sealed interface Query extends KvCommand {}

    /**
     * Sets a key, whatever it was.
     *
     * @param key the key
     * @param value its new value
     */
    record Put(String key, String value) implements Write {}

    /**
     * Removes a key.
     *
     * @param key the key
     */
    record Delete(String key) implements Write {}

    /**
     * Adds to the end of a value; a key that is absent counts as empty.
     *
     * @param key the key
     * @param value what is added
     */
    record Append(String key, String value) implements Write {}

    /**
     * Sets a key if it is as expected.
     *
     * @param key the key
     * @param expected how it must be
     * @param value its new value
     */
    record CompareAndSet(String key, Expected expected, String value) implements Write {}

    /** How a key must be for a {@link CompareAndSet} to succeed. */
    sealed interface Expected {
        /** It must not be there. */
        record Absent() implements Expected {}

        /**
         * It must have this value.
         *
         * @param value the value
         */
        record Value(String value) implements Expected {}

        /**
         * Its last change must be this one: safe even if the value went away and came back.
         *
         * @param revision the revision of that change
         */
        record Revision(long revision) implements Expected {}
    }

    /**
     * Asks for a value.
     *
     * @param key the key
     */
    record Get(String key) implements Query {}

    /**
     * Asks for a value, if it is another than the one that was seen last.
     *
     * @param key the key
     * @param revision the revision that was seen; 0 if the key was absent
     */
    record GetUnlessSeen(String key, long revision) implements Query {}

    /**
     * Asks for keys in order, one page at a time.
     *
     * @param prefix how the keys begin; empty for all
     * @param after only keys greater than this one; empty to begin
     * @param limit the most items in the answer, 1 to {@link KvStateMachine#PAGE_ITEMS_MAX}; it may have fewer
     */
    record Scan(String prefix, String after, int limit) implements Query {}

    /** Asks a server who it is and what it holds. */
    record Status() implements Query {}

    /**
     * Stands for bytes that are no command. It travels through the log like any other, and is refused with the reason.
     *
     * @param reason what is wrong with the bytes
     */
    record Unreadable(String reason) implements KvCommand {}
}
