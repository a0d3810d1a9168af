package dev.multipaxos.examples.bigstate;

import dev.multipaxos.Codec;
import dev.multipaxos.Limits;
import dev.multipaxos.Membership;
import dev.multipaxos.NodeListener;
import dev.multipaxos.PaxosNode;
import dev.multipaxos.Retention;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.storage.FileStorage;
import dev.multipaxos.transport.netty.NettyTransport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** One member, until its input ends. */
@Command(name = "server", description = "Runs one member, until its input ends.", sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class BigStateServer implements Callable<Integer> {
    static final int SEGMENT_BYTES = 1 << 20;

    /** Few slots are open, and hardly more stay in memory: who was away is to need the snapshot. */
    private static final int ALPHA = 32;

    @Option(names = "--id", required = true, description = "Which of the members this is.")
    private int id;

    @Option(
            names = "--members",
            required = true,
            split = ",",
            paramLabel = "ID=HOST:PORT",
            description = "All members.")
    private String[] members;

    @Option(names = "--data", required = true, paramLabel = "DIR", description = "Where the member keeps its files.")
    private Path data;

    @Option(names = "--state-mib", required = true, paramLabel = "N", description = "How large the state is, in MiB.")
    private long stateMib;

    @Option(
            names = "--snapshot-every-mib",
            required = true,
            paramLabel = "N",
            description = "Take a snapshot when the journal has grown by N MiB.")
    private long snapshotEveryMib;

    @Option(
            names = "--transfer-mib-per-second",
            required = true,
            paramLabel = "N",
            description = "How fast a snapshot is sent.")
    private long transferMibPerSecond;

    @Override
    public Integer call() throws IOException {
        System.setProperty("kv.log", "INFO"); // read by logback.xml, before anything is logged
        try (PaxosNode<Bytes, Long> node = PaxosNode.builder(new BigState(stateMib << 20), Codec.bytes(), Codec.int64())
                .member(id, Membership.of(members))
                .storage(FileStorage.at(data).withSegmentBytes(SEGMENT_BYTES))
                .transport(NettyTransport.tcp())
                .limits(Limits.defaults().withAlpha(ALPHA).withRing(2 * ALPHA))
                .retention(new Retention(snapshotEveryMib << 20, 0, transferMibPerSecond << 20))
                .listener(new NodeListener() {
                    @Override
                    public void stopped(Throwable cause) {
                        System.exit(1); // the reason is in the log
                    }
                })
                .start()) {
            System.out.println(
                    "member " + id + " is ready on port " + node.status().port());
            while (System.in.read() >= 0) {
                // whatever is said here is not for the server
            }
        }
        return 0;
    }
}
