package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.runtime.Mailbox.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class MailboxTest {

    private record Letter(int from, int number) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {}
    }

    private final Mailbox mailbox = new Mailbox(800);

    private boolean add(Part part, int bytes) {
        return mailbox.add(part, new Letter(1, bytes), bytes);
    }

    @Test
    void what_is_added_is_taken_in_order_once() {
        mailbox.add(new Letter(1, 1));
        mailbox.add(new Letter(1, 2));
        assertThat(mailbox.drain()).containsExactly(new Letter(1, 1), new Letter(1, 2));
        assertThat(mailbox.drain()).isEmpty();
    }

    @Test
    void frames_beyond_the_bound_are_dropped_and_counted_and_letters_are_not() {
        assertThat(add(Part.MEMBERS, 1_000)).isTrue();
        assertThat(add(Part.MEMBERS, 1)).isFalse();
        assertThat(mailbox.add(new Letter(2, 1))).isTrue();
        assertThat(mailbox.dropped()).isEqualTo(1);
        assertThat(mailbox.drain()).hasSize(2);
        mailbox.drain();
        assertThat(add(Part.MEMBERS, 300)).isTrue();
        assertThat(add(Part.MEMBERS, 1)).isFalse();
    }

    @Test
    void no_part_crowds_out_another_and_together_they_are_not_more_than_all() {
        assertThat(add(Part.CLIENTS, 1_000)).isTrue();
        assertThat(add(Part.CLIENTS, 1)).isFalse();
        assertThat(add(Part.MEMBERS, 300)).isTrue();
        assertThat(add(Part.BULK, 100)).isTrue();
        assertThat(add(Part.BULK, 1)).isFalse();
        assertThat(add(Part.ANSWERS, 200)).isTrue();
        assertThat(add(Part.ANSWERS, 1)).isFalse();
        assertThat(add(Part.LOG, 50)).isTrue();
        assertThat(add(Part.LOG, 1)).isFalse();
        assertThat(mailbox.drain()).hasSize(5);
        mailbox.drain();
        assertThat(add(Part.CLIENTS, 194)).isTrue();
        assertThat(add(Part.CLIENTS, 7)).isFalse();
    }

    @Test
    void what_the_loop_is_at_counts_until_it_takes_the_next() {
        add(Part.MEMBERS, 200);
        assertThat(mailbox.bytes()).isEqualTo(200);
        mailbox.drain();
        assertThat(mailbox.bytes()).isEqualTo(200);
        assertThat(add(Part.MEMBERS, 101)).isFalse();
        assertThat(add(Part.MEMBERS, 100)).isTrue();
        mailbox.drain();
        assertThat(mailbox.bytes()).isEqualTo(100);
        mailbox.drain();
        assertThat(mailbox.bytes()).isZero();
    }

    @Test
    void a_closed_mailbox_hands_out_the_rest_and_takes_nothing() {
        mailbox.add(new Letter(1, 1));
        assertThat(mailbox.close()).containsExactly(new Letter(1, 1));
        assertThat(mailbox.add(new Letter(1, 2))).isFalse();
        assertThat(add(Part.MEMBERS, 1)).isFalse();
    }

    @Test
    void what_was_drained_last_is_handed_out_again_because_the_loop_may_have_failed_over_it() {
        mailbox.add(new Letter(1, 1));
        mailbox.drain();
        mailbox.add(new Letter(1, 2));
        mailbox.add(new Letter(1, 3));
        mailbox.drain();
        mailbox.add(new Letter(1, 4));
        assertThat(mailbox.close()).containsExactly(new Letter(1, 2), new Letter(1, 3), new Letter(1, 4));
    }

    @Test
    void no_letter_of_many_threads_is_lost_or_slept_over() throws InterruptedException {
        int threads = 4;
        int each = 20_000;
        CountDownLatch go = new CountDownLatch(1);
        List<Thread> senders = new ArrayList<>();
        for (int sender = 0; sender < threads; sender++) {
            int from = sender;
            Thread thread = new Thread(() -> {
                try {
                    go.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                for (int number = 0; number < each; number++) {
                    mailbox.add(new Letter(from, number));
                }
            });
            thread.start();
            senders.add(thread);
        }
        go.countDown();
        int[] next = new int[threads];
        for (int taken = 0; taken < threads * each; ) {
            mailbox.await(60_000_000_000L); // a wake-up that is lost would show as the time-out of the test
            for (Mail mail : mailbox.drain()) {
                Letter letter = (Letter) mail;
                assertThat(letter.number()).isEqualTo(next[letter.from()]++);
                taken++;
            }
        }
        for (Thread sender : senders) {
            sender.join();
        }
    }

    @Test
    void a_poke_wakes_without_a_letter() {
        mailbox.poke();
        mailbox.await(60_000_000_000L);
        assertThat(mailbox.drain()).isEmpty();
    }
}
