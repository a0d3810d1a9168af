package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SessionsByUseTest {

    private final SessionsByUse sessions = new SessionsByUse();
    private final Map<Long, Session> model = new LinkedHashMap<>(16, 0.75f, true);

    private void add(long id) {
        Session session = new Session(id, 0);
        sessions.add(session);
        model.put(id, session);
    }

    private void use(long id) {
        assertThat(sessions.use(id)).isSameAs(model.get(id));
    }

    private void remove(long id) {
        Session session = model.remove(id);
        if (session != null) {
            sessions.remove(session);
        }
    }

    private void assertSame() {
        List<Session> expected = new ArrayList<>(model.values());
        assertThat(sessions.stream()).containsExactlyElementsOf(expected);
        assertThat(sessions.size()).isEqualTo(expected.size());
        assertThat(sessions.eldest()).isSameAs(expected.isEmpty() ? null : expected.get(0));
    }

    /** Few ids, so that they meet; some dense, some far apart, as those of sessions that were opened together and in other slots. */
    @Test
    void it_is_a_map_in_the_order_of_last_use_whatever_comes() {
        for (long seed = 0; seed < 40; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            int ids = 1 + random.nextInt(400);
            long[] known = LongStream.range(0, ids)
                    .map(i -> random.nextBoolean() ? i : i << 20)
                    .distinct()
                    .toArray();
            int adding = 2 + random.nextInt(8);
            for (int step = 0; step < 2_000; step++) {
                long id = known[random.nextInt(known.length)];
                if (random.nextInt(10) < adding) {
                    if (model.containsKey(id)) {
                        use(id);
                    } else {
                        add(id);
                    }
                } else {
                    remove(id);
                }
                use(known[random.nextInt(known.length)]);
            }
            assertSame();
            model.clear();
            sessions.clear();
            assertSame();
        }
    }

    @Test
    void those_that_hash_alike_are_found_when_one_between_them_goes() {
        for (long id = 0; id < 5_000; id++) {
            add(id);
        }
        for (long id = 0; id < 5_000; id += 2) {
            remove(id);
        }
        for (long id = 0; id < 5_000; id++) {
            use(id);
        }
        assertSame();
    }
}
