/** Multipaxos over TCP: the transport between nodes, which serves clients on the same port, and the client. */
module dev.multipaxos.transport.netty {
    requires transitive dev.multipaxos;
    requires io.netty.buffer;
    requires io.netty.codec;
    requires io.netty.common;
    requires io.netty.handler;
    requires io.netty.transport;
    requires io.netty.transport.classes.epoll;
    requires org.slf4j;

    exports dev.multipaxos.transport.netty;
}
