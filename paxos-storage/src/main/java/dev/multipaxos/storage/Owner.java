package dev.multipaxos.storage;

import dev.multipaxos.bytes.Bytes;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Whose directory it is; written once, when it is formatted, to {@code IDENTITY}.
 *
 * @param node the node
 * @param storageId drawn at random, not 0
 * @param foundingRecord what the cluster was founded with
 */
record Owner(int node, long storageId, Bytes foundingRecord) {
    static final String FILE = "IDENTITY";
    static final int FORMAT = 1;
    static final long MAGIC = 0x544E45444958504DL; // "MPXIDENT" in the file

    /** {@return what stands for the cluster in the journal: the first eight bytes of the SHA-256 of the founding record} */
    long cluster() {
        return cluster(foundingRecord);
    }

    static long cluster(Bytes foundingRecord) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(foundingRecord.toByteBuffer());
            return ByteBuffer.wrap(digest.digest()).getLong();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    ByteBuffer encode() {
        ByteBuffer payload = ByteBuffer.allocate(20 + foundingRecord.length()).order(ByteOrder.LITTLE_ENDIAN);
        payload.putInt(node).putInt(0).putLong(storageId).putInt(foundingRecord.length());
        return payload.put(foundingRecord.toByteBuffer()).flip();
    }

    static Owner decode(ByteBuffer payload) {
        int node = payload.getInt();
        payload.getInt();
        long storageId = payload.getLong();
        byte[] founding = new byte[payload.getInt()];
        payload.get(founding);
        return new Owner(node, storageId, Bytes.wrap(founding));
    }
}
