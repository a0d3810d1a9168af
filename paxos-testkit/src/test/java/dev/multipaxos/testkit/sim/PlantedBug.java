package dev.multipaxos.testkit.sim;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Configuration;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Quorums;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.Value;
import dev.multipaxos.runtime.Driver;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import dev.multipaxos.wire.RecordCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Bugs of the kind that systems like this one had, each put between two parts of a node. */
enum PlantedBug implements Plant {
    ANSWER_BEFORE_SYNC("the journal says that records are durable before they are forced", AnswerBeforeSync::new),
    PROMISE_NOT_WRITTEN(
            "a promise is kept in memory only", () -> new NotWritten(new Record.Promised(new Ballot(1, 1)))),
    PREFIX_NOT_WRITTEN(
            "others are told of a chosen prefix that is held, but no record says so",
            () -> new NotWritten(new Record.ChosenUpTo(1))),
    LYING_FORCE("the disk does not do what a force asks for", LyingForce::new),
    DIRECTORY_NOT_SYNCED("new names are not made durable", DirectoryNotSynced::new),
    OLD_COPY_RESTORED("a node starts from an old copy of its disk", OldCopyRestored::new),
    VOTES_FORGOTTEN("a restart loses the votes behind the last chosen prefix", () -> new Forgotten(vote(), true)),
    PROMISE_FORGOTTEN(
            "a restart loses what was promised", () -> new Forgotten(new Record.Promised(new Ballot(1, 1)), false)),
    VALUE_CHANGED("an acceptor votes for another value than the leader proposed", ValueChanged::new),
    QUORUMS_THAT_MISS("one node believes that its own vote is enough to choose", QuorumsThatMiss::new),
    WATERMARK_OF_ANOTHER_BALLOT(
            "a follower takes the watermark of one leader for its own leader's", WatermarkOfAnotherBallot::new),
    PROMISE_WITHOUT_VOTES("a promise does not tell the candidate what was voted for", PromiseWithoutVotes::new);

    private final String breaks;

    @SuppressWarnings("ImmutableEnumChecker") // a constructor
    private final Supplier<Sabotage> sabotage;

    PlantedBug(String breaks, Supplier<Sabotage> sabotage) {
        this.breaks = breaks;
        this.sabotage = sabotage;
    }

    @Override
    public String breaks() {
        return breaks;
    }

    @Override
    public LongFunction<@Nullable String> plant(long events) {
        return seed -> SeedRun.found(new Simulation(seed, SimulationConfig.DEFAULT, sabotage()), events);
    }

    /** {@return the bug, for one run} */
    Sabotage sabotage() {
        return sabotage.get();
    }

    private static Record vote() {
        return new Record.Accepted(1, new Ballot(1, 1), Value.NO_OP);
    }

    private static final class AnswerBeforeSync implements Sabotage {
        @Override
        public Driver.Journal journal(int node, Driver.Journal journal, LongConsumer durable) {
            return new Driver.Journal() {
                @Override
                public void append(Record record, Ballot promised) {
                    journal.append(record, promised);
                }

                @Override
                public void sync(long ticket) {
                    journal.sync(ticket);
                    durable.accept(ticket);
                }
            };
        }
    }

    /** Skips records of one kind, but counts them as written. */
    private record NotWritten(Record like) implements Sabotage {
        @Override
        public DurableStorage storage(int node, DurableStorage storage) {
            return new PassingStorage(storage) {
                @Override
                public void append(
                        int group,
                        int kind,
                        long slotFrom,
                        long slotTo,
                        long promisedRound,
                        int promisedNode,
                        Bytes head,
                        Bytes body)
                        throws StorageException {
                    if (kind != RecordCodec.kind(like)) {
                        super.append(group, kind, slotFrom, slotTo, promisedRound, promisedNode, head, body);
                    }
                }
            };
        }
    }

    private static final class LyingForce implements Sabotage {
        @Override
        public Disk disk(int node, Disk disk) {
            return new PassingDisk(disk) {
                @Override
                public DiskFile create(String name) throws IOException {
                    return new Unforced(super.create(name));
                }

                @Override
                public DiskFile open(String name, boolean writable) throws IOException {
                    return new Unforced(super.open(name, writable));
                }
            };
        }
    }

