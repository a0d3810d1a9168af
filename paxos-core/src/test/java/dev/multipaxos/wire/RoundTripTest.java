package dev.multipaxos.wire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Record;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RoundTripTest {

    static List<Format> formats() {
        return Format.all();
    }

    @ParameterizedTest
    @MethodSource("formats")
    void what_is_decoded_is_what_was_encoded(Format format) throws WireException {
        for (long seed = 1; seed <= 2_000; seed++) {
            Object said = format.sample().apply(new Samples(seed));
            Bytes encoded = format.encode().apply(said);

            assertThat(format.decode().decode(encoded))
                    .as("%s, seed %d", format.name(), seed)
                    .isEqualTo(said);
            assertThat(format.decode().decode(inTheMiddleOfAnArray(encoded)))
                    .as("%s in the middle of an array, seed %d", format.name(), seed)
                    .isEqualTo(said);
        }
    }

    @Test
    void there_is_a_sample_of_everything_that_can_be_said() {
        Set<Class<?>> sampled = new HashSet<>();
        Samples samples = new Samples(1);
        for (Format format : Format.all()) {
            Object said = format.sample().apply(samples);
            sampled.add(said instanceof Format.Framed framed ? framed.said().getClass() : said.getClass());
        }

        assertThat(sampled)
                .containsAll(Stream.of(
                                Message.class,
                                Edge.class,
                                Record.class,
                                Hello.class,
                                ClientMessage.class,
                                SnapshotPart.class)
                        .flatMap(RoundTripTest::leaves)
                        .toList());
    }

    private static Stream<Class<?>> leaves(Class<?> type) {
        return type.isSealed()
                ? Stream.of(type.getPermittedSubclasses()).flatMap(RoundTripTest::leaves)
                : Stream.of(type);
    }

    static Bytes inTheMiddleOfAnArray(Bytes bytes) {
        byte[] wider = new byte[bytes.length() + 23];
        System.arraycopy(bytes.array(), bytes.offset(), wider, 11, bytes.length());
        return Bytes.wrap(wider, 11, bytes.length());
    }
}
