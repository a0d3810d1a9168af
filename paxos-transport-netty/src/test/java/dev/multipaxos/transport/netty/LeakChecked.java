package dev.multipaxos.transport.netty;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.slf4j.LoggerFactory;

/** Reads the log of a test, and fails it if Netty says that a buffer was lost. */
abstract class LeakChecked {

    private static final List<String> LEAKS = new CopyOnWriteArrayList<>();
    static final List<ILoggingEvent> LOG = new CopyOnWriteArrayList<>();

    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            event.prepareForDeferredProcessing();
            LOG.add(event);
            if (event.getFormattedMessage().contains("LEAK:")) {
                LEAKS.add(event.getFormattedMessage());
            }
        }
    };

    /** {@return whether something was logged that contains a text} */
    static boolean logged(Level level, String text) {
        return loggedTimes(level, text) > 0;
    }

    static long loggedTimes(Level level, String text) {
        return LOG.stream()
                .filter(e -> e.getLevel() == level && e.getFormattedMessage().contains(text))
                .count();
    }

    @BeforeEach
    void readTheLog() {
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        LOG.clear();
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        ((Logger) LoggerFactory.getLogger("dev.multipaxos")).setLevel(Level.INFO);
        appender.setContext(root.getLoggerContext());
        appender.start();
        root.addAppender(appender);
    }

    @AfterEach
    void no_buffer_was_lost() {
        // a lost buffer is reported when the next one is made after its collection
        for (int i = 0; i < 3; i++) {
            System.gc();
            for (int j = 0; j < 10; j++) {
                ByteBufAllocator.DEFAULT.directBuffer(16).release();
                ByteBufAllocator.DEFAULT.heapBuffer(16).release();
            }
        }
        ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).detachAppender(appender);
        assertThat(LEAKS).isEmpty();
    }
}
