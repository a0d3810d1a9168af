package dev.multipaxos.transport.netty;

import io.netty.util.NetUtil;

/**
 * Where something listens, before the name is resolved.
 *
 * @param host a name or a literal address, an IPv6 literal without its brackets
 * @param port 0 to 65,535; 0 only to bind
 */
record HostPort(String host, int port) {

    private static final String FORM = "expected host:port, such as db1.example.com:7001, 10.0.0.1:7001 or [::1]:7001";

    /**
     * Reads {@code host:port}.
     *
     * @throws IllegalArgumentException if it is something else; the message says what
     */
    static HostPort parse(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 0) {
            throw malformed(text, "has no port");
        }
        String host = text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
            if (!NetUtil.isValidIpV6Address(host)) {
                throw malformed(text, "has no IPv6 address between its brackets");
            }
        } else if (host.indexOf(':') >= 0) {
            throw malformed(text, "has an IPv6 address without brackets, or two ports");
        }
        if (host.isEmpty() || host.chars().anyMatch(c -> c <= ' ' || c == '/' || c == '[' || c == ']')) {
            throw malformed(text, "has no valid host");
        }
        String digits = text.substring(colon + 1);
        if (digits.isEmpty() || digits.length() > 5 || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw malformed(text, "has no valid port");
        }
        int port = Integer.parseInt(digits);
        if (port > 65_535) {
            throw malformed(text, "has a port above 65535");
        }
        return new HostPort(host, port);
    }

    /**
     * Reads {@code host:port} of something that can be dialled.
     *
     * @throws IllegalArgumentException if it is something else, or if the port is 0
     */
    static HostPort parseRemote(String text) {
        HostPort parsed = parse(text);
        if (parsed.port == 0) {
            throw malformed(text, "has port 0, which cannot be dialled");
        }
        return parsed;
    }

    private static IllegalArgumentException malformed(String text, String what) {
        return new IllegalArgumentException("address '" + text + "' " + what + ": " + FORM);
    }

    @Override
    public String toString() {
        return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
    }
}
