package dev.multipaxos.testkit.history;

import java.util.Optional;

/**
 * A map: what most replicated objects are at heart. Each key is a partition; its state is the value, or empty if there is none. A
 * map of one key is a register.
 *
 * @param <K> keys
 * @param <V> values
 */
public final class KeyValue<K, V> implements Specification<Optional<V>, KeyValue.Command<K, V>, Optional<V>> {

    /**
     * What a map is asked for. Every answer is the value, or empty for none, that the key had before.
     *
     * @param <K> keys
     * @param <V> values
     */
    public sealed interface Command<K, V> {
        /** {@return what it is about} */
        K key();
    }

    /**
     * Reads.
     *
     * @param key which
     * @param <K> keys
     * @param <V> values
     */
    public record Get<K, V>(K key) implements Command<K, V> {}

    /**
     * Replaces the value.
     *
     * @param key which
     * @param value the new one
     * @param <K> keys
     * @param <V> values
     */
    public record Put<K, V>(K key, V value) implements Command<K, V> {}

    /**
     * Leaves no value.
     *
     * @param key which
     * @param <K> keys
     * @param <V> values
     */
    public record Remove<K, V>(K key) implements Command<K, V> {}

    /**
     * Replaces the value if it is the expected one; whether it was is seen from the answer.
     *
     * @param key which
     * @param expected the old one, or empty for none
     * @param value the new one
     * @param <K> keys
     * @param <V> values
     */
    public record CompareAndSet<K, V>(K key, Optional<V> expected, V value) implements Command<K, V> {}

    /** Makes the specification; it holds nothing. */
    public KeyValue() {}

    @Override
    public Optional<V> initial() {
        return Optional.empty();
    }

    @Override
    public Object partition(Command<K, V> command) {
        return command.key();
    }

    @Override
    public Step<Optional<V>, Optional<V>> step(Optional<V> value, Command<K, V> command) {
        return new Step<>(after(value, command), value);
    }

    private static <V> Optional<V> after(Optional<V> value, Command<?, V> command) {
        if (command instanceof Put<?, V> put) {
            return Optional.of(put.value());
        } else if (command instanceof CompareAndSet<?, V> change) {
            return value.equals(change.expected()) ? Optional.of(change.value()) : value;
        }
        return command instanceof Remove ? Optional.empty() : value;
    }
}
