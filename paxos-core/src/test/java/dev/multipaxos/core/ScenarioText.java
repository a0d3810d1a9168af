package dev.multipaxos.core;

import dev.multipaxos.core.Cluster.Flight;
import dev.multipaxos.core.Cluster.Node;
import dev.multipaxos.core.Message.Accept;
import dev.multipaxos.core.Message.Accepted;
import dev.multipaxos.core.Message.CatchUpReply;
import dev.multipaxos.core.Message.CatchUpRequest;
import dev.multipaxos.core.Message.Entry;
import dev.multipaxos.core.Message.Heartbeat;
import dev.multipaxos.core.Message.HeartbeatAck;
import dev.multipaxos.core.Message.Holds;
import dev.multipaxos.core.Message.PreVote;
import dev.multipaxos.core.Message.PreVoteReply;
import dev.multipaxos.core.Message.Prepare;
import dev.multipaxos.core.Message.Promise;
import dev.multipaxos.core.Message.Rejected;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a {@link Scenario} prints: messages in one line, states in tables. */
final class ScenarioText {

    /** The kinds of message, as a scenario names them. */
    static final TreeSet<String> KINDS = Stream.of(
                    PreVote.class,
                    PreVoteReply.class,
                    Prepare.class,
                    Promise.class,
                    Accept.class,
                    Accepted.class,
                    Rejected.class,
                    Heartbeat.class,
                    HeartbeatAck.class,
                    Holds.class,
                    CatchUpRequest.class,
                    CatchUpReply.class)
            .map(Class::getSimpleName)
            .collect(Collectors.toCollection(TreeSet::new));

    private static final String NONE = "-";

    private ScenarioText() {}

    // ---- messages ----

    static String kind(Message message) {
        return message.getClass().getSimpleName();
    }

    static boolean concerns(Message message, long slot) {
        return (message instanceof Accept accept && accept.slot() == slot)
                || (message instanceof Accepted accepted && accepted.slots().containsAll(slot, slot));
    }

    static String flight(Flight flight) {
        return flight.from() + " → " + flight.to() + "  " + kind(flight.message()) + " " + says(flight.message());
    }

    private static String says(Message message) {
        if (message instanceof PreVote ask) {
            return ask.ballot() + ", chosen up to " + ask.chosenUpTo();
        } else if (message instanceof PreVoteReply reply) {
            return reply.ballot() + (reply.granted() ? " yes" : " no") + ", promised " + ballot(reply.promised())
                    + ", chosen up to " + reply.chosenUpTo();
        } else if (message instanceof Prepare prepare) {
            return prepare.ballot() + " from slot " + prepare.fromSlot();
        } else if (message instanceof Promise promise) {
            return promise.ballot() + ", from slot " + promise.fromSlot() + ": " + entries(promise.entries())
                    + ", chosen up to " + promise.chosenUpTo();
        } else if (message instanceof Accept accept) {
            return accept.ballot() + " slot " + accept.slot() + " " + value(accept.value()) + ", chosen up to "
                    + accept.chosenUpTo();
        } else if (message instanceof Accepted accepted) {
            return accepted.ballot() + " slot " + accepted.slots() + ", chosen up to " + accepted.chosenUpTo();
        } else if (message instanceof Rejected rejected) {
            return "promised " + rejected.promised();
        } else if (message instanceof Heartbeat heartbeat) {
            return heartbeat.ballot() + ", chosen up to " + heartbeat.chosenUpTo() + ", cleared up to "
                    + heartbeat.clearedUpTo() + round(heartbeat.readRound());
        } else if (message instanceof HeartbeatAck ack) {
            return ack.ballot() + ", chosen up to " + ack.chosenUpTo() + round(ack.readRound());
        } else if (message instanceof Holds holds) {
            return "up to " + holds.upTo();
        } else if (message instanceof CatchUpRequest request) {
            return "slots " + request.fromSlot() + ".." + request.toSlot();
        } else if (message instanceof CatchUpReply reply) {
            return "from slot " + reply.fromSlot() + ": "
                    + reply.values().stream().map(ScenarioText::value).collect(Collectors.joining(", "))
                    + ", chosen up to " + reply.chosenUpTo();
        }
        throw new IllegalArgumentException("no words for " + message);
    }

    private static String round(long readRound) {
        return readRound == 0 ? "" : ", read round " + readRound;
    }

    private static String entries(List<Entry> entries) {
        return entries.isEmpty()
                ? "nothing"
                : entries.stream()
                        .map(entry -> "slot " + entry.slot() + " " + entry(entry))
                        .collect(Collectors.joining(", "));
    }

    private static String entry(Entry entry) {
        return value(entry.value())
                + (entry.chosen() ? " chosen" : "")
                + (entry.ballot().equals(Ballot.ZERO) ? "" : " at " + entry.ballot());
    }

    static String value(@Nullable Value value) {
        if (value instanceof Value.Batch batch) {
            return '"' + batch.commands().toUtf8() + '"';
        }
        return value == null ? "(on disk)" : "NoOp";
    }

    private static String ballot(Ballot ballot) {
        return ballot.equals(Ballot.ZERO) ? NONE : ballot.toString();
    }

    // ---- tables ----

