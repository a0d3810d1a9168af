package dev.multipaxos.testkit.explore;

import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Configuration;
import dev.multipaxos.core.Durable;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Message.Entry;
import dev.multipaxos.core.Message.Promise;
import dev.multipaxos.core.Quorums;
import java.util.List;
import java.util.function.UnaryOperator;

/** Bugs between the parts of a node, each with the check that must find it. */
enum PlantedBug {
    /** The driver is told that a record is durable as soon as it was appended. */
    ANSWER_BEFORE_DURABLE("durable before said", 2, new Sabotage() {
        @Override
        public boolean answersBeforeDurable() {
            return true;
        }
    }),
    /** A promise does not tell the candidate what was voted for. */
    PROMISE_WITHOUT_VOTES("agreement", 16, promises(promise -> with(promise, List.of()))),
    /** Of two votes in one slot the candidate takes the one of the lower ballot. */
    LOWEST_BALLOT_WINS(
            "agreement",
            22,
            promises(promise -> with(
                    promise,
                    promise.entries().stream().map(PlantedBug::upsideDown).toList()))),
    /** One node takes its own vote for a quorum. */
    QUORUM_OF_ONE("chosen before executed", 10, new Sabotage() {
        @Override
        public Configuration configuration(int node, Configuration configuration) {
            return node == 1 ? new Configuration(new Quorums(3, 3, 1), 1, 2, 3) : configuration;
        }
    }),
    /** A node that starts again has forgotten its promise, as far as no vote tells it. */
    PROMISE_FORGOTTEN(
            "promises only rise",
            6,
            starts(disk -> new Durable(
                    disk.entries().stream().map(Entry::ballot).reduce(Ballot.ZERO, Ballot::max),
                    disk.base(),
                    disk.chosenUpTo(),
                    disk.entries()))),
    /** A node that starts again has forgotten what it voted for. */
    VOTES_FORGOTTEN("agreement", 18, starts(disk -> new Durable(disk.promised(), disk.base(), disk.base(), List.of()))),
    /** A watermark covers what no quorum has voted for. */
    WATERMARK_TOO_HIGH("chosen before executed", 10, new Sabotage() {
        @Override
        public Message arrives(int from, int to, Message message) {
            return message instanceof Message.Accept accept
                    ? new Message.Accept(accept.ballot(), accept.slot(), accept.value(), accept.slot())
                    : message;
        }
    });

    private final String check;
    private final int stepsMax;

    @SuppressWarnings("ImmutableEnumChecker") // without state
    private final Sabotage sabotage;

    PlantedBug(String check, int stepsMax, Sabotage sabotage) {
        this.check = check;
        this.stepsMax = stepsMax;
        this.sabotage = sabotage;
    }

    String check() {
        return check;
    }

    /** {@return how many steps the shortest way there may have} */
    int stepsMax() {
        return stepsMax;
    }

    Sabotage plant() {
        return sabotage;
    }

    Bounds bounds() {
        boolean slowDisk = this == ANSWER_BEFORE_DURABLE || this == WATERMARK_TOO_HIGH;
        int crashes = this == PROMISE_FORGOTTEN || this == VOTES_FORGOTTEN ? 1 : 0;
        int ballots = this == LOWEST_BALLOT_WINS ? 3 : 2;
        return new Bounds(3, 2, ballots, 1, 1, crashes, slowDisk, true);
    }

    private static Sabotage promises(UnaryOperator<Promise> change) {
        return new Sabotage() {
            @Override
            public Message arrives(int from, int to, Message message) {
                return message instanceof Promise promise ? change.apply(promise) : message;
            }
        };
    }

    private static Sabotage starts(UnaryOperator<Durable> change) {
        return new Sabotage() {
            @Override
            public Disk starts(Disk disk) {
                return new Disk(change.apply(disk.durable()), disk.executed(), disk.unsynced());
            }
        };
    }

    private static Promise with(Promise promise, List<Entry> entries) {
        return new Promise(
                promise.ballot(),
                promise.fromSlot(),
                promise.coveredFrom(),
                promise.coveredTo(),
                entries,
                promise.chosenUpTo(),
                promise.clearedUpTo());
    }

    private static Entry upsideDown(Entry entry) {
        Ballot ballot = entry.ballot();
        return ballot.equals(Ballot.ZERO)
                ? entry
                : new Entry(
                        entry.slot(),
                        new Ballot(100 - ballot.round(), 100 - ballot.node()),
                        entry.value(),
                        entry.chosen());
    }
}
