package dev.multipaxos.examples.kv.demo;

import dev.multipaxos.examples.kv.KvCommand;
import dev.multipaxos.examples.kv.KvStateMachine;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/**
 * Writes the lines of real text: four puts of a line under its place, {@code round/file:line}, then an append of a word of its
 * own to a list that many share. When the text is over it begins again, in the next round.
 */
final class TextWorkload implements Workload {
    private static final Set<String> ENDINGS =
            Set.of("md", "java", "xml", "proto", "txt", "yml", "yaml", "properties", "sh", "tla", "html", "css", "js");
    private static final int KEY_CHARS_MAX = KvStateMachine.KEY_CHARS_MAX - 64;
    private static final int APPEND_EVERY = 5;
    private static final int APPENDS_PER_KEY = 64;

    private record Line(String place, String text) {}

    private final int size;
    private final int files;
    private final List<Line> lines;

    private TextWorkload(int size, int files, List<Line> lines) {
        this.size = size;
        this.files = files;
        this.lines = lines;
    }

    /** Reads a file, or all text files under a directory, without hidden ones, {@code target}, and what is not UTF-8. */
    static TextWorkload of(Path source, int size) throws IOException {
        List<Path> found = textFiles(source);
        List<Line> lines = new ArrayList<>();
        int skipped = 0;
        for (Path file : found) {
            String name = file.equals(source)
                    ? String.valueOf(source.getFileName())
                    : source.relativize(file).toString();
            try {
                addLines(lines, name, file);
            } catch (MalformedInputException e) {
                if (file.equals(source)) {
                    throw new IOException(file + " is not UTF-8 text", e);
                }
                skipped++;
            }
        }
        if (lines.isEmpty()) {
            throw new IOException("there is no text in " + source + ": name another with --file");
        }
        return new TextWorkload(size, found.size() - skipped, lines);
    }

    private static List<Path> textFiles(Path source) throws IOException {
        if (Files.isRegularFile(source)) {
            return List.of(source);
        }
        List<Path> found = new ArrayList<>();
        Files.walkFileTree(source, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                String name = String.valueOf(directory.getFileName());
                boolean skip = !directory.equals(source)
                        && (name.startsWith(".") || name.equals("target") || name.equals("node_modules"));
                return skip ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                String name = String.valueOf(file.getFileName());
                if (ENDINGS.contains(name.substring(name.lastIndexOf('.') + 1))) {
                    found.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        Collections.sort(found);
        return found;
    }

    private static void addLines(List<Line> lines, String name, Path file) throws IOException {
        String shortName = name.length() <= KEY_CHARS_MAX ? name : name.substring(name.length() - KEY_CHARS_MAX);
        List<String> texts = Files.readAllLines(file);
        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i);
            if (!text.isBlank() && text.length() <= KvStateMachine.VALUE_CHARS_MAX) {
                lines.add(new Line(String.format("%s:%06d", shortName, i + 1), text));
            }
        }
    }

    int files() {
        return files;
    }

    int lines() {
        return lines.size();
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public KvCommand.Write write(int index) {
        int group = index / APPEND_EVERY;
        if (index % APPEND_EVERY == APPEND_EVERY - 1) {
            return new KvCommand.Append(
                    String.format("list/%06d", group / APPENDS_PER_KEY), String.format("w%08d ", index));
        }
        int put = group * (APPEND_EVERY - 1) + index % APPEND_EVERY;
        Line line = lines.get(put % lines.size());
        return new KvCommand.Put("round-" + (put / lines.size() + 1) + "/" + line.place(), line.text());
    }
}
