package dev.multipaxos.testkit.sim;

import dev.multipaxos.core.Message;
import dev.multipaxos.core.SlotRanges;
import dev.multipaxos.core.Value;
import java.util.StringJoiner;

/** Messages for people: short beside an arrow, whole in a table. Values are named by their hash; equal names, equal values. */
final class MessageText {

    private static final int SHORT_ENTRIES = 3;

    private MessageText() {}

    /** {@return the kind, the ballot, the slots} */
    static String brief(Message message) {
        return text(message, SHORT_ENTRIES);
    }

    /** {@return everything but the bytes of the values} */
    static String full(Message message) {
        return text(message, Integer.MAX_VALUE);
    }

    private static String text(Message message, int entriesMax) {
        if (message instanceof Message.PreVote m) {
            return "PreVote " + m.ballot() + "? " + upTo(m.chosenUpTo());
        } else if (message instanceof Message.PreVoteReply m) {
            return "PreVote " + m.ballot() + (m.granted() ? " yes " : " no, " + m.promised() + " ")
                    + upTo(m.chosenUpTo());
        } else if (message instanceof Message.Prepare m) {
            return "Prepare " + m.ballot() + " from slot " + m.fromSlot();
        } else if (message instanceof Message.Promise m) {
            return "Promise " + m.ballot() + entries(m, entriesMax) + " " + upTo(m.chosenUpTo());
        } else if (message instanceof Message.Accept m) {
            return "Accept " + m.ballot() + " slot " + m.slot() + " = " + value(m.value()) + " " + upTo(m.chosenUpTo());
        } else if (message instanceof Message.Accepted m) {
            return "Accepted " + m.ballot() + slots(m.slots(), entriesMax) + " " + upTo(m.chosenUpTo());
        } else if (message instanceof Message.Rejected m) {
            return "Rejected, promised " + m.promised();
        } else if (message instanceof Message.Heartbeat m) {
            return "Heartbeat " + m.ballot() + " " + upTo(m.chosenUpTo()) + round(m.readRound())
                    + lease(m.leaseNanos(), m.leaseAskedNanos());
        } else if (message instanceof Message.HeartbeatAck m) {
            return "Ack " + m.ballot() + " " + upTo(m.chosenUpTo()) + round(m.readRound())
                    + lease(m.leaseNanos(), m.leaseAskedNanos());
        } else if (message instanceof Message.Holds m) {
            return "Holds ≤" + m.upTo();
        } else if (message instanceof Message.CatchUpRequest m) {
            return "CatchUp? " + range(m.fromSlot(), m.toSlot());
        } else if (message instanceof Message.CatchUpReply m) {
            return "CatchUp "
                    + (m.values().isEmpty()
                            ? "nothing"
                            : range(m.fromSlot(), m.fromSlot() + m.values().size() - 1))
                    + " " + upTo(m.chosenUpTo());
        }
        return message.toString();
    }

    private static String entries(Message.Promise promise, int most) {
        StringJoiner text = new StringJoiner(" ", " [", "]").setEmptyValue(" nothing");
        int left = most;
        for (Message.Entry entry : promise.entries()) {
            if (left-- == 0) {
                text.add("+" + (promise.entries().size() - most));
                break;
            }
            text.add(entry.slot() + ":" + value(entry.value()) + (entry.chosen() ? "✓" : "@" + entry.ballot()));
        }
        boolean last = promise.coveredTo() == Long.MAX_VALUE;
        return text + (last ? "" : " to " + promise.coveredTo() + " …");
    }

    private static String slots(SlotRanges slots, int most) {
        if (slots.isEmpty()) {
            return " no slot";
        }
        StringJoiner text =
                new StringJoiner(",", slots.count() == 1 && slots.first(0) == slots.last(0) ? " slot " : " slots ", "");
        for (int i = 0; i < slots.count(); i++) {
            if (i == most) {
                text.add("…");
                break;
            }
            text.add(range(slots.first(i), slots.last(i)));
        }
        return text.toString();
    }

    static String range(long first, long last) {
        return first == last ? Long.toString(first) : first + "–" + last;
    }

    private static String upTo(long slot) {
        return "(≤" + slot + ")";
    }

    private static String lease(long nanos, long askedNanos) {
        return nanos == 0 ? "" : ", lease of " + nanos / 1_000 + " µs from " + askedNanos / 1_000 + " µs";
    }

    private static String round(long round) {
        return round == 0 ? "" : " read " + round;
    }

    static String value(Value value) {
        return value instanceof Value.Batch ? String.format("v%04x", (value.hashCode() * 0x9E3779B9) >>> 16) : "no-op";
    }
}
