package dev.multipaxos.runtime;

/** The clocks that a node reads: the machine's, or those of a simulation. */
public interface TimeSource {

    /** The clocks of the machine. */
    TimeSource SYSTEM = new TimeSource() {
        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public long currentTimeMillis() {
            return System.currentTimeMillis();
        }
    };

    /** {@return nanoseconds since anything; never goes back within a life of the node} */
    long nanoTime();

    /** {@return milliseconds since 1970, as the wall clock has it; may jump} */
    long currentTimeMillis();
}
