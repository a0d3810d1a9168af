package dev.multipaxos.examples.bigstate;

import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.bytes.Bytes;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.SplittableRandom;

/**
 * A state of any size that takes no memory: all of it follows from a digest of the commands so far. A snapshot writes it out, and
 * whoever restores it checks every word. An answer, and the answer to a query, is how many commands were executed.
 */
final class BigState implements StateMachine<Bytes, Long> {
    private static final int BUFFER_BYTES = 64 << 10;

    private final long words;
    private long digest;
    private long count;

    /**
     * Makes a state.
     *
     * @param bytes its size
     */
    BigState(long bytes) {
        this.words = bytes / Long.BYTES;
    }

    @Override
    public Long apply(Context at, Bytes command) {
        digest = 31 * digest + command.hashCode();
        return ++count;
    }

    @Override
    public Long query(Bytes query) {
        return count;
    }

    @Override
    public Snapshot snapshot() {
        long capturedDigest = digest;
        long capturedCount = count;
        return out -> {
            DataOutputStream data = new DataOutputStream(new BufferedOutputStream(out, BUFFER_BYTES));
            data.writeLong(capturedDigest);
            data.writeLong(capturedCount);
            data.writeLong(words);
            SplittableRandom content = new SplittableRandom(capturedDigest);
            for (long word = 0; word < words; word++) {
                data.writeLong(content.nextLong());
            }
            data.flush();
        };
    }

    @Override
    public void restore(InputStream in) throws IOException {
        DataInputStream data = new DataInputStream(new BufferedInputStream(in, BUFFER_BYTES));
        digest = data.readLong();
        count = data.readLong();
        long found = data.readLong();
        SplittableRandom content = new SplittableRandom(digest);
        for (long word = 0; word < found; word++) {
            if (data.readLong() != content.nextLong()) {
                throw new IOException("word " + word + " of " + found + " is not what was written");
            }
        }
    }
}
