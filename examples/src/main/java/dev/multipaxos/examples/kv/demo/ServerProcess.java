package dev.multipaxos.examples.kv.demo;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A program in a Java process of its own, on the class path of this one, which can be killed and started again. What it prints
 * is added to a file. It is told by the end of its input when this process is gone. Used by one thread at a time.
 */
public final class ServerProcess implements AutoCloseable {
    private static final long END_SECONDS_MAX = 30;

    private final List<String> command;
    private final Path directory;
    private final Path output;
    private @Nullable Process process;

    /**
     * Describes a process; {@link #start} makes it.
     *
     * @param javaOptions options for the virtual machine
     * @param program the class to run and its arguments
     * @param directory its working directory
     * @param output where to keep what it prints
     */
    public ServerProcess(List<String> javaOptions, List<String> program, Path directory, Path output) {
        command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(javaOptions);
        command.add("-cp");
        command.add(Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(part -> Path.of(part).toAbsolutePath().toString()) // it runs in another directory
                .collect(Collectors.joining(File.pathSeparator)));
        command.addAll(program);
        this.directory = directory;
        this.output = output;
    }

    /** Starts it, if it is not running. */
    public void start() {
        startUnder(List.of());
    }

    /**
     * Starts it, if it is not running, by way of another program that becomes it.
     *
     * @param wrapper that program and its arguments, which are followed by the command that it has to run
     */
    public void startUnder(List<String> wrapper) {
        if (isAlive()) {
            return;
        }
        List<String> all = new ArrayList<>(wrapper);
        all.addAll(command);
        try {
            process = new ProcessBuilder(all)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot run " + all.get(0) + " in " + directory, e);
        }
    }

    /** {@return whether it is running} */
    public boolean isAlive() {
        return process != null && process.isAlive();
    }

    /** {@return its process id} */
    public long pid() {
        return started().pid();
    }

    /** Kills it with SIGKILL, which it cannot notice, and waits for its end. */
    public void kill() {
        if (process != null) {
            process.destroyForcibly();
            awaitEnd();
        }
    }

    /** Ends its input, at which it ends by itself; kills it if it does not. Nothing happens if it does not run. */
    @Override
    public void close() {
        if (process == null) {
            return;
        }
        try {
            process.getOutputStream().close();
            if (process.waitFor(END_SECONDS_MAX, TimeUnit.SECONDS)) {
                return;
            }
        } catch (IOException e) {
            // its end of the pipe is gone, and so is it, or soon
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        kill();
    }

    /**
     * Sends it a signal.
     *
     * @param name the signal, such as {@code STOP}
     */
    public void signal(String name) {
        try {
            Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(pid()))
                    .inheritIO()
                    .start();
            if (kill.waitFor() != 0) {
                throw new IllegalStateException("cannot send SIG" + name + " to process " + pid());
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot run kill", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a signal was sent", e);
        }
    }

    /** {@return what it exited with; waits for its end} */
    public int exitCode() {
        awaitEnd();
        return started().exitValue();
    }

    /** {@return what it printed so far, in all its lives} */
    public String output() {
        try {
            return Files.exists(output) ? Files.readString(output) : "";
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + output, e);
        }
    }

    private Process started() {
        if (process == null) {
            throw new IllegalStateException("the process was never started");
        }
        return process;
    }

    private void awaitEnd() {
        try {
            if (!started().waitFor(END_SECONDS_MAX, TimeUnit.SECONDS)) {
                throw new IllegalStateException(
                        "process " + pid() + " has not ended after " + END_SECONDS_MAX + " s; see " + output);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for process " + pid(), e);
        }
    }
}
