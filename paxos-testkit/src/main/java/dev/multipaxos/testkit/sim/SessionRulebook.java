package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Checks.check;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Value;
import dev.multipaxos.runtime.SessionRules;
import dev.multipaxos.wire.ClientMessage.Status;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.Commands;
import dev.multipaxos.wire.SnapshotCodec;
import dev.multipaxos.wire.SnapshotPart;
import dev.multipaxos.wire.WireException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The rules of sessions once more ({@code docs/protocol.md} §10), written for being plain: what becomes of each command is
 * worked out when the first node has executed it, since the sizes of the answers before it matter, and whatever a node makes of it
 * is compared. All nodes doing the same wrong thing would otherwise look right.
 */
final class SessionRulebook {

    private static final int OPENED_PER_SLOT_BITS = 20;
    private static final int ANSWER_OVERHEAD_BYTES = 64;

    /** How a command must end; {@code fresh} if the state machine runs it now, and its answer is not known. */
    private static final class Due {
        final Command command;
        final Status status;
        final boolean fresh;

        final @Nullable Due first; // a repeat gets the answer of this one

        @Nullable
        Bytes answer; // null until the first node has it from its state machine

        Due(Command command, Status status, @Nullable Bytes answer) {
            this.command = command;
            this.status = status;
            this.fresh = answer == null;
            this.first = null;
            this.answer = answer;
        }

        Due(Command command, Due first) {
            this.command = command;
            this.status = Status.OK;
            this.fresh = false;
            this.first = first;
        }

        @Nullable
        Bytes answer() {
            return first == null ? answer : first.answer;
        }
    }

    private static final class Session {
        long usedAtMillis;
        long usedAsNumber; // of all uses
        long floor = 1;
        final TreeMap<Long, Due> executed = new TreeMap<>(); // from the floor on, by sequence

        @Nullable
        Entry entry; // what is said of it by now; null if it has changed since

        long answerBytes() {
            long bytes = 0;
            for (Due due : executed.values()) {
                bytes += Objects.requireNonNull(due.answer()).length() + ANSWER_OVERHEAD_BYTES;
            }
            return bytes;
        }

        Entry entry(long id) {
            Entry said = entry;
            if (said == null) {
                said = new Entry(
                        id,
                        usedAtMillis,
                        usedAsNumber,
                        floor,
                        executed.entrySet().stream().map(Map.Entry::copyOf).toList());
                entry = said;
            }
            return said;
        }
    }

    /** A session, as it was behind some slot. */
    private record Entry(
            long id, long usedAtMillis, long usedAsNumber, long floor, List<Map.Entry<Long, Due>> executed) {}

    /** A slot: its time, its commands, what has become of those that were executed, and the sessions behind it. */
    private static final class Page {
        final long logTimeMillis;
        final List<Command> commands;
        final List<Due> due = new ArrayList<>();

        @Nullable
        List<Entry> sessions; // the one that was used last at the end; null while the slot may go on

        long nextId;

        Page(long logTimeMillis, List<Command> commands, long firstId) {
            this.logTimeMillis = logTimeMillis;
            this.commands = commands;
            this.nextId = firstId;
        }
    }

    private final SessionRules rules;
    private final List<Value> values = new ArrayList<>(); // from slot 1 on
    private final List<Page> pages = new ArrayList<>(); // of those that somebody has begun to execute
    private final Map<Long, Session> sessions = new TreeMap<>(); // behind the last command that was executed
    private long logTimeMillis;
    private long uses;

    SessionRulebook(SessionRules rules) {
        this.rules = rules;
    }

    /** The next slot is known to be chosen. */
    void chosen(Value value) {
        values.add(value);
    }

    /** A slot that a node executes, or has executed. */
    private Page page(long slot) {
        while (pages.size() < slot) {
            if (!pages.isEmpty()) {
                behind(pages.size());
            }
            pages.add(begin(values.get(pages.size())));
        }
        return pages.get((int) slot - 1);
    }

    private Page begin(Value value) {
        List<Command> commands = new ArrayList<>();
        if (value instanceof Value.Batch batch) {
            logTimeMillis = Math.max(logTimeMillis, batch.stampMillis());
            try {
                Commands.forEach(batch.commands(), commands::add);
            } catch (WireException e) {
                throw new AssertionError("validity: these are no commands: " + value, e);
            }
            commands.stream()
                    .filter(command -> command.kind() != Command.Kind.OPEN)
                    .forEach(command -> use(sessions.get(command.session())));
            sessions.values().removeIf(session -> logTimeMillis - session.usedAtMillis > rules.timeoutMillis());
        }
        return new Page(logTimeMillis, commands, (pages.size() + 1L) << OPENED_PER_SLOT_BITS);
    }

    /** The sessions behind a slot, of which every command must have been executed. */
    private List<Entry> behind(long slot) {
        Page page = page(slot);
        List<Entry> known = page.sessions;
        if (known != null) {
            return known;
        }
        check(
                page.due.size() == page.commands.size(),
                () -> "sessions: of the " + page.commands.size() + " commands of slot " + slot + " only "
                        + page.due.size() + " were executed");
        List<Entry> behind = new ArrayList<>();
        sessions.forEach((id, session) -> behind.add(session.entry(id)));
        behind.sort(Comparator.comparingLong(Entry::usedAsNumber));
        page.sessions = behind;
        return behind;
    }

