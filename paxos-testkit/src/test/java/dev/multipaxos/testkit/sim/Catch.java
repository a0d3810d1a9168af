package dev.multipaxos.testkit.sim;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * How a planted bug was caught: a line of the record that the everyday build replays.
 *
 * @param name the bug
 * @param events how many events each seed got
 * @param seeds the first two seeds that caught it
 * @param tried how many seeds were run until then
 * @param check how the message begins of the check that caught it with the first of them
 */
record Catch(String name, long events, List<Long> seeds, long tried, String check) {

    static final String RECORD = "planted-bugs.txt";

    private static final String HEAD = """
            # Which seeds catch which planted bug: name, events, two seeds, seeds tried, check.
            # Written by bin/planted-bugs --record.
            """;

    /** {@return the part of a message that names the check: up to a colon, or up to what differs from seed to seed} */
    static String check(String found) {
        String thrown = "dev.multipaxos.core.";
        String message = found.startsWith(thrown) ? found.substring(thrown.length()) : found;
        return message.split("[:0-9]", 2)[0].strip();
    }

    /** {@return what was recorded, by name} */
    static Map<String, Catch> recorded() {
        try (InputStream in = Catch.class.getResourceAsStream("/" + RECORD)) {
            return in == null ? Map.of() : parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Map<String, Catch> parse(String text) {
        Map<String, Catch> catches = new TreeMap<>();
        text.lines().filter(line -> !line.startsWith("#")).forEach(line -> {
            String[] words = line.split(" +", 6);
            catches.put(
                    words[0],
                    new Catch(
                            words[0],
                            Long.parseLong(words[1]),
                            List.of(Long.parseLong(words[2]), Long.parseLong(words[3])),
                            Long.parseLong(words[4]),
                            words[5]));
        });
        return catches;
    }

    static String print(Collection<Catch> catches) {
        return HEAD
                + catches.stream()
                        .map(each -> String.format(
                                Locale.ROOT,
                                "%-36s %6d %4d %4d %4d  %s%n",
                                each.name,
                                each.events,
                                each.seeds.get(0),
                                each.seeds.get(1),
                                each.tried,
                                each.check))
                        .sorted()
                        .collect(Collectors.joining());
    }
}