    static List<String> servers(Cluster cluster) {
        boolean slow = !cluster.syncAtOnce;
        List<List<String>> rows = new ArrayList<>();
        List<String> head = new ArrayList<>(
                List.of("server", "role", "ballot", "promised", "slotIn", "slotOut", "chosen up to", "cleared up to"));
        if (slow) {
            head.add("records not durable");
        }
        rows.add(head);
        for (Node node : cluster.nodes()) {
            List<String> row = new ArrayList<>();
            row.add(String.valueOf(node.id));
            if (node.isUp()) {
                Replica replica = node.replica();
                row.add(replica.role().name());
                row.add(ballot(replica.ballot()));
                row.add(ballot(replica.promised()));
                row.add(replica.slotIn() == 0 ? NONE : String.valueOf(replica.slotIn()));
                row.add(String.valueOf(replica.slotOut()));
                row.add(String.valueOf(replica.chosenUpTo()));
                row.add(String.valueOf(replica.clearedUpTo()));
                if (slow) {
                    row.add(String.valueOf(node.cache.size()));
                }
            } else {
                row.add("down");
            }
            rows.add(row);
        }
        return table(rows);
    }

    /** What every server knows of every slot, and whose votes a leader has counted; empty if nobody knows anything. */
    static List<String> slots(Cluster cluster) {
        long top = 0;
        List<Node> counting = new ArrayList<>();
        List<String> head = new ArrayList<>(List.of("slot"));
        for (Node node : cluster.nodes()) {
            head.add("server " + node.id);
            if (node.isUp()) {
                top = Math.max(top, node.replica().top());
                if (!node.replica().ballot().equals(Ballot.ZERO)) {
                    counting.add(node);
                }
            }
        }
        counting.forEach(node -> head.add("votes at " + node.replica().ballot()));
        List<List<String>> rows = new ArrayList<>();
        rows.add(head);
        for (long slot = 1; slot <= top; slot++) {
            List<String> row = new ArrayList<>(List.of(String.valueOf(slot)));
            for (Node node : cluster.nodes()) {
                row.add(node.isUp() ? slot(node.replica(), slot) : "down");
            }
            for (Node node : counting) {
                boolean open = node.replica().slotState(slot).compareTo(SlotState.CHOSEN) < 0;
                row.add(open ? members(node.replica().votes(slot), cluster.configuration) : "chosen");
            }
            rows.add(row);
        }
        return top == 0 ? List.of() : table(rows);
    }

    private static String slot(Replica replica, long slot) {
        SlotState state = replica.slotState(slot);
        if (state == SlotState.EMPTY || state == SlotState.CLEARED) {
            return state.name();
        }
        Ballot at = replica.acceptedAt(slot);
        return state.name() + (at.equals(Ballot.ZERO) ? "" : " " + at) + " " + value(replica.value(slot));
    }

    private static String members(long bits, Configuration configuration) {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < configuration.size(); i++) {
            if ((bits & 1L << i) != 0) {
                ids.add(String.valueOf(configuration.member(i)));
            }
        }
        return ids.isEmpty() ? NONE : String.join(" ", ids);
    }

    /** What a candidate or leader has merged from the promises for its ballot. */
    static List<String> merge(Node node, Configuration configuration) {
        Proposer.State proposer =
                (Proposer.State) node.replica().state().memory().proposer();
        Recovery.State recovery = proposer.recovery();
        if (recovery == null) {
            throw new IllegalArgumentException("server " + node.id + " neither campaigns nor leads");
        }
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("slot", "merged"));
        long first = node.replica().chosenUpTo() + 1;
        for (long slot = first; slot <= recovery.top(); slot++) {
            long at = slot;
            String found = recovery.merged().stream()
                    .filter(entry -> entry.slot() == at)
                    .map(ScenarioText::entry)
                    .findFirst()
                    .orElse("nothing");
            rows.add(List.of(String.valueOf(slot), found));
        }
        List<String> printed = new ArrayList<>();
        printed.add("ballot " + proposer.ballot() + ", complete answers: "
                + members(new Recovery(recovery).complete(), configuration) + ", top " + recovery.top());
        if (rows.size() > 1) {
            printed.addAll(table(rows));
        }
        return printed;
    }

    static List<String> disk(Node node) {
        List<String> printed = new ArrayList<>();
        node.disk.forEach(record -> printed.add("durable      " + record(record)));
        node.cache.forEach(record -> printed.add("not durable  " + record(record)));
        return printed.isEmpty() ? List.of("nothing was written") : printed;
    }

    private static String record(Record record) {
        if (record instanceof Record.Promised promised) {
            return "Promised " + promised.ballot();
        } else if (record instanceof Record.Accepted vote) {
            return "Accepted slot " + vote.slot() + " " + vote.ballot() + " " + value(vote.value());
        } else if (record instanceof Record.Chosen choice) {
            return "Chosen slot " + choice.slot() + " " + value(choice.value());
        } else if (record instanceof Record.ChosenUpTo prefix) {
            return "ChosenUpTo " + prefix.slot();
        }
        throw new IllegalArgumentException("no words for " + record);
    }

    /** Columns as wide as their widest cell, two spaces apart; no spaces at the end of a line. */
    private static List<String> table(List<List<String>> rows) {
        List<Integer> widths = new ArrayList<>();
        for (List<String> row : rows) {
            for (int i = 0; i < row.size(); i++) {
                int width = row.get(i).length();
                if (i == widths.size()) {
                    widths.add(width);
                } else {
                    widths.set(i, Math.max(widths.get(i), width));
                }
            }
        }
        List<String> lines = new ArrayList<>();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.size(); i++) {
                line.append(row.get(i))
                        .append(" ".repeat(widths.get(i) - row.get(i).length() + 2));
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }
}
