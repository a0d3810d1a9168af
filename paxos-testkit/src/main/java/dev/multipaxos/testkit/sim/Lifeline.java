package dev.multipaxos.testkit.sim;

/** The line of one node in a {@link Diagram}, drawn piece by piece from the top down. */
final class Lifeline {

    private final double x;
    private final Svg standing = new Svg();
    private final Svg doing = new Svg();
    private Trace.Standing now;
    private double since;
    private double forcingSince = -1; // negative: it is not
    private double pausedSince = -1;

    Lifeline(double x, double top, Trace.Standing first) {
        this.x = x;
        this.since = top;
        this.now = first;
    }

    /** It goes up or down, begins or ceases to lead. */
    void turns(double y, Step.Kind kind) {
        close(y);
        now = now.after(kind);
        if (now == Trace.Standing.DOWN) {
            forced(y);
        }
    }

    private void close(double y) {
        if (now == Trace.Standing.LEADING) {
            standing.line("leads", x, since, x, y);
        }
        standing.line(now == Trace.Standing.DOWN ? "down" : "up", x, since, x, y);
        since = y;
    }

    void forces(double y) {
        forcingSince = y;
    }

    /** The force is over, one way or the other. */
    void forced(double y) {
        if (forcingSince >= 0) {
            doing.line("forcing", x, forcingSince, x, y);
        }
        forcingSince = -1;
    }

    void pauses(double y) {
        pausedSince = y;
    }

    /** It does something, so it does not stand still. */
    void actsAt(double y) {
        if (pausedSince >= 0 && y > pausedSince) {
            doing.line("paused", x, pausedSince, x, y);
            pausedSince = -1;
        }
    }

    void draw(Svg page, double bottom) {
        close(bottom);
        actsAt(bottom);
        forced(bottom);
        page.with(standing).with(doing);
    }
}
