package dev.multipaxos.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.testkit.MemoryStorage;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Storages with one thing wrong, each caught by the contract. */
class BrokenStoragesTest {

    /** Passes everything on to a storage in memory. */
    private static class Passing implements DurableStorage {
        final MemoryStorage under;

        Passing(MemoryStorage under) {
            this.under = under;
        }

        @Override
        public Identity open(int node, Bytes foundingRecord) throws StorageException {
            return under.open(node, foundingRecord);
        }

        @Override
        public void replay(RecordVisitor visitor) throws StorageException {
            under.replay(visitor);
        }

        @Override
        public void append(
                int group, int kind, long slotFrom, long slotTo, long round, int node, Bytes head, Bytes body)
                throws StorageException {
            under.append(group, kind, slotFrom, slotTo, round, node, head, body);
        }

        @Override
        public void sync() throws StorageException {
            under.sync();
        }

        @Override
        public void idle() throws StorageException {
            under.idle();
        }

        @Override
        public long durablePosition() {
            return under.durablePosition();
        }

        @Override
        public long read(int group, long slotFrom, long slotTo, long maxBytes, RecordVisitor visitor)
                throws StorageException {
            return under.read(group, slotFrom, slotTo, maxBytes, visitor);
        }

        @Override
        public void trim(int group, long upTo, long restatedFrom, long keepBytes) throws StorageException {
            under.trim(group, upTo, restatedFrom, keepBytes);
        }

        @Override
        public long trimmedUpTo(int group) {
            return under.trimmedUpTo(group);
        }

        @Override
        public void close() {
            under.close();
        }
    }

    /** The contract for a storage in memory that is broken in some way. */
    abstract static class Broken extends DurableStorageContract {
        private final Function<MemoryStorage, DurableStorage> broken;

        Broken(Function<MemoryStorage, DurableStorage> broken) {
            this.broken = broken;
        }

        @Override
        protected StoragePlace newPlace() {
            return new StoragePlace() {
                private MemoryStorage disk = new MemoryStorage();
                private DurableStorage storage = broken.apply(disk);

                @Override
                public DurableStorage storage() {
                    return storage;
                }

                @Override
                public void crash() {
                    disk = disk.crash();
                    storage = broken.apply(disk);
                }

                @Override
                public void breakDevice() {
                    disk.fail("the device is gone");
                }
            };
        }
    }

    static class NotBroken extends Broken {
        NotBroken() {
            super(Passing::new);
        }
    }

    static class ForgetsTheTail extends Broken {
        ForgetsTheTail() {
            super(disk -> new Passing(disk) {
                private final Deque<Appended> held = new ArrayDeque<>();

                record Appended(int group, int kind, long from, long to, Bytes head, Bytes body) {}

                @Override
                public void append(
                        int group, int kind, long from, long to, long round, int node, Bytes head, Bytes body)
                        throws StorageException {
                    if (!held.isEmpty()) {
                        Appended next = held.remove();
                        super.append(next.group, next.kind, next.from, next.to, round, node, next.head, next.body);
                    }
                    held.add(new Appended(group, kind, from, to, head, body));
                }
            });
        }
    }

    static class LosesTheHead extends Broken {
        LosesTheHead() {
            super(disk -> new Passing(disk) {
                @Override
                public void append(
                        int group, int kind, long from, long to, long round, int node, Bytes head, Bytes body)
                        throws StorageException {
                    super.append(group, kind, from, to, round, node, Bytes.EMPTY, body);
                }
            });
        }
    }

    static class TakesTheWholeArray extends Broken {
        TakesTheWholeArray() {
            super(disk -> new Passing(disk) {
                @Override
                public void append(
                        int group, int kind, long from, long to, long round, int node, Bytes head, Bytes body)
                        throws StorageException {
                    super.append(group, kind, from, to, round, node, head, Bytes.wrap(body.array()));
                }
            });
        }
    }

    static class WritesIntoTheCallersArray extends Broken {
        WritesIntoTheCallersArray() {
            super(disk -> new Passing(disk) {
                @Override
                public void append(
                        int group, int kind, long from, long to, long round, int node, Bytes head, Bytes body)
                        throws StorageException {
                    super.append(group, kind, from, to, round, node, head, body);
                    if (body.length() > 0) {
                        body.array()[body.offset()]++;
                    }
                }
            });
        }
    }