    /** What must become of a command of a slot; null if the slot has no such command. */
    private @Nullable Due due(Page page, int index) {
        if (index == page.due.size() && index < page.commands.size()) {
            Command command = page.commands.get(index);
            page.due.add(command.kind() == Command.Kind.OPEN ? open(command, page.nextId++) : of(command));
        }
        return index < page.due.size() ? page.due.get(index) : null;
    }

    /** While the answers are too many bytes the session with most of them goes, of several the one with the lowest id. */
    private void evict() {
        while (sessions.values().stream().mapToLong(Session::answerBytes).sum() > rules.answerBytesMax()) {
            long greediest = 0;
            long most = -1;
            for (Map.Entry<Long, Session> each : sessions.entrySet()) {
                if (each.getValue().answerBytes() > most) {
                    most = each.getValue().answerBytes();
                    greediest = each.getKey();
                }
            }
            sessions.remove(greediest);
        }
    }

    private void use(@Nullable Session session) {
        if (session != null) {
            session.entry = null; // whatever changes a session uses it
            session.usedAtMillis = logTimeMillis;
            session.usedAsNumber = ++uses;
        }
    }

    private Due open(Command command, long id) {
        if (sessions.size() >= rules.sessionsMax()) {
            Session idle = sessions.values().stream()
                    .min(Comparator.comparingLong(session -> session.usedAsNumber))
                    .orElseThrow();
            sessions.values().remove(idle);
        }
        Session session = new Session();
        sessions.put(id, session);
        use(session);
        return new Due(
                command,
                Status.OK,
                Bytes.wrap(ByteBuffer.allocate(Long.BYTES).putLong(id).array()));
    }

    private Due of(Command command) {
        Session session = command.kind() == Command.Kind.CLOSE
                ? sessions.remove(command.session())
                : sessions.get(command.session());
        if (session == null) {
            return new Due(command, Status.SESSION_EXPIRED, Bytes.EMPTY);
        }
        use(session);
        return command.kind() == Command.Kind.APPLY
                ? apply(session, command)
                : new Due(command, Status.OK, Bytes.EMPTY);
    }

    private Due apply(Session session, Command command) {
        session.floor = Math.max(session.floor, command.acknowledgedBelow());
        session.executed.headMap(session.floor).clear();
        long sequence = command.sequence();
        if (sequence < session.floor) {
            return new Due(command, Status.ALREADY_ACKNOWLEDGED, Bytes.EMPTY);
        } else if (sequence - session.floor >= rules.window()) {
            return new Due(command, Status.OUTSIDE_WINDOW, Bytes.EMPTY);
        }
        Due first = session.executed.get(sequence);
        if (first != null) {
            return new Due(command, first);
        }
        Due due = new Due(command, Status.OK, null);
        session.executed.put(sequence, due);
        return due;
    }

    /** A snapshot of a slot must hold these sessions; {@code in} stands before them, and behind them afterwards. */
    void mustBeWhole(String who, SnapshotPart.Header header, InputStream in) throws IOException {
        List<Entry> sessionsDue = behind(header.slot());
        long time = page(header.slot()).logTimeMillis;
        check(
                header.logTimeMillis() == time && header.sessions() == sessionsDue.size(),
                () -> "snapshots: " + who + " " + header + "; due are " + sessionsDue.size() + " sessions at " + time);
        for (Entry due : sessionsDue) {
            SnapshotPart.Session found = SnapshotCodec.readSession(in);
            check(
                    found.equals(new SnapshotPart.Session(due.id, due.usedAtMillis, due.floor, due.executed.size())),
                    () -> "snapshots: " + who + " in one of slot " + header.slot() + " " + found + "; due is " + due);
            for (Map.Entry<Long, Due> each : due.executed) {
                SnapshotPart.Answer answer = SnapshotCodec.readAnswer(in);
                check(
                        answer.sequence() == each.getKey()
                                && Objects.equals(
                                        answer.answer(), each.getValue().answer()),
                        () -> "snapshots: " + who + " in one of slot " + header.slot() + " of session " + due.id + " "
                                + answer + "; due is "
                                + each.getValue().answer() + " to " + each.getKey());
            }
        }
    }

    /** A node runs a command at this time. */
    void runs(int node, long slot, long timeMillis) {
        long due = page(slot).logTimeMillis;
        check(
                timeMillis == due,
                () -> "log time: node " + node + " executes slot " + slot + " at " + timeMillis + ", it is " + due);
    }

    /** A node's command has ended; {@code ran} if its state machine ran it. */
    void ended(int node, long slot, int index, Command command, Status status, Bytes answer, boolean ran) {
        Due due = due(page(slot), index);
        check(
                due != null && due.command.equals(command) && due.status == status && due.fresh == ran,
                () -> "sessions: at node " + node + " command " + index + " of slot " + slot + ", " + command
                        + ", ends "
                        + (ran ? "executed, " : "") + status + "; due is "
                        + (due == null
                                ? "none"
                                : (due.fresh ? "executed, " : "") + due.status + " for " + due.command));
        if (due != null && ran && due.answer == null) {
            due.answer = answer;
            evict();
        }
        Bytes dueAnswer = due == null ? null : due.answer();
        check(
                dueAnswer == null || dueAnswer.equals(answer),
                () -> "sessions: at node " + node + " command " + index + " of slot " + slot + ", " + command
                        + ", is answered " + answer + "; due is " + dueAnswer);
    }
}
