package peerbench;

/**
 * What a load does: {@code w512} writes with 512 outstanding, {@code r64} linearizable reads with 64 outstanding, {@code o50000}
 * 50,000 writes a second however the system fares.
 */
record Step(Kind kind, int number) {
    enum Kind { WRITES, READS, OPEN_WRITES }

    static Step parse(String text) {
        Kind kind = switch (text.charAt(0)) {
            case 'w' -> Kind.WRITES;
            case 'r' -> Kind.READS;
            case 'o' -> Kind.OPEN_WRITES;
            default -> throw new IllegalArgumentException("a step is wN, rN or oN, not " + text);
        };
        return new Step(kind, Integer.parseInt(text.substring(1)));
    }

    boolean isOpen() {
        return kind == Kind.OPEN_WRITES;
    }

    /** How many requests may be outstanding: for an open loop a bound only, beyond which they wait, and their wait counts. */
    int outstanding() {
        return isOpen() ? 10_000 : number;
    }

    /** When the request of this number, from 0, is due in an open loop, in nanoseconds from the first. */
    long dueNanos(long request) {
        return (long) (request * (1e9 / number));
    }
}
