package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.runtime.ClientOutcomes.ClientLost;
import dev.multipaxos.runtime.ClientOutcomes.ClientReply;
import dev.multipaxos.wire.Allocation;
import dev.multipaxos.wire.ClientMessage.Status;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.CommandReader;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClientOutcomesTest {

    private static final long CONNECTION = 9;

    private final Mailbox mailbox = new Mailbox(2_000);
    private final ClientOutcomes clients = new ClientOutcomes(10_000, mailbox);

    private void answer(long sequence, int bytes) {
        clients.ended(
                CommandAt.of(new Command(Command.Kind.APPLY, 5, sequence, 1, Bytes.EMPTY)),
                Status.OK,
                Bytes.wrap(new byte[bytes]));
        clients.flush();
    }

    /** As when the loop is behind: what nobody takes must not pile up, and the client must not wait for what was dropped. */
    @Test
    void a_client_whose_answers_find_no_room_loses_its_connection() {
        clients.watch(5, CONNECTION);
        answer(1, 300);
        answer(2, 300);
        List<Mail> mail = mailbox.drain();
        assertThat(mail).hasSize(2);
        assertThat(mail.get(0)).isInstanceOf(ClientReply.class);
        assertThat(mail.get(1)).isEqualTo(new ClientLost(CONNECTION));
        assertThat(mailbox.bytes()).isLessThan(500);
    }

    private void answerAnother(long session, int bytes) {
        clients.ended(
                CommandAt.of(new Command(Command.Kind.APPLY, session, 1, 1, Bytes.EMPTY)),
                Status.OK,
                Bytes.wrap(new byte[bytes]));
        clients.flush();
    }

    @Test
    void a_client_that_takes_its_answers_does_not_lose_its_connection_for_another_ones() {
        clients.watch(5, CONNECTION);
        clients.watch(6, 10);
        clients.watch(7, 11);
        answer(1, 100);
        answerAnother(7, 10);
        answerAnother(6, 60);
        assertThat(mailbox.drain())
                .satisfiesExactly(
                        mail -> assertThat(((ClientReply) mail).connection()).isEqualTo(11),
                        mail -> assertThat(mail).isEqualTo(new ClientLost(CONNECTION)),
                        mail -> assertThat(((ClientReply) mail).connection()).isEqualTo(10));
        assertThat(mailbox.bytes()).isLessThan(150);
    }

    @Test
    void what_a_long_turn_has_taken_leaves_room_for_what_comes_meanwhile() {
        clients.watch(5, CONNECTION);
        clients.watch(6, 10);
        answer(1, 370); // more than all of the share
        mailbox.drain();
        answerAnother(6, 100);
        assertThat(mailbox.drain()).hasSize(1).first().isInstanceOf(ClientReply.class);
    }

    /** 21 bytes of it are the frame; the rest is what each frame needs besides. */
    @Test
    void an_answer_is_sent_without_an_object_of_its_own() {
        Mailbox large = new Mailbox(1 << 24);
        ClientOutcomes many = new ClientOutcomes(1 << 20, large);
        many.watch(5, CONNECTION);
        CommandReader command = CommandAt.of(new Command(Command.Kind.APPLY, 5, 1, 1, Bytes.EMPTY));
        Bytes answer = Bytes.wrap(new byte[8]);
        for (int round = 0; round < 4; round++) { // both lists of the mailbox have grown then
            answer(many, command, answer, 100);
            large.drain();
        }
        long before = Allocation.bytes();
        answer(many, command, answer, 100);
        assertThat((Allocation.bytes() - before) / (100 * 64.0)).isLessThan(30);
    }

    private static void answer(ClientOutcomes many, CommandReader command, Bytes answer, int frames) {
        for (int i = 0; i < frames; i++) {
            for (int j = 0; j < 64; j++) {
                many.ended(command, Status.OK, answer);
            }
            many.flush();
        }
    }
}