    private static final class DirectoryNotSynced implements Sabotage {
        @Override
        public Disk disk(int node, Disk disk) {
            return new PassingDisk(disk) {
                @Override
                public void syncDirectory() {
                    // this is the bug
                }
            };
        }
    }

    /** The copy is taken at the second start, and is back at the fourth. */
    private static final class OldCopyRestored implements Sabotage {
        private final Map<Integer, Integer> starts = new HashMap<>();
        private final Map<Integer, SimulatedDisk> copies = new HashMap<>();

        @Override
        public void starts(int node, SimulatedDisk disk) {
            int count = starts.merge(node, 1, Integer::sum);
            SimulatedDisk copy = copies.get(node);
            if (count == 2) {
                copies.put(node, disk.copy());
            } else if (count == 4 && copy != null) {
                disk.become(copy);
            }
        }
    }

    /** Loses, at a start, the records of one kind: all of them, or those behind the last chosen prefix. */
    private record Forgotten(Record like, boolean behindPrefix) implements Sabotage {

        private record Found(int group, int kind, long slotFrom, long slotTo, Bytes bytes) {}

        @Override
        public DurableStorage storage(int node, DurableStorage storage) {
            return new PassingStorage(storage) {
                @Override
                public void replay(RecordVisitor visitor) throws StorageException {
                    List<Found> found = new ArrayList<>();
                    super.replay((group, kind, slotFrom, slotTo, bytes) ->
                            found.add(new Found(group, kind, slotFrom, slotTo, bytes)));
                    int last = 0;
                    for (int i = 0; i < found.size(); i++) {
                        last = found.get(i).kind() == RecordCodec.kind(new Record.ChosenUpTo(1)) ? i : last;
                    }
                    for (int i = 0; i < found.size(); i++) {
                        Found record = found.get(i);
                        if ((behindPrefix && i < last) || record.kind() != RecordCodec.kind(like)) {
                            visit(visitor, record);
                        }
                    }
                }
            };
        }

        private static void visit(DurableStorage.RecordVisitor visitor, Found record) {
            try {
                visitor.record(record.group(), record.kind(), record.slotFrom(), record.slotTo(), record.bytes());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static final class ValueChanged implements Sabotage {
        @Override
        public Message arrives(int from, int to, Message message) {
            return message instanceof Message.Accept accept && from != to && accept.slot() % 16 == 0
                    ? new Message.Accept(accept.ballot(), accept.slot(), Value.NO_OP, accept.chosenUpTo())
                    : message;
        }
    }

    private static final class QuorumsThatMiss implements Sabotage {
        @Override
        public Configuration configuration(int node, Configuration configuration) {
            if (node != 1) {
                return configuration;
            }
            int size = configuration.size();
            int[] members = new int[size];
            for (int i = 0; i < size; i++) {
                members[i] = configuration.member(i);
            }
            return new Configuration(new Quorums(size, size, 1), members);
        }
    }

    /** The highest watermark said by anybody counts, whoever says it. */
    private static final class WatermarkOfAnotherBallot implements Sabotage {
        private long highest;

        @Override
        public Message arrives(int from, int to, Message message) {
            if (message instanceof Message.Accept accept) {
                highest = Math.max(highest, accept.slot());
            }
            return message instanceof Message.Heartbeat beat
                    ? new Message.Heartbeat(beat.ballot(), Math.max(highest, beat.chosenUpTo()), 0, beat.readRound())
                    : message;
        }
    }

    private static final class PromiseWithoutVotes implements Sabotage {
        @Override
        public Message arrives(int from, int to, Message message) {
            return message instanceof Message.Promise promise
                    ? new Message.Promise(
                            promise.ballot(),
                            promise.fromSlot(),
                            promise.coveredFrom(),
                            promise.coveredTo(),
                            List.of(),
                            promise.chosenUpTo(),
                            promise.clearedUpTo())
                    : message;
        }
    }
}
