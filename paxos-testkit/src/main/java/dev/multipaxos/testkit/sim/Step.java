package dev.multipaxos.testkit.sim;

import dev.multipaxos.core.Message;

/** One thing that happened in a run, as a {@link Trace} keeps it. */
sealed interface Step {

    /** {@return the number of the event that it belongs to} */
    long event();

    /** {@return when, in microseconds of the simulated clock} */
    long micros();

    /** {@return one line for people} */
    String line();

    /** What a message goes through. */
    sealed interface OfMessage extends Step {
        /** {@return the same number for a message where it leaves and where it arrives} */
        long flight();

        int from();

        int to();

        Message message();
    }

    /** A message leaves. */
    record Sent(long event, long micros, long flight, int from, int to, Message message) implements OfMessage {
        @Override
        public String line() {
            return from + " → " + to + "  sends " + MessageText.full(message);
        }
    }

    /** A message arrives; for the second time if {@code again}. */
    record Arrived(long event, long micros, long flight, int from, int to, Message message, boolean again)
            implements OfMessage {
        @Override
        public String line() {
            return from + " → " + to + (again ? "  again " : "  brings ") + MessageText.full(message);
        }
    }

    /** A message is lost, when it leaves or when it would arrive. */
    record Lost(long event, long micros, long flight, int from, int to, Message message, String why)
            implements OfMessage {
        @Override
        public String line() {
            return from + " → " + to + "  lost (" + why + ") " + MessageText.full(message);
        }
    }

    /** What a node did, or what was done to it. */
    enum Kind {
        START("▲"),
        CRASH("✕"),
        STOP("■"),
        PAUSE("‖"),
        FORCE("◦"),
        FORCED("•"),
        CAMPAIGN("?"),
        LEAD("★"),
        STEP_DOWN("☆"),
        EXECUTE("✓"),
        CALL("»"),
        NOTE("·");

        private final String mark;

        Kind(String mark) {
            this.mark = mark;
        }

        String mark() {
            return mark;
        }
    }

    /** Something at one node. */
    record AtNode(long event, long micros, int node, Kind kind, String what) implements Step {
        @Override
        public String line() {
            return "node " + node + "  " + kind.mark() + " " + what;
        }
    }

    /** Something that happens to the world. */
    record World(long event, long micros, String what) implements Step {
        @Override
        public String line() {
            return "── " + what;
        }
    }
}
