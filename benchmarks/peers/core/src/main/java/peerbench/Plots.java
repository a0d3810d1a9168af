package peerbench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;

/**
 * Draws, for each step and payload, the throughput of every system (median over the rounds, with the range) and its latency by
 * percentile (all rounds together), each as an SVG without scripts, fonts or links.
 */
final class Plots {
    private static final int WIDTH = 760;
    private static final int LEFT = 190;
    private static final int RIGHT = 110;
    private static final int TOP = 44;
    private static final int ROW = 26;
    private static final int HEIGHT = 340;
    private static final double[] PERCENTILES = {50, 90, 99, 99.9, 99.99};
    private static final String[] COLOURS = {
        "#1b6ca8", "#d1495b", "#2e933c", "#8f5db7", "#e08e1b", "#4a4a4a", "#00a6a6", "#a05a2c", "#7f7f00", "#c2185b"
    };

    private final Map<String, Map<String, List<Map<String, String>>>> groups = new TreeMap<>(); // step and payload, variant
    private final Path results;
    private final Path directory;

    Plots(List<Map<String, String>> rows, Path results, Path directory) {
        this.results = results;
        this.directory = directory;
        for (Map<String, String> row : rows) {
            if (row.containsKey("ops")) {
                groups.computeIfAbsent(row.get("step") + "-" + row.get("payload"), k -> new LinkedHashMap<>())
                        .computeIfAbsent(row.get("variant"), k -> new ArrayList<>())
                        .add(row);
            }
        }
    }

    void draw() throws IOException {
        Files.createDirectories(directory);
        for (var group : groups.entrySet()) {
            write(group.getKey() + "-throughput.svg", throughput(group.getKey(), group.getValue()));
            write(group.getKey() + "-latency.svg", latency(group.getKey(), group.getValue()));
        }
    }

    private void write(String name, String svg) throws IOException {
        Files.writeString(directory.resolve(name), svg);
        System.out.println(directory.resolve(name));
    }

    private static String throughput(String title, Map<String, List<Map<String, String>>> systems) {
        double most = systems.values().stream().mapToDouble(runs -> Runner.max(runs, "ops")).max().orElse(1);
        double scale = (WIDTH - LEFT - RIGHT) / most;
        int height = TOP + ROW * systems.size() + 12;
        StringBuilder svg = begin(height, title + ": operations a second");
        int y = TOP;
        int number = 0;
        for (var system : systems.entrySet()) {
            double median = Runner.median(system.getValue(), "ops");
            double from = Runner.min(system.getValue(), "ops");
            double to = Runner.max(system.getValue(), "ops");
            text(svg, LEFT - 8, y + 15, "end", system.getKey());
            add(svg, "<rect x='%d' y='%d' width='%.1f' height='%d' fill='%s'/>", LEFT, y + 3, median * scale, ROW - 8,
                    COLOURS[number++ % COLOURS.length]);
            line(svg, LEFT + from * scale, y + ROW / 2.0 - 1, LEFT + to * scale, y + ROW / 2.0 - 1, "#000");
            text(svg, LEFT + to * scale + 6, y + 15, "start", String.format(Locale.ROOT, "%,.0f", median));
            y += ROW;
        }
        return end(svg);
    }

    private String latency(String title, Map<String, List<Map<String, String>>> systems) {
        Map<String, Histogram> histograms = new LinkedHashMap<>();
        for (var system : systems.entrySet()) {
            Histogram all = new Histogram(3);
            for (Map<String, String> row : system.getValue()) {
                Histograms.add(Histograms.file(results, row), all);
            }
            if (all.getTotalCount() > 0) {
                histograms.put(system.getKey(), all);
            }
        }
        double least = histograms.values().stream()
                .mapToDouble(h -> h.getValueAtPercentile(PERCENTILES[0])).min().orElse(1e3);
        double most = histograms.values().stream()
                .mapToDouble(h -> h.getValueAtPercentile(PERCENTILES[PERCENTILES.length - 1])).max().orElse(1e9);
        double from = Math.floor(Math.log10(least / 1e3));
        double to = Math.max(from + 1, Math.ceil(Math.log10(most / 1e3)));
        StringBuilder svg = begin(HEIGHT, title + ": latency in µs by percentile");
        double bottom = HEIGHT - 34;
        double high = (bottom - TOP) / (to - from);
        double wide = (WIDTH - 80 - LEFT) / (double) (PERCENTILES.length - 1);
        for (int decade = (int) from; decade <= to; decade++) {
            double y = bottom - (decade - from) * high;
            line(svg, 80, y, WIDTH - LEFT, y, "#ccc");
            text(svg, 74, y + 4, "end", String.format(Locale.ROOT, "%,.0f", Math.pow(10, decade)));
        }
        for (int i = 0; i < PERCENTILES.length; i++) {
            text(svg, 80 + i * wide, bottom + 18, "middle", PERCENTILES[i] + "%");
        }
        int number = 0;
        for (var system : histograms.entrySet()) {
            String colour = COLOURS[number % COLOURS.length];
            StringBuilder points = new StringBuilder();
            for (int i = 0; i < PERCENTILES.length; i++) {
                double micros = system.getValue().getValueAtPercentile(PERCENTILES[i]) / 1e3;
                add(points, "%.1f,%.1f ", 80 + i * wide, bottom - (Math.log10(Math.max(micros, 1e-3)) - from) * high);
            }
            add(svg, "<polyline points='%s' fill='none' stroke='%s' stroke-width='2'/>", points, colour);
            add(svg, "<rect x='%d' y='%d' width='12' height='12' fill='%s'/>", WIDTH - LEFT + 14, TOP + number * 20, colour);
            text(svg, WIDTH - LEFT + 32, TOP + number * 20 + 11, "start", system.getKey());
            number++;
        }
        return end(svg);
    }

    private static StringBuilder begin(int height, String title) {
        StringBuilder svg = new StringBuilder();
        add(svg, "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' font-family='sans-serif' font-size='12'>",
                WIDTH, height);
        add(svg, "<rect width='%d' height='%d' fill='#fff'/>", WIDTH, height);
        add(svg, "<text x='12' y='22' font-size='15'>%s</text>", escaped(title));
        return svg;
    }

    private static String end(StringBuilder svg) {
        return svg.append("</svg>\n").toString();
    }

    private static void text(StringBuilder svg, double x, double y, String anchor, String text) {
        add(svg, "<text x='%.1f' y='%.1f' text-anchor='%s'>%s</text>", x, y, anchor, escaped(text));
    }

    private static void line(StringBuilder svg, double x1, double y1, double x2, double y2, String colour) {
        add(svg, "<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' stroke='%s'/>", x1, y1, x2, y2, colour);
    }

    private static void add(StringBuilder svg, String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values)).append(format.startsWith("<") ? "\n" : "");
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;");
    }
}