    static class TriesAgainAfterAFailure extends Broken {
        TriesAgainAfterAFailure() {
            super(disk -> new Passing(disk) {
                private boolean failed;

                @Override
                public void append(
                        int group, int kind, long from, long to, long round, int node, Bytes head, Bytes body)
                        throws StorageException {
                    if (!failed) {
                        super.append(group, kind, from, to, round, node, head, body);
                    }
                }

                @Override
                public void sync() throws StorageException {
                    if (!failed) {
                        failed = true;
                        super.sync();
                        failed = false;
                    }
                }
            });
        }
    }

    static class PromisesMoreThanItRead extends Broken {
        PromisesMoreThanItRead() {
            super(disk -> new Passing(disk) {
                @Override
                public long read(int group, long slotFrom, long slotTo, long maxBytes, RecordVisitor visitor)
                        throws StorageException {
                    return Math.max(super.read(group, slotFrom, slotTo, maxBytes, visitor), slotTo);
                }
            });
        }
    }

    static class ReadsTheWrongWay extends Broken {
        ReadsTheWrongWay() {
            super(disk -> new Passing(disk) {
                @Override
                public long read(int group, long slotFrom, long slotTo, long maxBytes, RecordVisitor visitor)
                        throws StorageException {
                    Deque<StoredRecord> found = new ArrayDeque<>();
                    long readTo = super.read(
                            group,
                            slotFrom,
                            slotTo,
                            maxBytes,
                            (g, k, from, to, body) -> found.push(new StoredRecord(g, k, from, to, body)));
                    for (StoredRecord record : found) {
                        try {
                            visitor.record(
                                    record.group(), record.kind(), record.slotFrom(), record.slotTo(), record.body());
                        } catch (java.io.IOException e) {
                            throw new AssertionError(e);
                        }
                    }
                    return readTo;
                }
            });
        }
    }

    static class LetsEverybodyIn extends Broken {
        LetsEverybodyIn() {
            super(disk -> new Passing(disk) {
                private int owner;

                @Override
                public Identity open(int node, Bytes foundingRecord) throws StorageException {
                    owner = owner == 0 ? node : owner;
                    return super.open(owner, foundingRecord);
                }
            });
        }
    }

    @Test
    void the_storage_under_all_of_them_is_not_broken() {
        assertThat(Contract.failuresOf(NotBroken.class)).isEmpty();
    }

    @Test
    void a_storage_that_forgets_the_last_record_when_it_syncs_is_caught() {
        assertThat(Contract.failuresOf(ForgetsTheTail.class))
                .containsKey("what_was_synced_survives_a_crash_and_the_rest_is_lost_from_the_end_only")
                .containsEntry(
                        "what_was_synced_is_there_after_a_close_and_the_rest_is_lost_from_the_end_only",
                        "sync: makes everything appended so far durable; lost were 1");
    }

    @Test
    void a_storage_that_loses_the_head_or_takes_too_much_of_the_body_is_caught() {
        String test = "heads_and_bodies_of_any_size_come_back_one_after_the_other";
        assertThat(Contract.failuresOf(LosesTheHead.class)).containsKey(test);
        assertThat(Contract.failuresOf(TakesTheWholeArray.class)).containsKey(test);
    }

    @Test
    void a_storage_that_writes_into_the_callers_array_is_caught() {
        assertThat(Contract.failuresOf(WritesIntoTheCallersArray.class))
                .containsKey("what_is_handed_over_is_only_read");
    }

    @Test
    void a_storage_that_tries_again_after_a_failure_is_caught() {
        assertThat(Contract.failuresOf(TriesAgainAfterAFailure.class))
                .containsOnlyKeys("after_a_failure_every_call_throws_the_same_and_nothing_more_becomes_durable");
    }

    @Test
    void a_storage_that_says_it_has_read_more_than_there_is_is_caught() {
        assertThat(Contract.failuresOf(PromisesMoreThanItRead.class))
                .containsKey("a_read_says_so_when_it_finds_nothing");
    }

    @Test
    void a_storage_that_reads_the_newest_record_first_is_caught() {
        assertThat(Contract.failuresOf(ReadsTheWrongWay.class))
                .containsKey("the_latest_record_of_a_slot_is_visited_last");
    }

    @Test
    void a_storage_that_opens_for_another_node_is_caught() {
        assertThat(Contract.failuresOf(LetsEverybodyIn.class))
                .containsOnlyKeys("another_node_or_another_foundation_is_refused_and_changes_nothing");
    }
}
