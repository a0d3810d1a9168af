package dev.multipaxos;

/**
 * A snapshot on its way from one member to another, as one of the two sees it.
 *
 * @param from the member that sends it
 * @param to the member that needs it
 * @param slot the last slot whose effects are in it
 * @param bytes how much of it has been received, or sent
 * @param totalBytes its size
 */
public record SnapshotTransfer(int from, int to, long slot, long bytes, long totalBytes) {

    /** {@return how many tenths of it are there} */
    public int tenths() {
        return totalBytes == 0 ? 10 : (int) (bytes * 10.0 / totalBytes);
    }
}
