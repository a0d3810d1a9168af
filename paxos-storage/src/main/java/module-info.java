/** The journal on a local disk: {@link dev.multipaxos.storage.FileStorage}. */
@SuppressWarnings("module") // the simulator that brings its own disk is compiled after this module
module dev.multipaxos.storage {
    requires static transitive org.jspecify;
    requires transitive dev.multipaxos;
    requires org.slf4j;
    requires jdk.unsupported; // ExtendedOpenOption.DIRECT

    exports dev.multipaxos.storage;
    exports dev.multipaxos.storage.disk to
            dev.multipaxos.testkit;
}
