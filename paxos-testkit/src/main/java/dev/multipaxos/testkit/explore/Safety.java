package dev.multipaxos.testkit.explore;

import static dev.multipaxos.testkit.explore.Broken.check;

import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Durable;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Message.Entry;
import dev.multipaxos.core.SlotRanges;
import dev.multipaxos.core.Value;
import org.jspecify.annotations.Nullable;

/** What may never be false of one node ({@code docs/protocol.md} §2); what concerns several is in {@link Explorer}. */
final class Safety {

    private Safety() {}

    /** Durable before said: what a message promises for its sender is on the sender's disk when it leaves. */
    static void checkDurable(int node, Message message, Durable disk) {
        if (message instanceof Message.Prepare prepare) {
            checkPromised(node, message, prepare.ballot(), disk);
        } else if (message instanceof Message.Promise promise) {
            checkPromised(node, message, promise.ballot(), disk);
            checkTellsEveryVote(node, promise, disk);
        } else if (message instanceof Message.Accepted accepted) {
            SlotRanges slots = accepted.slots();
            slots.forEachWithin(disk.base() + 1, Long.MAX_VALUE - 1, slot -> {
                Entry vote = entry(disk, slot);
                check(
                        vote != null && (vote.chosen() || !vote.ballot().isBelow(accepted.ballot())),
                        () -> notDurable(node, message, disk));
            });
        }
    }

    private static void checkPromised(int node, Message message, Ballot ballot, Durable disk) {
        check(!disk.promised().isBelow(ballot), () -> notDurable(node, message, disk));
    }

    private static void checkTellsEveryVote(int node, Message.Promise promise, Durable disk) {
        for (Entry told : promise.entries()) {
            Entry vote = entry(disk, told.slot());
            check(
                    told.slot() <= disk.base()
                            || told.ballot().equals(Ballot.ZERO)
                            || (vote != null && (vote.chosen() || !vote.ballot().isBelow(told.ballot()))),
                    () -> notDurable(node, promise, disk));
        }
        for (Entry vote : disk.entries()) {
            boolean asked = vote.slot() >= Math.max(promise.coveredFrom(), promise.chosenUpTo() + 1)
                    && vote.slot() <= promise.coveredTo()
                    && !vote.ballot().equals(Ballot.ZERO)
                    && vote.ballot()
                            .isBelow(promise.ballot()); // at the ballot itself, it came after the promise was made
            check(
                    !asked || promise.entries().stream().anyMatch(told -> told.slot() == vote.slot()),
                    () -> "a promise tells every vote: node " + node + " says " + promise + ", and its disk " + disk);
        }
    }

    private static @Nullable Entry entry(Durable disk, long slot) {
        for (Entry entry : disk.entries()) {
            if (entry.slot() == slot) {
                return entry;
            }
        }
        return null;
    }

    private static String notDurable(int node, Message message, Durable disk) {
        return "durable before said: node " + node + " says " + message + ", but its disk " + disk;
    }

    /** Promises only rise, over all lives; so do the ends of prefixes on the disk. */
    static void checkRises(NodeState before, NodeState after) {
        Durable was = before.disk().durable();
        Durable is = after.disk().durable();
        check(
                !is.promised().isBelow(was.promised()) && is.chosenUpTo() >= was.chosenUpTo(),
                () -> "promises only rise: the disk of node " + before.node() + " was " + was + " and is " + is);
    }

    /** Validity: a no-op, or what a client asked for in this very slot, at no later ballot than the vote. */
    static void checkValid(int node, long slot, @Nullable Value value) {
        check(
                value == null || value.equals(Value.NO_OP) || slotOf(value) == slot,
                () -> "validity: node " + node + " has " + value + " in slot " + slot);
    }

    /** Slots are told apart by what the values say, see {@link Steps}. */
    private static long slotOf(Value value) {
        String text = value instanceof Value.Batch batch ? batch.commands().toUtf8() : "";
        return text.matches("[0-9.]+/[0-9]+") ? Long.parseLong(text.substring(text.indexOf('/') + 1)) : -1;
    }
}
