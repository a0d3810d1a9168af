package dev.multipaxos.examples.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.examples.kv.KvCommand.Expected;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class KvCodecTest {

    static List<KvCommand> commands() {
        return List.of(
                new KvCommand.Put("key", "värde 🙂"),
                new KvCommand.Put("", ""),
                new KvCommand.Delete("key"),
                new KvCommand.Append("key", "x".repeat(300)),
                new KvCommand.CompareAndSet("key", new Expected.Absent(), "new"),
                new KvCommand.CompareAndSet("key", new Expected.Value("old"), "new"),
                new KvCommand.CompareAndSet("key", new Expected.Revision(Long.MAX_VALUE), "new"),
                new KvCommand.Get("key"),
                new KvCommand.GetUnlessSeen("key", -1),
                new KvCommand.Scan("prefix", "prefix/7", 1_000_000),
                new KvCommand.Status());
    }

    static List<KvAnswer> answers() {
        return List.of(
                new KvAnswer.Written(1),
                new KvAnswer.Found("value", 1L << 40),
                new KvAnswer.NotFound(),
                new KvAnswer.Unchanged(),
                new KvAnswer.Conflict("", 0),
                new KvAnswer.Page(List.of(new KvAnswer.Item("a", "1", 2), new KvAnswer.Item("b", "2", 3)), true),
                new KvAnswer.Page(List.of(), false),
                new KvAnswer.ServerStatus(new KvAnswer.Member(3, false, 2, 12_345), 99, 42, -1),
                new KvAnswer.Refused("because"));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void a_command_comes_back_equal(KvCommand command) {
        assertThat(KvCodec.commands().decode(KvCodec.commands().encode(command)))
                .isEqualTo(command);
    }

    @ParameterizedTest
    @MethodSource("answers")
    void an_answer_comes_back_equal(KvAnswer answer) {
        assertThat(KvCodec.answers().decode(KvCodec.answers().encode(answer))).isEqualTo(answer);
    }

    @ParameterizedTest
    @MethodSource("commands")
    void a_command_that_is_cut_off_or_too_long_is_unreadable(KvCommand command) {
        byte[] bytes = KvCodec.commands().encode(command).toArray();
        for (int length = 0; length < bytes.length; length++) {
            assertThat(KvCodec.commands().decode(Bytes.wrap(bytes, 0, length)))
                    .isInstanceOf(KvCommand.Unreadable.class);
        }
        byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
        assertThat(KvCodec.commands().decode(Bytes.wrap(longer)))
                .isEqualTo(new KvCommand.Unreadable("1 bytes follow its end"));
    }

    @ParameterizedTest
    @MethodSource("answers")
    void an_answer_that_is_cut_off_is_named(KvAnswer answer) {
        byte[] bytes = KvCodec.answers().encode(answer).toArray();
        for (int length = 0; length < bytes.length; length++) {
            Bytes cut = Bytes.wrap(bytes, 0, length);
            assertThatThrownBy(() -> KvCodec.answers().decode(cut))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("no answer of this store");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0201", "0163", "0100", "01020180", "0101ff7f", "010102c328", "0101ffffffffffffffffffffff"})
    void other_bytes_are_unreadable_and_the_reason_is_told(String hex) {
        KvCommand command = KvCodec.commands().decode(Bytes.wrap(HexFormat.of().parseHex(hex)));
        assertThat(command)
                .isInstanceOfSatisfying(
                        KvCommand.Unreadable.class,
                        unreadable -> assertThat(unreadable.reason()).isNotBlank());
    }

    /** The journal keeps commands for ever: these bytes must mean the same in every later version. */
    @Test
    void the_format_is_as_it_was() {
        assertThat(hex(new KvCommand.Put("k", "v"))).isEqualTo("0101016b0176");
        assertThat(hex(new KvCommand.Delete("k"))).isEqualTo("0102016b");
        assertThat(hex(new KvCommand.Append("k", "v"))).isEqualTo("0103016b0176");
        assertThat(hex(new KvCommand.CompareAndSet("k", new Expected.Absent(), "v")))
                .isEqualTo("0104016b0176");
        assertThat(hex(new KvCommand.CompareAndSet("k", new Expected.Value("u"), "v")))
                .isEqualTo("0105016b01750176");
        assertThat(hex(new KvCommand.CompareAndSet("k", new Expected.Revision(300), "v")))
                .isEqualTo("0106016bac020176");
    }

    private static String hex(KvCommand command) {
        return HexFormat.of().formatHex(KvCodec.commands().encode(command).toArray());
    }
}
