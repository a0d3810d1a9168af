/** For tests of an application that is replicated with Multipaxos. */
module dev.multipaxos.testkit {
    requires transitive dev.multipaxos;
    requires static transitive org.jspecify;
    requires org.slf4j;

    exports dev.multipaxos.testkit;
}
