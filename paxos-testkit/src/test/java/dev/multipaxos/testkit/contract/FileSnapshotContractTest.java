package dev.multipaxos.testkit.contract;

import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.storage.FileStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

/** The snapshots of the storage of production on a real disk. */
class FileSnapshotContractTest extends SnapshotStoreContract {

    @TempDir
    @SuppressWarnings("NullAway.Init") // by JUnit
    Path places;

    private int made;

    @Override
    protected StoragePlace newPlace() {
        Path directory = places.resolve("place-" + ++made);
        return new StoragePlace() {
            @Override
            public DurableStorage storage() {
                return FileStorage.at(directory).withSegmentBytes(256 * 1024);
            }

            @Override
            public void damageSnapshot(int group) throws IOException {
                try (Stream<Path> files = Files.list(directory)) {
                    for (Path file : files.toList()) {
                        if (file.getFileName().toString().startsWith("snapshot-" + group + "-")) {
                            byte[] bytes = Files.readAllBytes(file);
                            bytes[bytes.length / 2] ^= 1;
                            Files.write(file, bytes);
                        }
                    }
                }
            }
        };
    }
}
