package dev.multipaxos.testkit.explore;

/**
 * Who has campaigned in which round: a number in the row for each round, with a bit for each node.
 *
 * <p>A node may campaign in any round above those that it knows of, because somebody may have told it of the ones below. Without the
 * reduction that is all. With it, each round is used once, rounds that are left out are those that somebody will still use, and node 2
 * campaigns only after node 1, and so on: other ways only give ballots other numbers, and proposers other names.
 */
final class Rounds {

    private final Bounds bounds;
    private final int from; // in the row

    Rounds(Bounds bounds, int from) {
        this.bounds = bounds;
        this.from = from;
    }

    /** The place in the row behind them. */
    int end() {
        return from + bounds.ballots();
    }

    void add(int[] row, int round, int node) {
        row[from + round - 1] |= 1 << node;
    }

    boolean isAnyLeft(int[] row) {
        int campaigns = 0;
        for (int at = from; at < end(); at++) {
            campaigns += Integer.bitCount(row[at]);
        }
        return campaigns < bounds.ballots();
    }

    /** The last round, up to a limit, in which a node has campaigned; 0 if it has not. */
    long last(int[] row, int node, long limit) {
        long last = 0;
        for (int round = 1; round <= Math.min(limit, bounds.ballots()); round++) {
            last = (row[from + round - 1] & 1 << node) != 0 ? round : last;
        }
        return last;
    }

    /** Whether it is a proposer's turn to campaign for the first time, or again. */
    boolean isTurnOf(int[] row, int node) {
        return node <= bounds.proposers()
                && (!bounds.reduced() || node == 1 || last(row, node - 1, bounds.ballots()) > 0);
    }

    boolean isFree(int[] row, int round, int node) {
        return (row[from + round - 1] & (bounds.reduced() ? -1 : 1 << node)) == 0;
    }

    /**
     * Whether each round that was left out can still be used.
     *
     * @param lowest the lowest round in which anybody may still campaign
     */
    boolean mayFillGaps(int[] row, long lowest) {
        boolean isGap = false;
        for (int round = bounds.ballots(); round >= 1; round--) {
            int owners = row[from + round - 1];
            if (isGap && owners == 0 && round < lowest) {
                return false;
            }
            isGap |= owners != 0;
        }
        return true;
    }
}
