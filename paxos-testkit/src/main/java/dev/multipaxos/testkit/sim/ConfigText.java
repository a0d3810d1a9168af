package dev.multipaxos.testkit.sim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The readable form of a {@link SimulationConfig}. It holds no character that a shell takes for itself. */
final class ConfigText {

    private static final String POSSIBLE = "possible are nodes=3 or nodes=3..5 (1 to " + SimulationConfig.SIZE_MAX
            + "), faults=LOSS+KILL, faults=-LOSS-KILL, faults=none, faults=all, force=LOSS, without=LOSS, skip=1+4..9, commands=100, unbounded=8";

    private static final String DEFAULT = "default";
    private static final String NONE = "none";
    private static final String ALL = "all";
    private static final int STRIKES_MAX = 1_000_000;

    private ConfigText() {}

    // ---- reading ----

    static SimulationConfig parse(String text) {
        SimulationConfig config = SimulationConfig.DEFAULT;
        if (text.equals(DEFAULT)) {
            return config;
        }
        Set<String> seen = new TreeSet<>();
        for (String setting : text.split(",", -1)) {
            int equals = setting.indexOf('=');
            if (equals < 0 || !seen.add(setting.substring(0, equals))) {
                throw new IllegalArgumentException(
                        "'" + setting + "' " + (equals < 0 ? "has no '='" : "is said twice") + "; " + POSSIBLE);
            }
            config = with(config, setting.substring(0, equals), setting.substring(equals + 1));
        }
        return config;
    }

    private static SimulationConfig with(SimulationConfig config, String key, String value) {
        return switch (key) {
            case "nodes" -> {
                long[] range = range(key, value, SimulationConfig.SIZE_MAX);
                yield config.withSize((int) range[0], (int) range[1]);
            }
            case "faults" -> config.withFaults(drawable(value));
            case "force" -> config.withForced(faults(value));
            case "without" -> config.withWithout(faults(value));
            case "skip" -> config.withSkipped(strikes(value));
            case "commands" -> config.withCommandsMax(number(key, value));
            case "unbounded" -> config.withUnboundedEvery((int) Math.min(number(key, value), Integer.MAX_VALUE));
            default -> throw new IllegalArgumentException("unknown '" + key + "'; " + POSSIBLE);
        };
    }

    /** {@code A+B}: these; {@code -A-B}: all but these. */
    private static Set<Fault> drawable(String value) {
        if (value.equals(ALL)) {
            return EnumSet.allOf(Fault.class);
        }
        if (!value.startsWith("-")) {
            return faults(value);
        }
        return EnumSet.complementOf(faults(value.substring(1).replace('-', '+')));
    }

    private static EnumSet<Fault> faults(String value) {
        EnumSet<Fault> faults = EnumSet.noneOf(Fault.class);
        if (value.equals(NONE)) {
            return faults;
        }
        for (String name : value.split("\\+", -1)) {
            try {
                faults.add(Fault.valueOf(name.toUpperCase(Locale.ROOT)));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "no fault is named '" + name + "'; there are " + names(Arrays.asList(Fault.values()), " "), e);
            }
        }
        return faults;
    }

    private static SortedSet<Integer> strikes(String value) {
        SortedSet<Integer> strikes = new TreeSet<>();
        for (String part : value.split("\\+", -1)) {
            long[] range = range("skip", part, STRIKES_MAX);
            for (long strike = range[0]; strike <= range[1]; strike++) {
                strikes.add((int) strike);
            }
        }
        return strikes;
    }

    /** {@code a} or {@code a..b}, from 1 on. */
    private static long[] range(String key, String value, long most) {
        int dots = value.indexOf("..");
        long from = number(key, dots < 0 ? value : value.substring(0, dots));
        long to = dots < 0 ? from : number(key, value.substring(dots + 2));
        if (from < 1 || to < from || to > most) {
            throw new IllegalArgumentException(
                    key + "=" + value + ": must be a number or a range within 1.." + most + "; " + POSSIBLE);
        }
        return new long[] {from, to};
    }

    private static long number(String key, String value) {
        if (!value.matches("[0-9]{1,18}")) {
            throw new IllegalArgumentException(key + ": '" + value + "' is no number; " + POSSIBLE);
        }
        return Long.parseLong(value);
    }

    // ---- writing ----

    static String write(SimulationConfig config) {
        List<String> settings = new ArrayList<>();
        SimulationConfig usual = SimulationConfig.DEFAULT;
        if (config.sizeMin() != usual.sizeMin() || config.sizeMax() != usual.sizeMax()) {
            settings.add("nodes="
                    + (config.sizeMin() == config.sizeMax()
                            ? config.sizeMin()
                            : config.sizeMin() + ".." + config.sizeMax()));
        }
        if (!config.faults().equals(usual.faults())) {
            settings.add("faults=" + drawable(config.faults()));
        }
        if (!config.forced().isEmpty()) {
            settings.add("force=" + names(config.forced(), "+"));
        }
        if (!config.without().isEmpty()) {
            settings.add("without=" + names(config.without(), "+"));
        }
        if (!config.skipped().isEmpty()) {
            settings.add("skip=" + ranges(config.skipped()));
        }
        if (config.commandsMax() != usual.commandsMax()) {
            settings.add("commands=" + config.commandsMax());
        }
        if (config.unboundedEvery() != usual.unboundedEvery()) {
            settings.add("unbounded=" + config.unboundedEvery());
        }
        return settings.isEmpty() ? DEFAULT : String.join(",", settings);
    }

    private static String drawable(List<Fault> faults) {
        if (faults.isEmpty()) {
            return NONE;
        }
        EnumSet<Fault> others = EnumSet.complementOf(EnumSet.copyOf(faults));
        if (others.isEmpty()) {
            return ALL;
        }
        return others.size() < faults.size() ? "-" + names(others, "-") : names(faults, "+");
    }

    private static String names(Collection<Fault> faults, String between) {
        return faults.stream().sorted().map(Fault::name).collect(Collectors.joining(between));
    }

    private static String ranges(SortedSet<Integer> numbers) {
        StringBuilder text = new StringBuilder();
        Iterator<Integer> rest = numbers.iterator();
        int first = rest.next();
        int last = first;
        while (rest.hasNext()) {
            int next = rest.next();
            if (next != last + 1) {
                text.append(range(first, last)).append('+');
                first = next;
            }
            last = next;
        }
        return text.append(range(first, last)).toString();
    }

    private static String range(int first, int last) {
        return first == last ? Integer.toString(first) : first + ".." + last;
    }
}
