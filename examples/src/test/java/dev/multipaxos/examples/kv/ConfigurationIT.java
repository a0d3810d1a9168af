package dev.multipaxos.examples.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.multipaxos.Consistency;
import dev.multipaxos.examples.kv.demo.FreePorts;
import dev.multipaxos.examples.kv.demo.ServerProcess;
import dev.multipaxos.transport.netty.PaxosClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ConfigurationIT {
    @RegisterExtension
    private final KvCluster cluster = KvCluster.onThisMachine();

    private ServerProcess process(String name, List<String> program) {
        Path directory = cluster.directory();
        return new ServerProcess(List.of(), program, directory, directory.resolve(name + ".log"));
    }

    @Test
    void a_server_that_is_told_nonsense_says_all_that_is_wrong_and_exits() throws IOException {
        Path file = Files.writeString(cluster.directory().resolve("file"), "no directory");
        try (ServerProcess server = process(
                "wrong",
                List.of(
                        Kv.class.getName(),
                        "server",
                        "--id",
                        "4",
                        "--members",
                        "1=127.0.0.1:99999,2,3=127.0.0.1:7003",
                        "--data",
                        file.toString()))) {
            server.start();
            assertThat(server.exitCode()).isEqualTo(Kv.USAGE);
            assertThat(server.output())
                    .contains("must be at most 65535")
                    .contains("'2' must look like 1=host:port")
                    .contains("--id 4 is not among the members")
                    .contains("is not a directory");
        }
    }

    @Test
    void a_server_of_another_cluster_is_refused_with_the_difference_and_the_cluster_goes_on() {
        cluster.start();
        SortedMap<Integer, String> members = new TreeMap<>(cluster.addresses());
        members.put(2, "127.0.0.1:" + FreePorts.find(1).get(0));
        try (ServerProcess foreign = process(
                "foreign",
                List.of(
                        Kv.class.getName(),
                        "server",
                        "--id",
                        "2",
                        "--members",
                        KvCluster.members(members),
                        "--data",
                        cluster.directory().resolve("foreign").toString(),
                        "--end-with-input"))) {
            foreign.start();
            await("both sides say why")
                    .atMost(KvCluster.PATIENCE)
                    .until(() -> saysWhy(foreign) && saysWhy(cluster.server(1)));
            try (PaxosClient<KvCommand, KvAnswer> client = cluster.client(KvCluster.PATIENCE, 1, 2, 3)) {
                assertThat(client.propose(new KvCommand.Put("key", "value")).join())
                        .isEqualTo(new KvAnswer.Written(1));
                assertThat(client.read(Consistency.LINEARIZABLE, new KvCommand.Get("key"))
                                .join())
                        .isEqualTo(new KvAnswer.Found("value", 1));
            }
        }
    }

    private static boolean saysWhy(ServerProcess server) {
        return server.output().contains("another cluster, or was founded differently");
    }

    @Test
    void the_command_line_reads_and_writes_a_running_cluster() {
        cluster.start();
        assertThat(run(Kv.OK, "put", "fruit/apple", "red")).isEqualTo("revision 1\n");
        assertThat(run(Kv.OK, "append", "fruit/apple", " and green")).isEqualTo("revision 2\n");
        assertThat(run(Kv.OK, "get", "fruit/apple")).isEqualTo("red and green\n");
        assertThat(run(Kv.OK, "cas", "fruit/apple", "red and green", "red")).isEqualTo("revision 3\n");
        assertThat(run(Kv.FAILED, "cas", "fruit/apple", "green", "blue")).contains("'red' at revision 3");
        assertThat(run(Kv.OK, "cas", "fruit/pear", "yellow", "--if-absent")).isEqualTo("revision 4\n");
        assertThat(run(Kv.OK, "list", "fruit/")).isEqualTo("fruit/apple\tred\nfruit/pear\tyellow\n");
        assertThat(run(Kv.OK, "watch", "fruit/pear", "--changes", "1")).isEqualTo("4\tyellow\n");
        assertThat(run(Kv.OK, "delete", "fruit/pear")).isEqualTo("revision 5\n");
        assertThat(run(Kv.FAILED, "get", "fruit/pear")).contains("there is no key 'fruit/pear'");
        assertThat(run(Kv.OK, "status"))
                .contains("leads")
                .contains("revision 5")
                .doesNotContain("does not answer");
        cluster.addresses().keySet().forEach(id -> cluster.server(id).close());
        assertThat(cluster.addresses().keySet())
                .allSatisfy(id -> assertThat(cluster.server(id).exitCode()).isEqualTo(Kv.OK));
        assertThat(run(Kv.UNAVAILABLE, "get", "fruit/apple", "--timeout", "1")).contains("running?");
    }

    @Test
    void a_watcher_is_told_of_each_change() {
        cluster.start();
        StringWriter printed = new StringWriter();
        CompletableFuture<Void> watch = CompletableFuture.runAsync(
                () -> run(printed, Kv.OK, "watch", "fruit", "--changes", "3", "--interval", "50"));
        awaitPrinted(printed, "-\tabsent\n");
        run(Kv.OK, "put", "fruit", "apple");
        awaitPrinted(printed, "1\tapple\n");
        run(Kv.OK, "delete", "fruit");
        watch.join();
        assertThat(printed).hasToString("-\tabsent\n1\tapple\n-\tabsent\n");
    }

    private static void awaitPrinted(StringWriter printed, String text) {
        await(text).atMost(KvCluster.PATIENCE).until(() -> printed.toString().endsWith(text));
    }

    /** Runs the command line in this process; what it prints, results and complaints together. */
    private String run(int exitCode, String... words) {
        return run(new StringWriter(), exitCode, words);
    }

    private String run(StringWriter printed, int exitCode, String... words) {
        PrintWriter to = new PrintWriter(printed, true);
        String[] all = new String[words.length + 2];
        System.arraycopy(words, 0, all, 0, words.length);
        all[words.length] = "--servers";
        all[words.length + 1] = String.join(",", cluster.addresses().values());
        int actual = Kv.commandLine(to, to).execute(all);
        assertThat(actual).as("%s printed %s", List.of(words), printed).isEqualTo(exitCode);
        return printed.toString();
    }
}
