package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

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

    private final Mailbox mailbox = new Mailbox(100);

    @Test
    void what_is_added_is_taken_in_order_once() {
        mailbox.add(new Letter(1, 1));
        mailbox.add(new Letter(1, 2));
        assertThat(mailbox.drain()).containsExactly(new Letter(1, 1), new Letter(1, 2));
        assertThat(mailbox.drain()).isEmpty();
    }

    @Test
    void frames_beyond_the_bound_are_dropped_and_counted_and_letters_are_not() {
        assertThat(mailbox.addFrame(new Letter(1, 1), 1_000)).isTrue();
        assertThat(mailbox.addFrame(new Letter(1, 2), 1)).isFalse();
        assertThat(mailbox.add(new Letter(2, 1))).isTrue();
        assertThat(mailbox.dropped()).isEqualTo(1);
        assertThat(mailbox.drain()).hasSize(2);
        assertThat(mailbox.addFrame(new Letter(1, 3), 100)).isTrue();
        assertThat(mailbox.addFrame(new Letter(1, 4), 1)).isFalse();
    }

    @Test
    void clients_that_send_too_much_do_not_crowd_out_the_members() {
        assertThat(mailbox.addClientFrame(new Letter(1, 1), 1_000)).isTrue();
        assertThat(mailbox.addClientFrame(new Letter(1, 2), 1)).isFalse();
        assertThat(mailbox.addFrame(new Letter(2, 1), 100)).isTrue();
        assertThat(mailbox.dropped()).isEqualTo(1);
        assertThat(mailbox.drain()).hasSize(2);
        assertThat(mailbox.addClientFrame(new Letter(1, 3), 20)).isTrue();
        assertThat(mailbox.addClientFrame(new Letter(1, 4), 6)).isFalse();
    }

    @Test
    void a_closed_mailbox_hands_out_the_rest_and_takes_nothing() {
        mailbox.add(new Letter(1, 1));
        assertThat(mailbox.close()).containsExactly(new Letter(1, 1));
        assertThat(mailbox.add(new Letter(1, 2))).isFalse();
        assertThat(mailbox.addFrame(new Letter(1, 3), 1)).isFalse();
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
