package dev.multipaxos.wire;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.bytes.Bytes;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever the bytes are: a valid thing or a {@link WireException}, and little memory. */
class HostileBytesTest {
    /** Cases for each format; there are 31 formats. */
    private static final int CASES = 7_000;

    /** What a decoder may allocate whatever it reads: parsers, generated messages, an exception with its trace. */
    private static final long FIXED_BYTES_MAX = 16 << 10;

    /** What it may allocate besides, for each byte that it reads: the shortest element of a list makes an object. */
    private static final long BYTES_PER_BYTE_MAX = 32;

    static List<Format> formats() {
        return Format.all();
    }

    @ParameterizedTest
    @MethodSource("formats")
    void damaged_bytes_are_valid_or_refused(Format format) {
        for (long seed = 1; seed <= CASES; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Bytes valid = format.encode().apply(format.sample().apply(new Samples(seed)));
            check(format, "seed " + seed, damaged(valid.toArray(), random));
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void every_prefix_is_valid_or_refused(Format format) {
        for (long seed = 1; seed <= 20; seed++) {
            Bytes valid = format.encode().apply(format.sample().apply(new Samples(seed)));
            for (int length = 0; length < valid.length(); length++) {
                check(format, "seed " + seed + " cut to " + length, valid.slice(0, length));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void bytes_at_random_are_valid_or_refused(Format format) {
        for (long seed = 1; seed <= 2_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            byte[] bytes = new byte[random.nextInt(200)];
            random.nextBytes(bytes);
            check(format, "seed " + seed, Bytes.wrap(bytes));
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void a_large_frame_of_one_byte_or_of_tiny_fields_costs_little(Format format) {
        for (int pattern = 0; pattern < 256; pattern++) {
            byte[] same = new byte[4_000];
            Arrays.fill(same, (byte) pattern);
            check(format, "all " + pattern, Format.behindItsLength(Bytes.wrap(same)));
            check(format, "all " + pattern + ", no length", Bytes.wrap(same));
            for (int i = 1; i < same.length; i += 2) {
                same[i] = 0; // empty messages, or numbers that are 0
            }
            check(format, pattern + " and 0 in turns", Format.behindItsLength(Bytes.wrap(same)));
            check(format, pattern + " and 0 in turns, no length", Bytes.wrap(same));
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void groups_in_groups_do_not_exhaust_the_stack(Format format) {
        byte[] groups = new byte[1 << 20];
        Arrays.fill(groups, (byte) 0x0b); // field 1 begins a group
        assertThatThrownBy(() -> format.decode().decode(Format.behindItsLength(Bytes.wrap(groups))))
                .isInstanceOf(WireException.class);
    }

    private static void check(Format format, String which, Bytes bytes) {
        long bound = FIXED_BYTES_MAX + BYTES_PER_BYTE_MAX * bytes.length();
        long allocated = Long.MAX_VALUE;
        Object said = null;
        // what is over the bound is tried again: the first time that a line of code runs it is linked, which costs
        // memory once
        for (int i = 0; i < 3 && allocated > bound; i++) {
            long before = Allocation.bytes();
            said = decoded(format, which, bytes);
            allocated = Allocation.bytes() - before;
        }
        if (allocated > bound) {
            throw new AssertionError(format.name() + ", " + which + ": " + allocated + " bytes allocated for "
                    + bytes.length() + ", and the outcome was " + said);
        }
        if (said != null) {
            checkItMakesSense(format, which, said);
        }
    }

    private static @Nullable Object decoded(Format format, String which, Bytes bytes) {
        try {
            return format.decode().decode(bytes);
        } catch (WireException e) {
            if (e.getMessage() == null || e.getMessage().isBlank()) {
                throw new AssertionError(format.name() + ", " + which + ": refused without a reason", e);
            }
            return null;
        } catch (RuntimeException | StackOverflowError e) {
            throw new AssertionError(format.name() + ", " + which + ": " + bytes + " was not refused properly", e);
        }
    }

    /** What was accepted can be said again. */
    private static void checkItMakesSense(Format format, String which, Object said) {
        try {
            Object again = format.decode().decode(format.encode().apply(said));
            if (!again.equals(said)) {
                throw new AssertionError(format.name() + ", " + which + ": " + said + " became " + again);
            }
        } catch (WireException | RuntimeException e) {
            throw new AssertionError(format.name() + ", " + which + ": accepted but not sayable: " + said, e);
        }
    }

    private static Bytes damaged(byte[] valid, SplittableRandom random) {
        byte[] bytes = valid;
        for (int i = random.nextInt(4); i >= 0; i--) {
            int at = bytes.length == 0 ? 0 : random.nextInt(bytes.length);
            int run = Math.min(1 + random.nextInt(8), bytes.length - at);
            switch (random.nextInt(8)) {
                case 0, 1 -> bytes = flipped(bytes, at, 1 << random.nextInt(8));
                case 2 -> bytes = flipped(bytes, at, random.nextInt(256));
                case 3 -> bytes = spliced(bytes, at, 0, noise(random));
                case 4 -> bytes = spliced(bytes, at, run, new byte[0]);
                case 5 -> bytes = spliced(bytes, at, run, noise(random));
                case 6 -> bytes = spliced(bytes, at, 0, Arrays.copyOfRange(bytes, at, at + run));
                default -> bytes = Arrays.copyOf(bytes, at);
            }
        }
        return Bytes.wrap(bytes);
    }

    private static byte[] noise(SplittableRandom random) {
        byte[] noise = new byte[1 + random.nextInt(12)];
        if (random.nextBoolean()) {
            random.nextBytes(noise);
        } else { // a number of the largest kind
            Arrays.fill(noise, (byte) 0xff);
            noise[noise.length - 1] = (byte) random.nextInt(128);
        }
        return noise;
    }

    private static byte[] flipped(byte[] bytes, int at, int bits) {
        byte[] copy = bytes.clone();
        if (at < copy.length) {
            copy[at] ^= (byte) bits;
        }
        return copy;
    }

    private static byte[] spliced(byte[] bytes, int at, int removed, byte[] inserted) {
        byte[] result = new byte[bytes.length - removed + inserted.length];
        System.arraycopy(bytes, 0, result, 0, at);
        System.arraycopy(inserted, 0, result, at, inserted.length);
        System.arraycopy(bytes, at + removed, result, at + inserted.length, bytes.length - at - removed);
        return result;
    }
}
