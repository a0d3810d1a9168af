/** For tests of an application that is replicated with Multipaxos, and the simulator that tests Multipaxos itself. */
module dev.multipaxos.testkit {
    requires transitive dev.multipaxos;
    requires dev.multipaxos.storage;
    requires static transitive org.jspecify;
    requires org.slf4j;
    requires static info.picocli;

    exports dev.multipaxos.testkit;
    exports dev.multipaxos.testkit.sim;

    opens dev.multipaxos.testkit.explore to
            info.picocli;
}
