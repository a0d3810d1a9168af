package dev.multipaxos.examples.kv.demo;

import java.io.PrintWriter;
import java.util.Locale;

/** Shows how far a load is: on a terminal one line that is written again and again, elsewhere a line every second. */
final class Progress {
    private static final long TERMINAL_NANOS = 100_000_000;
    private static final long PLAIN_NANOS = 1_000_000_000;
    private static final int BAR_CHARS = 30;
    private static final String ERASE_LINE = "\r\u001b[K";

    private final PrintWriter out;
    private final boolean terminal;
    private final int size;
    private long shownNanos = System.nanoTime();
    private int shown;

    Progress(PrintWriter out, boolean terminal, int size) {
        this.out = out;
        this.terminal = terminal;
        this.size = size;
    }

    int size() {
        return size;
    }

    void show(int done) {
        long nanos = System.nanoTime() - shownNanos;
        if (nanos < (terminal ? TERMINAL_NANOS : PLAIN_NANOS)) {
            return;
        }
        String text =
                String.format(Locale.ROOT, "%,d of %,d writes  %,.0f/s", done, size, (done - shown) * 1e9 / nanos);
        if (terminal) {
            int filled = (int) ((long) done * BAR_CHARS / size);
            out.print(ERASE_LINE + "[" + "=".repeat(filled) + " ".repeat(BAR_CHARS - filled) + "] " + text);
            out.flush();
        } else {
            out.println(text);
        }
        shownNanos += nanos;
        shown = done;
    }

    /** Says something besides. */
    void say(String text) {
        out.println((terminal ? ERASE_LINE : "") + text);
    }
}
