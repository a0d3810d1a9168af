package dev.multipaxos.testkit.contract;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.DurableStorage.Identity;
import dev.multipaxos.spi.StorageException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.function.Executable;

/** The storages that one test has opened. */
final class StorageBench {
    static final int NODE = 7;
    static final Bytes FOUNDING = Bytes.utf8("three founders, and how many slots may be open");
    static final int GROUP = 1;
    static final int OTHER_GROUP = 2;

    /** A storage that is ready for work. */
    record Started(DurableStorage storage, Identity identity, List<StoredRecord> replayed) {

        void append(List<StoredRecord> records) throws StorageException {
            for (StoredRecord record : records) {
                record.appendTo(storage);
            }
        }

        void appendAndSync(List<StoredRecord> records) throws StorageException {
            append(records);
            storage.sync();
        }

        /** What a read has found, and the last slot of which it was all. */
        record Read(List<StoredRecord> found, long readTo) {}

        Read read(int group, long slotFrom, long slotTo, long maxBytes) throws StorageException {
            List<StoredRecord> found = new ArrayList<>();
            long readTo = storage.read(group, slotFrom, slotTo, maxBytes, StoredRecord.into(found));
            return new Read(found, readTo);
        }
    }

    private final List<DurableStorage> opened = new ArrayList<>();

    Started start(StoragePlace place) throws Exception {
        DurableStorage storage = place.storage();
        Identity identity = storage.open(NODE, FOUNDING);
        opened.add(storage);
        return new Started(storage, identity, replay(storage));
    }

    /** {@return a storage that is open, its journal not replayed} */
    DurableStorage opened(StoragePlace place) throws Exception {
        DurableStorage storage = place.storage();
        opened.add(storage);
        storage.open(NODE, FOUNDING);
        return storage;
    }

    /** Closes what was started, and starts again what the place holds. */
    Started restart(Started before, StoragePlace place) throws Exception {
        before.storage().close();
        return start(place);
    }

    /** Loses the power: what was started is left as it is, as by a process that is no more. */
    Started crash(Started before, StoragePlace place) throws Exception {
        opened.remove(before.storage());
        place.crash();
        return start(place);
    }

    static List<StoredRecord> replay(DurableStorage storage) throws StorageException {
        List<StoredRecord> found = new ArrayList<>();
        storage.replay(StoredRecord.into(found));
        return found;
    }

    static StorageException refused(Executable call, String sentence) {
        StorageException refusal = assertThrows(StorageException.class, call, sentence);
        String message = refusal.getMessage();
        assertFalse(
                message == null || message.equals(refusal.code() + ": "),
                "StorageException: the message says which file, what is wrong and what to do");
        return refusal;
    }

    void closeAll() {
        opened.forEach(DurableStorage::close);
    }
}
