package dev.multipaxos.testkit.sim;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The command {@code bin/planted-bugs}: plants each bug, and runs seed after seed from the first until two have caught it. A bug is one thread's; times are its processor time, whatever else the machine has to do.
 */
public final class PlantedBugs {

    static final long EVENTS = 5_000;

    private static final long NANOS_MAX = 60_000_000_000L;
    private static final long SAY_NANOS = 10_000_000_000L;
    private static final long STILL_MILLIS_MAX = 120_000; // of real time: a bug may loop within one event
    private static final String USAGE = """
            planted-bugs: plants each known bug in turn, and runs seed after seed until two of them have caught it.

              --record      writes down which seeds did, for the everyday build, and the table in docs/planted-bugs.md
              NAME …        only these bugs, those that are pending too

            Ends with 0 if all were caught, each within 60 s, with 1 if one survived or could not be planted, with 2 if it was
            asked wrongly.
            """;
    private static final String ROW = "%-36s %5s %7s  %s%n";

    static {
        // tests run inside the library's module, which has no use for this
        Module own = PlantedBugs.class.getModule();
        ModuleLayer.boot().findModule("java.management").ifPresent(own::addReads);
    }

    /** What a search came to; {@code caught} is null if the bug survived, and then it says why. */
    private record Searched(Plant bug, @Nullable Catch caught, String otherwise, long tried, double seconds) {}

    private final PrintStream out;

    private PlantedBugs(PrintStream out) {
        this.out = out;
    }

    /**
     * Runs the command.
     *
     * @param arguments as the usage says
     */
    public static void main(String[] arguments) {
        System.exit(run(List.of(arguments), System.out, System.err));
    }

    static int run(List<String> arguments, PrintStream out, PrintStream err) {
        boolean records = arguments.contains("--record");
        List<Plant> bugs = new ArrayList<>();
        try {
            for (String argument : arguments) {
                if (argument.equals("--help") || argument.equals("-h")) {
                    out.print(USAGE);
                    return 0;
                } else if (!argument.equals("--record")) {
                    bugs.add(Plants.named(argument));
                }
            }
            if (records && !bugs.isEmpty()) {
                throw new IllegalArgumentException("--record runs all bugs");
            }
        } catch (IllegalArgumentException e) {
            err.println("planted-bugs: " + e.getMessage());
            err.print(USAGE);
            return 2;
        }
        return new PlantedBugs(out).search(bugs.isEmpty() ? Plants.caught() : bugs, records);
    }

    private int search(List<Plant> bugs, boolean records) {
        out.printf(Locale.ROOT, ROW, "bug", "seeds", "seconds", "caught by");
        ExecutorService threads =
                Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        List<Supplier<Searched>> searches = new ArrayList<>();
        for (Plant bug : bugs) {
            searches.add(CompletableFuture.supplyAsync(() -> guarded(bug), threads)::join);
        }
        threads.shutdown();
        List<Searched> all = new ArrayList<>();
        for (Supplier<Searched> search : searches) {
            Searched searched = search.get();
            Plant bug = searched.bug();
            all.add(searched);
            Catch caught = searched.caught();
            out.printf(
                    Locale.ROOT,
                    ROW,
                    bug.name(),
                    searched.tried(),
                    String.format(Locale.ROOT, "%.1f", searched.seconds()),
                    caught == null ? searched.otherwise() : caught.check() + ", seeds " + caught.seeds());
        }
        long caught = all.stream().filter(searched -> searched.caught() != null).count();
        if (records) {
            record(all); // of those that survived nothing is recorded, so the everyday build fails until they are
            // dealt with
        }
        out.println(
                caught + " of " + all.size() + " caught, " + Plants.pending().size() + " pending");
        return caught == all.size() ? 0 : 1;
    }

