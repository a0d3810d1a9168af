package dev.multipaxos.testkit.contract;

import dev.multipaxos.storage.FileStorage;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** The storage of production on a real disk, with segments so small that it often needs the next one. */
class FileStorageContractTest extends DurableStorageContract {

    @TempDir
    @SuppressWarnings("NullAway.Init") // by JUnit
    Path places;

    private int made;

    @Override
    protected StoragePlace newPlace() {
        Path directory = places.resolve("place-" + ++made);
        return () -> FileStorage.at(directory).withSegmentBytes(256 * 1024);
    }
}
