package peerbench;

import java.io.File;
import java.io.FileNotFoundException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.HdrHistogram.EncodableHistogram;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogReader;
import org.HdrHistogram.HistogramLogWriter;

/** The histograms of a run: one log of the HdrHistogram format for each measurement, beside the results file. */
final class Histograms {
    private Histograms() {}

    /** Where the histogram of a row goes. */
    static Path file(Path results, Map<String, String> row) {
        String name = String.join("_", row.get("variant"), row.get("payload"), row.get("step"), row.get("round"));
        String folder = results.getFileName().toString().replaceAll("\\.txt$", "") + "-histograms";
        return results.toAbsolutePath().resolveSibling(folder).resolve(name.replaceAll("[^A-Za-z0-9=.@_-]", "_") + ".hlog");
    }

    /** Writes one; nowhere if the file is called "-". */
    static void write(Histogram histogram, Path file) throws Exception {
        if (file.toString().equals("-")) {
            return;
        }
        Files.createDirectories(file.getParent());
        try (PrintStream out = new PrintStream(Files.newOutputStream(file))) {
            HistogramLogWriter writer = new HistogramLogWriter(out);
            writer.outputLogFormatVersion();
            writer.outputLegend();
            writer.outputIntervalHistogram(histogram);
        }
    }

    /** Adds what a file holds; false if there is no such file. */
    static boolean add(Path file, Histogram into) {
        try (HistogramLogReader reader = new HistogramLogReader(new File(file.toString()))) {
            for (EncodableHistogram next; (next = reader.nextIntervalHistogram()) != null; ) {
                into.add((Histogram) next);
            }
            return true;
        } catch (FileNotFoundException e) {
            return false;
        }
    }
}
