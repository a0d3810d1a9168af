package dev.multipaxos.transport.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NettyOptionsTest {

    @Test
    void everything_wrong_is_said_at_once() {
        NettyOptions.Builder bad = NettyOptions.builder()
                .handshakeDeadline(Duration.ZERO)
                .pingInterval(Duration.ofHours(2))
                .peerOutboundBytesMax(0)
                .clientOutboundBytesMax(-1)
                .clientConnectionsMax(-5)
                .reconnect(Duration.ofSeconds(3), Duration.ofSeconds(2))
                .bulkIdle(Duration.ZERO)
                .eventLoopThreads(0);
        assertThatThrownBy(bad::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("handshakeDeadline PT0S must be 1 ms to 1 h")
                .hasMessageContaining("pingInterval PT2H must be 1 ms to 1 h")
                .hasMessageContaining("peerOutboundBytesMax 0 must be at least 65536")
                .hasMessageContaining("clientOutboundBytesMax -1 must be at least 65536")
                .hasMessageContaining("clientConnectionsMax -5 must be at least 0")
                .hasMessageContaining("reconnectMin 3000 ms must not be longer than reconnectMax 2000 ms")
                .hasMessageContaining("bulkIdle PT0S must be 1 ms to 1 h")
                .hasMessageContaining("eventLoopThreads 0 must be at least 1");
    }

    @ParameterizedTest
    @CsvSource({
        "db1.example.com:7001, db1.example.com, 7001",
        "10.0.0.1:65535, 10.0.0.1, 65535",
        "[::1]:7001, ::1, 7001",
        "localhost:0, localhost, 0"
    })
    void addresses_are_host_and_port(String text, String host, int port) {
        HostPort parsed = HostPort.parse(text);
        assertThat(parsed).isEqualTo(new HostPort(host, port));
        assertThat(parsed).hasToString(text);
    }

    @ParameterizedTest
    @CsvSource({
        "localhost, has no port",
        "localhost:, has no valid port",
        "localhost:-1, has no valid port",
        "localhost:http, has no valid port",
        "localhost:65536, has a port above 65535",
        ":7001, has no valid host",
        "::1:7001, has an IPv6 address without brackets",
        "[localhost]:7001, has no IPv6 address between its brackets",
        "http://localhost:7001, has an IPv6 address without brackets",
        "a b:7001, has no valid host",
        "[::1:7001, has an IPv6 address without brackets"
    })
    void anything_else_is_refused_with_the_reason(String text, String reason) {
        assertThatThrownBy(() -> HostPort.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + text + "' " + reason)
                .hasMessageContaining("expected host:port");
    }

    @Test
    void port_0_cannot_be_dialled() {
        assertThatThrownBy(() -> HostPort.parseRemote("localhost:0")).hasMessageContaining("cannot be dialled");
    }
}
