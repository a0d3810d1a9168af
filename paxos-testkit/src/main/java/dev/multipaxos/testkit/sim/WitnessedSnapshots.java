package dev.multipaxos.testkit.sim;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import java.io.ByteArrayOutputStream;
import java.util.function.BooleanSupplier;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Shows the witness every snapshot before it becomes durable, and sees that what is read of one is what was written. */
final class WitnessedSnapshots implements SnapshotStore {

    private final SnapshotStore store;
    private final DurableFacts facts;
    private final Witness witness;
    private final BooleanSupplier starting;
    private final BooleanSupplier isAtFault;

    WitnessedSnapshots(
            SnapshotStore store,
            DurableFacts facts,
            Witness witness,
            BooleanSupplier starting,
            BooleanSupplier isAtFault) {
        this.store = store;
        this.facts = facts;
        this.witness = witness;
        this.starting = starting;
        this.isAtFault = isAtFault;
    }

    @Override
    public Writer create(int group, long slot) throws StorageException {
        Writer writer = store.create(group, slot);
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        return new Writer() {
            @Override
            public void write(byte[] source, int offset, int length) throws StorageException {
                writer.write(source, offset, length);
                content.write(source, offset, length);
            }

            @Override
            public long position() {
                return writer.position();
            }

            @Override
            public Id commit() throws StorageException {
                Bytes bytes = Bytes.wrap(content.toByteArray());
                CRC32C checksum = new CRC32C();
                checksum.update(bytes.toByteBuffer());
                Id expected = new Id(group, slot, bytes.length(), (int) checksum.getValue());
                witness.snapshot(facts.node(), expected, bytes);
                facts.snapshots().commits(expected, bytes); // first: what fails may be there all the same
                Id id = writer.commit();
                facts.snapshots().isDurable(id);
                return id;
            }

            @Override
            public void close() {
                writer.close();
            }
        };
    }

    @Override
    public @Nullable Id latest(int group) throws StorageException {
        try {
            Id id = store.latest(group);
            if (starting.getAsBoolean()) {
                facts.snapshots().found(id, isAtFault.getAsBoolean());
            } else if (id != null) {
                facts.snapshots().isDurable(id);
            }
            return id;
        } catch (StorageException e) {
            throw lacking(e);
        }
    }

    private StorageException lacking(StorageException e) {
        if (starting.getAsBoolean()) {
            facts.snapshots().found(null, isAtFault.getAsBoolean());
        }
        return e;
    }

    @Override
    public @Nullable Id readAgain(int group) throws StorageException {
        Id id = store.readAgain(group);
        if (id != null) {
            facts.snapshots().isDurable(id);
        }
        return id;
    }

    @Override
    public @Nullable Reader open(Id id) throws StorageException {
        Reader reader;
        try {
            reader = store.open(id);
        } catch (StorageException e) {
            throw lacking(e);
        }
        return reader == null ? null : new WitnessedReader(reader);
    }

    private final class WitnessedReader implements Reader {
        private final Reader reader;

        WitnessedReader(Reader reader) {
            this.reader = reader;
        }

        @Override
        public Id id() {
            return reader.id();
        }

        @Override
        public Bytes read(long offset, int maxBytes) throws StorageException {
            try {
                Bytes bytes = reader.read(offset, maxBytes);
                facts.snapshots().read(id(), offset, bytes);
                return bytes;
            } catch (StorageException e) {
                throw lacking(e);
            }
        }

        @Override
        public void close() {
            reader.close();
        }
    }
}
