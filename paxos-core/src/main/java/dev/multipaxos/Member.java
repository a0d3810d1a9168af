package dev.multipaxos;

/**
 * One member of a cluster.
 *
 * @param id its node id, positive, used once for ever
 * @param address where the others reach it, {@code host:port}; the name is resolved whenever it is dialled
 */
public record Member(int id, String address) {
    @Override
    public String toString() {
        return id + "=" + address;
    }
}
