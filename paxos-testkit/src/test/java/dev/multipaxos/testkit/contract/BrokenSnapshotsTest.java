package dev.multipaxos.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.testkit.MemoryStorage;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Snapshot stores with one thing wrong, each caught by the contract. */
class BrokenSnapshotsTest {

    /** Passes everything on; each broken one overrides what it breaks. */
    private static class Passing implements SnapshotStore {
        final SnapshotStore under;

        Passing(SnapshotStore under) {
            this.under = under;
        }

        @Override
        public Writer create(int group, long slot) throws StorageException {
            return under.create(group, slot);
        }

        @Override
        public @Nullable Id latest(int group) throws StorageException {
            return under.latest(group);
        }

        @Override
        public @Nullable Id readAgain(int group) throws StorageException {
            return under.readAgain(group);
        }

        @Override
        public @Nullable Reader open(Id id) throws StorageException {
            return under.open(id);
        }
    }

    private static class PassingWriter implements SnapshotStore.Writer {
        final SnapshotStore.Writer under;

        PassingWriter(SnapshotStore.Writer under) {
            this.under = under;
        }

        @Override
        public void write(byte[] source, int offset, int length) throws StorageException {
            under.write(source, offset, length);
        }

        @Override
        public long position() {
            return under.position();
        }

        @Override
        public SnapshotStore.Id commit() throws StorageException {
            return under.commit();
        }

        @Override
        public void close() {
            under.close();
        }
    }

    /** A storage in memory whose snapshots are broken. */
    private abstract static class Broken extends SnapshotStoreContract {
        abstract SnapshotStore broken(SnapshotStore sound);

        @Override
        protected StoragePlace newPlace() {
            MemoryStorage disk = new MemoryStorage();
            UnaryOperator<SnapshotStore> broken = this::broken;
            return new StoragePlace() {
                @Override
                public DurableStorage storage() {
                    return Broken.storage(disk, broken);
                }

                @Override
                public void failSnapshotReads(boolean fail) {
                    disk.failSnapshotReads(fail ? "input/output error" : null);
                }
            };
        }

        private static DurableStorage storage(MemoryStorage disk, UnaryOperator<SnapshotStore> broken) {
            return new BrokenStoragesTest.Passing(disk) {
                @Override
                public SnapshotStore snapshots() {
                    return broken.apply(super.snapshots());
                }
            };
        }
    }

    static class NotBroken extends Broken {
        @Override
        SnapshotStore broken(SnapshotStore sound) {
            return new Passing(sound);
        }
    }

    static class KeepsTheCallersArrays extends Broken {
        @Override
        SnapshotStore broken(SnapshotStore sound) {
            return new Passing(sound) {
                @Override
                public Writer create(int group, long slot) throws StorageException {
                    List<Bytes> kept = new ArrayList<>();
                    return new PassingWriter(super.create(group, slot)) {
                        @Override
                        public void write(byte[] source, int offset, int length) {
                            kept.add(Bytes.wrap(source, offset, length));
                        }

                        @Override
                        public Id commit() throws StorageException {
                            for (Bytes bytes : kept) {
                                under.write(bytes.array(), bytes.offset(), bytes.length());
                            }
                            return under.commit();
                        }
                    };
                }
            };
        }
    }

    static class CommitsWhatIsGivenUp extends Broken {
        @Override
        SnapshotStore broken(SnapshotStore sound) {
            return new Passing(sound) {
                @Override
                public Writer create(int group, long slot) throws StorageException {
                    return new PassingWriter(super.create(group, slot)) {
                        @Override
                        public void close() {
                            try {
                                under.commit();
                            } catch (StorageException | IllegalStateException e) {
                                under.close(); // it was committed before
                            }
                        }
                    };
                }
            };
        }
    }

    static class ReadsOnePieceOnly extends Broken {
        @Override
        SnapshotStore broken(SnapshotStore sound) {
            return new Passing(sound) {
                @Override
                public @Nullable Reader open(Id id) throws StorageException {
                    Reader reader = super.open(id);
                    return reader == null
                            ? null
                            : new Reader() {
                                @Override
                                public Id id() {
                                    return reader.id();
                                }

                                @Override
                                public Bytes read(long offset, int maxBytes) throws StorageException {
                                    return reader.read(offset, (int) Math.min(maxBytes, 65_536 - offset % 65_536));
                                }

                                @Override
                                public void close() {
                                    reader.close();
                                }
                            };
                }
            };
        }
    }

    static class NamesTheHighestGroup extends Broken {
        @Override
        SnapshotStore broken(SnapshotStore sound) {
            return new Passing(sound) {
                @Override
                public @Nullable Id latest(int group) throws StorageException {
                    Id other = super.latest(group + 1);
                    return other == null ? super.latest(group) : other;
                }
            };
        }
    }

    static class TakesWhatCannotBeReadForGone extends Broken {
        @Override
        SnapshotStore broken(SnapshotStore sound) {
            return new Passing(sound) {
                @Override
                public @Nullable Id readAgain(int group) {
                    return null;
                }
            };
        }
    }

    @Test
    void a_store_that_does_not_try_again_what_could_not_be_read_is_caught() {
        assertThat(Contract.failuresOf(TakesWhatCannotBeReadForGone.class))
                .containsKey("one_that_cannot_be_read_for_a_while_stays_and_is_the_latest_again_when_it_can");
    }

    @Test
    void the_store_under_all_of_them_is_not_broken() {
        assertThat(Contract.failuresOf(NotBroken.class)).isEmpty();
    }

    @Test
    void a_store_that_keeps_the_arrays_that_it_is_handed_is_caught() {
        assertThat(Contract.failuresOf(KeepsTheCallersArrays.class))
                .containsKey("a_snapshot_of_any_size_comes_back_as_it_was_written_also_in_the_next_life");
    }

    @Test
    void a_store_that_commits_what_was_given_up_is_caught() {
        assertThat(Contract.failuresOf(CommitsWhatIsGivenUp.class))
                .containsKeys(
                        "there_is_none_before_the_first_is_committed", "one_that_is_given_up_leaves_the_older_one");
    }

    @Test
    void a_store_that_reads_less_than_it_is_asked_for_is_caught() {
        assertThat(Contract.failuresOf(ReadsOnePieceOnly.class)).containsKey("it_is_read_from_any_place");
    }

    @Test
    void a_store_that_mixes_up_groups_is_caught() {
        assertThat(Contract.failuresOf(NamesTheHighestGroup.class))
                .containsKey("the_newest_of_each_group_is_the_latest");
    }
}
