/** TCP, with Netty: how members and clients reach each other. Frames are described in {@code docs/transport.md}. */
@NullMarked
package dev.multipaxos.transport.netty;

import org.jspecify.annotations.NullMarked;
