/**
 * The replication library: what an application touches ({@link dev.multipaxos}), what an implementor of a transport or a
 * storage touches ({@link dev.multipaxos.spi}), and the pure protocol ({@link dev.multipaxos.core}).
 */
@SuppressWarnings("module") // the friends of the internal packages are compiled after this module
module dev.multipaxos {
    requires static transitive org.jspecify;
    requires com.google.protobuf;
    requires org.slf4j;

    exports dev.multipaxos;
    exports dev.multipaxos.bytes;
    exports dev.multipaxos.core;
    exports dev.multipaxos.spi;
    exports dev.multipaxos.wire to
            dev.multipaxos.transport.netty,
            dev.multipaxos.testkit;
    exports dev.multipaxos.runtime to
            dev.multipaxos.testkit;
}
