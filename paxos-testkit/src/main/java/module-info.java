/** For tests of an application that is replicated with Multipaxos, and the simulator that tests Multipaxos itself. */
module dev.multipaxos.testkit {
    requires transitive dev.multipaxos;
    requires dev.multipaxos.storage;
    requires static transitive org.jspecify;
    requires static transitive org.junit.jupiter.api; // for those who extend the contracts or write a ClusterTest
    requires static com.fasterxml.jackson.core;
    requires static info.picocli;
    requires org.slf4j;

    exports dev.multipaxos.testkit;
    exports dev.multipaxos.testkit.contract;
    exports dev.multipaxos.testkit.history;
    exports dev.multipaxos.testkit.junit;
    exports dev.multipaxos.testkit.sim;

    opens dev.multipaxos.testkit.contract to
            org.junit.platform.commons;
    opens dev.multipaxos.testkit.explore to
            info.picocli;
    opens dev.multipaxos.testkit.sim to
            info.picocli;
    opens dev.multipaxos.testkit.tools to
            info.picocli;
}
