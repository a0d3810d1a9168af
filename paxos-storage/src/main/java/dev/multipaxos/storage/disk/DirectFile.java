package dev.multipaxos.storage.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** Reads a file past the page cache, in whole blocks of the file system, whatever is asked for. */
final class DirectFile implements DiskFile {
    private static final int BYTES = 1024 * 1024;

    private static final @Nullable OpenOption DIRECT = direct();

    private final FileChannel channel;
    private final int block;
    private final ByteBuffer blocks;

    private DirectFile(FileChannel channel, int block) {
        this.channel = channel;
        this.block = block;
        this.blocks = ByteBuffer.allocateDirect(BYTES + 2 * block).alignedSlice(block);
    }

    /** Looks the option up by its name: it is the JDK's own, compilers warn of it, and a JDK may be without it. */
    private static @Nullable OpenOption direct() {
        try {
            Class<?> options = Class.forName("com.sun.nio.file.ExtendedOpenOption");
            return (OpenOption) options.getField("DIRECT").get(null);
        } catch (ReflectiveOperationException e) {
            return null;
        }
    }

    /** {@return the file, or null if the file system does not read past the cache} */
    static @Nullable DirectFile open(Path path) throws IOException {
        OpenOption direct = DIRECT;
        if (direct == null) {
            return null;
        }
        int block;
        try {
            block = Math.toIntExact(Files.getFileStore(path).getBlockSize());
        } catch (UnsupportedOperationException e) {
            return null;
        }
        FileChannel channel;
        try {
            channel = FileChannel.open(path, StandardOpenOption.READ, direct);
        } catch (IOException | UnsupportedOperationException e) {
            FileChannel.open(path, StandardOpenOption.READ).close(); // else it is not for reading past the cache
            return null;
        }
        DirectFile file = new DirectFile(channel, block);
        if (file.refuses()) {
            channel.close();
            return null;
        }
        return file;
    }

    /** Some file systems open a file so, and then refuse to read it. */
    private boolean refuses() {
        try {
            read(ByteBuffer.allocate(1), 0);
            return false;
        } catch (IOException e) {
            return true; // or its first block cannot be read: then it cannot be read through the cache, either
        }
    }

    @Override
    public long size() throws IOException {
        return channel.size();
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
        long from = position / block * block;
        int skipped = (int) (position - from);
        int wanted =
                (int) Math.min(blocks.capacity() / block, ((long) skipped + target.remaining() + block - 1) / block);
        blocks.clear().limit(wanted * block);
        int count = channel.read(blocks, from);
        if (count <= skipped) {
            return -1;
        }
        blocks.limit(Math.min(count, skipped + target.remaining())).position(skipped);
        int given = blocks.remaining();
        target.put(blocks);
        return given;
    }

    @Override
    public long write(ByteBuffer[] sources, long position) {
        throw new UnsupportedOperationException("opened for reading");
    }

    @Override
    public void truncate(long size) {
        throw new UnsupportedOperationException("opened for reading");
    }

    @Override
    public void force(boolean metadata) {
        throw new UnsupportedOperationException("opened for reading");
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
