package dev.multipaxos.testkit.explore;

import dev.multipaxos.core.Message;
import dev.multipaxos.core.Message.Accept;
import dev.multipaxos.core.Message.Accepted;
import dev.multipaxos.core.Message.Heartbeat;
import dev.multipaxos.core.Message.Prepare;
import dev.multipaxos.core.Message.Promise;
import dev.multipaxos.core.Message.Rejected;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Every message that was ever sent, with a number. The network is a set of them: each may arrive at any time, again, or never, which is
 * loss, delay, reordering and duplication at once, with nothing to count.
 */
final class Mail {

    /** A message under way, laid out flat. */
    static final class Letter {
        final int id;
        final int from;
        final int to;
        final Message message;
        final long ballot; // 0 if it has none
        final int slot; // of an accept
        final long chosenUpTo; // of an accept or a heartbeat
        final boolean isAnswer; // a promise or vote: matters once

        private Letter(int id, int from, int to, Message message) {
            this.id = id;
            this.from = from;
            this.to = to;
            this.message = message;
            this.isAnswer = message instanceof Promise || message instanceof Accepted;
            if (message instanceof Prepare prepare) {
                ballot = Local.number(prepare.ballot());
                slot = 0;
                chosenUpTo = 0;
            } else if (message instanceof Promise promise) {
                ballot = Local.number(promise.ballot());
                slot = 0;
                chosenUpTo = promise.chosenUpTo();
            } else if (message instanceof Accept accept) {
                ballot = Local.number(accept.ballot());
                slot = (int) accept.slot();
                chosenUpTo = accept.chosenUpTo();
            } else if (message instanceof Accepted accepted) {
                ballot = Local.number(accepted.ballot());
                slot = 0;
                chosenUpTo = accepted.chosenUpTo();
            } else if (message instanceof Heartbeat heartbeat) {
                ballot = Local.number(heartbeat.ballot());
                slot = 0;
                chosenUpTo = heartbeat.chosenUpTo();
            } else {
                ballot = 0;
                slot = 0;
                chosenUpTo = 0;
            }
        }

        @Override
        public String toString() {
            return from + " to " + to + ": " + message;
        }
    }

    private record Address(int from, int to, Message message) {}

    private final Bounds bounds;
    private final Map<Address, Letter> letters = new HashMap<>();
    private final List<Letter> byId = new ArrayList<>();

    Mail(Bounds bounds) {
        this.bounds = bounds;
    }

    int size() {
        return byId.size();
    }

    Letter letter(int id) {
        return byId.get(id);
    }

    /** The letter that says this, the same one each time. */
    Letter letter(int from, int to, Message message) {
        return letters.computeIfAbsent(new Address(from, to, message), address -> {
            Letter letter = new Letter(byId.size(), from, to, message);
            byId.add(letter);
            return letter;
        });
    }

    /**
     * Whether the network takes it. Pre-votes, heartbeat answers and {@code Holds} decide only about time, which passes as it
     * likes here; catch-up is a step of its own.
     */
    boolean travels(Message message) {
        if (message instanceof Heartbeat heartbeat) {
            return bounds.late() || heartbeat.chosenUpTo() > 0;
        }
        return message instanceof Prepare
                || message instanceof Promise
                || message instanceof Accept
                || message instanceof Accepted
                || (bounds.late() && message instanceof Rejected);
    }

    /** The prefix in a vote tells only whom one could ask for values; a vote for nothing says only that. */
    Message canonical(Message message) {
        return bounds.reduced() && message instanceof Accepted accepted
                ? new Accepted(accepted.ballot(), accepted.slots(), 0)
                : message;
    }

    /**
     * Whether a message can never again have an effect that matters, in whatever order the rest arrives.
     *
     * @param letter the message
     * @param sender its sender now
     * @param receiver its receiver now
     * @param fragile whether the receiver may still crash, so that only what is on its disk lasts
     */
    boolean isDead(Letter letter, Local sender, Local receiver, boolean fragile) {
        if (!bounds.reduced()) {
            return false;
        }
        if (letter.isAnswer) { // a ballot that was given up is never taken up again
            return receiver.ballot != letter.ballot || (!bounds.late() && !standsBehind(letter, sender));
        }
        if (letter.message instanceof Rejected) {
            return false;
        }
        long promised = fragile ? receiver.promisedOnDisk : receiver.promised;
        if (letter.ballot < promised) {
            return !bounds.late();
        }
        if (!bounds.late()) {
            return sender.ballot != letter.ballot || isDone(letter, receiver, promised, fragile);
        }
        if (letter.message instanceof Prepare) { // who has promised can only answer again
            return letter.ballot == promised && sender.ballot != letter.ballot;
        }
        boolean told = letter.chosenUpTo <= (fragile ? receiver.chosenUpToOnDisk : receiver.chosenUpTo);
        return letter.message instanceof Accept && told && isVoted(letter, receiver, fragile);
    }

    private static boolean isDone(Letter letter, Local receiver, long promised, boolean fragile) {
        if (letter.message instanceof Prepare) {
            return promised == letter.ballot;
        }
        if (letter.message instanceof Heartbeat) {
            return letter.chosenUpTo <= receiver.chosenUpTo;
        }
        return isVoted(letter, receiver, fragile);
    }

    /** Whether the sender of an answer would still give it. */
    private static boolean standsBehind(Letter answer, Local sender) {
        if (answer.message instanceof Accepted accepted) {
            for (int slot = 1; slot < sender.votes.length; slot++) {
                if (accepted.slots().containsAll(slot, slot)
                        && (slot <= sender.base || sender.votes[slot] == answer.ballot)) {
                    return true;
                }
            }
            return false;
        }
        return sender.promised == answer.ballot;
    }

    private static boolean isVoted(Letter accept, Local receiver, boolean fragile) {
        int slot = accept.slot;
        if (slot <= receiver.base) {
            return true; // it is answered by a vote for nothing
        }
        boolean lasts = !fragile || slot <= receiver.chosenUpToOnDisk || receiver.votesOnDisk[slot] == accept.ballot;
        return receiver.votes[slot] == accept.ballot && lasts;
    }
}