    /** Searches in a thread of its own. Nothing can stop one that loops within an event: it is left behind. */
    private Searched guarded(Plant bug) {
        Search search = new Search(bug);
        Thread thread = new Thread(search, bug.name());
        thread.setDaemon(true);
        thread.start();
        try {
            long seen = -1;
            do {
                if (seen == search.seed) {
                    return new Searched(bug, null, "STANDS STILL within an event of seed " + seen, seen, 0);
                }
                seen = search.seed;
                thread.join(STILL_MILLIS_MAX);
            } while (thread.isAlive());
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return search.result;
    }

    /** Runs the seeds of one bug. */
    private final class Search implements Runnable {
        private final Plant bug;
        private volatile long seed; // the one that runs; 0: the bug is being planted
        private volatile Searched result;

        Search(Plant bug) {
            this.bug = bug;
            this.result = new Searched(bug, null, "FAILED: see the stack trace", 0, 0);
        }

        @Override
        public void run() {
            LongFunction<@Nullable String> planted;
            try {
                planted = bug.plant(EVENTS);
            } catch (AssertionError | RuntimeException e) {
                result = new Searched(bug, null, "NOT PLANTED: " + e.getMessage(), 0, 0);
                return;
            }
            result = search(planted);
        }

        private Searched search(LongFunction<@Nullable String> planted) {
            long said = 0;
            long tried = 0;
            List<Long> seeds = new ArrayList<>();
            String check = "";
            while (seeds.size() < 2 && nanos() < NANOS_MAX) {
                seed = ++tried;
                String found = planted.apply(tried);
                if (found != null) {
                    seeds.add(tried);
                    check = seeds.size() == 1 ? Catch.check(found) : check;
                }
                if (nanos() - said > SAY_NANOS) {
                    said = nanos();
                    out.println("  " + bug.name() + ": " + tried + " seeds so far, caught by " + seeds);
                }
            }
            Catch caught = seeds.size() < 2 ? null : new Catch(bug.name(), EVENTS, List.copyOf(seeds), tried, check);
            return new Searched(bug, caught, "NOT CAUGHT: " + bug.breaks(), tried, nanos() / 1e9);
        }
    }

    /** The thread's own time since it began. */
    private static long nanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    // ---- the record ----

    private void record(List<Searched> all) {
        Path sources = Mutant.sources();
        Map<String, Catch> catches = new LinkedHashMap<>();
        StringBuilder table =
                new StringBuilder("| bug | what it breaks | seeds tried | seconds | caught by | with |\n");
        table.append("|---|---|---|---|---|---|\n");
        for (Searched searched : all) {
            Catch caught = searched.caught();
            if (caught != null) {
                catches.put(caught.name(), caught);
                table.append(String.format(
                        Locale.ROOT,
                        "| `%s` | %s | %d | %.1f | %s | %d, %d |%n",
                        caught.name(),
                        searched.bug().breaks(),
                        caught.tried(),
                        searched.seconds(),
                        caught.check(),
                        caught.seeds().get(0),
                        caught.seeds().get(1)));
            }
        }
        StringBuilder pending = new StringBuilder("| bug | what it breaks | pending because |\n|---|---|---|\n");
        for (Plant bug : Plants.pending()) {
            pending.append(String.format(Locale.ROOT, "| `%s` | %s | %s |%n", bug.name(), bug.breaks(), bug.pending()));
        }
        Path record = sources.resolve("paxos-testkit/src/test/resources").resolve(Catch.RECORD);
        Path page = sources.resolve("docs/planted-bugs.md");
        write(record, Catch.print(catches.values()));
        write(page, between(between(read(page), "caught", table.toString()), "pending", pending.toString()));
        out.println("recorded in " + record + " and " + page);
    }

    /** Puts a table between the two comments that bear its name. */
    private static String between(String page, String name, String table) {
        String begin = "<!-- " + name + ": written by bin/planted-bugs --record -->\n";
        String end = "<!-- end of " + name + " -->";
        int from = page.indexOf(begin);
        int to = page.indexOf(end);
        if (from < 0 || to < from) {
            throw new IllegalStateException("docs/planted-bugs.md lacks the lines\n" + begin + end);
        }
        return page.substring(0, from + begin.length()) + "\n" + table + "\n" + page.substring(to);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Path file, String text) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
