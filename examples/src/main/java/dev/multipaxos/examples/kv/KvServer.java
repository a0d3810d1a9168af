package dev.multipaxos.examples.kv;

import dev.multipaxos.Member;
import dev.multipaxos.Membership;
import dev.multipaxos.NodeListener;
import dev.multipaxos.NodeStatus;
import dev.multipaxos.PaxosException;
import dev.multipaxos.PaxosNode;
import dev.multipaxos.Retention;
import dev.multipaxos.Timing;
import dev.multipaxos.storage.FileStorage;
import dev.multipaxos.transport.netty.NettyTransport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** One member of the store in this process, until the process is told to end. */
@Command(name = "server", description = "Runs one member of the store in the foreground.", sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class KvServer implements Callable<Integer> {

    @Option(names = "--id", required = true, description = "Which of the members this is.")
    private int id;

    @Option(
            names = "--members",
            required = true,
            split = ",",
            paramLabel = "ID=HOST:PORT",
            description = "All founding members, this one included; the same on every one of them.")
    private List<String> members;

    @Option(names = "--data", required = true, paramLabel = "DIR", description = "Where the member keeps its journal.")
    private Path data;

    @Option(
            names = "--bind",
            paramLabel = "HOST:PORT",
            description = "Where to listen, if it is not the member's own address.")
    private @Nullable String bind;

    @Option(
            names = "--segment-mib",
            paramLabel = "N",
            description = "The size of a file of the journal in MiB (default: ${DEFAULT-VALUE}).")
    private int segmentMib = FileStorage.SEGMENT_BYTES_DEFAULT >> 20;

    @Option(
            names = "--snapshot-every-mib",
            paramLabel = "N",
            description =
                    "Take a snapshot when the journal has grown by N MiB; 0 for never (default: ${DEFAULT-VALUE}).")
    private long snapshotEveryMib = Retention.defaults().snapshotEveryBytes() >> 20;

    @Option(
            names = "--keep-mib",
            paramLabel = "N",
            description = "How much of the journal stays behind a snapshot, in MiB (default: ${DEFAULT-VALUE}).")
    private long keepMib = Retention.defaults().keepBytes() >> 20;

    @Option(names = "--lan", description = "Shorter times, for machines in one room that do not pause.")
    private boolean lan;

    @Option(
            names = "--end-with-input",
            description = "End when standard input ends: the server does not outlive the program that started it.")
    private boolean endWithInput;

    @Spec
    private CommandSpec spec;

    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final AtomicReference<@Nullable PaxosNode<KvCommand, KvAnswer>> running = new AtomicReference<>();

    @Override
    public Integer call() {
        System.setProperty("kv.log", "INFO"); // read by logback.xml, before anything is logged
        Membership membership = checkedMembership();
        PaxosNode<KvCommand, KvAnswer> node = start(membership);
        running.set(node);
        Runtime.getRuntime().addShutdownHook(new Thread(node::close, "kv-shutdown"));
        spec.commandLine()
                .getOut()
                .println(
                        "kv server " + id + " is ready on port " + node.status().port());
        if (endWithInput) {
            Thread watch = new Thread(this::awaitEndOfInput, "kv-input");
            watch.setDaemon(true);
            watch.start();
        }
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        node.close();
        Throwable cause = failure.get();
        if (cause != null) {
            throw new CommandFailed(Kv.FAILED, "server " + id + " has stopped: " + cause.getMessage());
        }
        return Kv.OK;
    }

    private Membership checkedMembership() {
        List<String> problems = new ArrayList<>();
        List<Member> parsed = new ArrayList<>();
        for (String text : members) {
            try {
                parsed.addAll(Membership.of(text).members());
            } catch (PaxosException.InvalidConfiguration e) {
                problems.addAll(e.problems());
            }
        }
        Membership membership = new Membership(parsed, 0, 0);
        problems.addAll(membership.problems());
        if (parsed.stream().noneMatch(member -> member.id() == id)) {
            problems.add("--id " + id + " is not among the members " + members);
        }
        if (Files.exists(data) && !Files.isDirectory(data)) {
            problems.add("--data " + data + " is not a directory");
        }
        if (segmentMib < 1 || segmentMib > FileStorage.SEGMENT_BYTES_MAX >> 20) {
            problems.add("--segment-mib " + segmentMib + " must be from 1 to " + (FileStorage.SEGMENT_BYTES_MAX >> 20));
        }
        if (bind != null && !bind.matches("[^:]+:[0-9]{1,5}|\\[.+]:[0-9]{1,5}")) {
            problems.add("--bind '" + bind + "' must look like host:port");
        }
        if (!problems.isEmpty()) {
            throw wrong(problems);
        }
        return membership;
    }

    private PaxosNode<KvCommand, KvAnswer> start(Membership membership) {
        PaxosNode.Builder<KvCommand, KvAnswer> builder = PaxosNode.builder(
                        new KvStateMachine(this::self), KvCodec.commands(), KvCodec.answers())
                .member(id, membership)
                .storage(FileStorage.at(data).withSegmentBytes(segmentMib << 20))
                .transport(NettyTransport.tcp())
                .retention(Retention.defaults()
                        .withSnapshotEveryBytes(snapshotEveryMib << 20)
                        .withKeepBytes(keepMib << 20))
                .timing(lan ? Timing.lan() : Timing.defaults())
                .listener(new NodeListener() {
                    @Override
                    public void stopped(Throwable cause) {
                        failure.set(cause);
                        ended.countDown();
                    }
                });
        if (bind != null) {
            builder.bind(bind);
        }
        try {
            return builder.start();
        } catch (PaxosException.InvalidConfiguration e) {
            throw wrong(e.problems());
        } catch (PaxosException.StartFailed e) {
            throw new CommandFailed(Kv.FAILED, "server " + id + " could not start: " + e.getMessage());
        }
    }

    private CommandFailed wrong(List<String> problems) {
        return new CommandFailed(
                Kv.USAGE, "server " + id + " cannot run like this:\n  - " + String.join("\n  - ", problems));
    }

    private KvAnswer.Member self() {
        PaxosNode<KvCommand, KvAnswer> node = running.get();
        if (node == null) {
            return new KvAnswer.Member(id, false, 0, 0); // asked before start returned
        }
        NodeStatus status = node.status();
        return new KvAnswer.Member(id, status.isLeader(), status.leader(), status.executedSlot());
    }

    private void awaitEndOfInput() {
        try {
            while (System.in.read() >= 0) {
                // whatever is said here is not for the server
            }
        } catch (IOException e) {
            throw new UncheckedIOException("standard input cannot be read; the server ends with it", e);
        } finally {
            ended.countDown();
        }
    }
}
