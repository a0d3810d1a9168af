package dev.multipaxos.transport.netty;

import java.time.Duration;
import java.util.List;

/**
 * What a client was told; checked by its builder.
 *
 * @param servers the addresses it knows at first
 * @param group the group
 * @param frameBytesMax the largest frame
 * @param connectDeadline how long a connection may take to be made, and then to be admitted
 * @param retryInterval after how long without an answer it tries elsewhere
 * @param keepAliveInterval how long a session may be idle before it is kept alive
 */
record ClientSettings(
        List<HostPort> servers,
        int group,
        int frameBytesMax,
        Duration connectDeadline,
        Duration retryInterval,
        Duration keepAliveInterval) {}
