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
        final boolean isPrepare;
        final boolean isAnswer; // a promise or vote: matters once
        int watermark; // of an accept: the heartbeat that says the same of what is chosen

        private Letter(int id, int from, int to, Message message) {
            this.id = id;
            this.from = from;
            this.to = to;
            this.message = message;
            this.isPrepare = message instanceof Prepare;
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
        Address address = new Address(from, to, message);
        Letter known = letters.get(address);
        if (known != null) {
            return known;
        }
        Letter letter = new Letter(byId.size(), from, to, message);
        letters.put(address, letter);
        byId.add(letter);
        if (message instanceof Accept accept) {
            letter.watermark = letter(from, to, new Heartbeat(accept.ballot(), accept.chosenUpTo(), 0, 0)).id;
        }
        return letter;
    }

    /**
     * Whether the network takes it. Pre-votes, heartbeat answers and {@code Holds} decide only about time, which passes as it
     * likes here; catch-up is a step of its own. Rejections and heartbeats without news only make nodes give up, which they do when
     * they like, or campaign in a higher round, which they may choose: the reduction leaves them out.
     */
    boolean travels(Message message) {
        if (message instanceof Heartbeat heartbeat) {
            return !bounds.reduced() || heartbeat.chosenUpTo() > 0;
        }
        return message instanceof Prepare
                || message instanceof Promise
                || message instanceof Accept
                || message instanceof Accepted
                || (!bounds.reduced() && message instanceof Rejected);
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
        if (letter.isAnswer) { // a ballot that was given up is never taken up again
            return receiver.ballot != letter.ballot;
        }
        long promised = fragile ? receiver.promisedOnDisk : receiver.promised;
        if (letter.ballot < promised) {
            return true;
        }
        if (letter.isPrepare) { // who has promised can only answer again
            return letter.ballot == promised && (sender.ballot != letter.ballot || sender.hasProposedAll);
        }
        boolean told = letter.chosenUpTo <= (fragile ? receiver.chosenUpToOnDisk : receiver.chosenUpTo);
        return told && (letter.slot == 0 || isAnswered(letter, receiver, fragile));
    }

    /** What is left of a message: of an {@code Accept} that was answered, the watermark. */
    int rest(Letter letter, Local receiver, boolean fragile) {
        return letter.slot > 0 && letter.chosenUpTo > 0 && isAnswered(letter, receiver, fragile)
                ? letter.watermark
                : letter.id;
    }

    /**
     * Whether a repeat could only repeat the answer. As long as the receiver may crash it can do more: with the votes it writes down
     * what it knows to be chosen, and it may never have said a vote that its disk kept.
     */
    private boolean isAnswered(Letter accept, Local receiver, boolean fragile) {
        return (accept.slot <= receiver.base || receiver.votes[accept.slot] == accept.ballot)
                && (!fragile || receiver.recordedUpTo >= bounds.slots());
    }
}
