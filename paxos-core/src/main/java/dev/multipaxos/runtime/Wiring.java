package dev.multipaxos.runtime;

import dev.multipaxos.core.Configuration;
import dev.multipaxos.core.Parameters;
import java.util.function.LongConsumer;

/**
 * How the parts of a node are connected: directly, in every process. The simulator puts itself between them, to see what passes,
 * and runs with numbers that no cluster would want.
 */
public interface Wiring {

    /** Every part works with the next one itself. */
    Wiring DIRECT = new Wiring() {};

    /** {@return the clocks} */
    default TimeSource time() {
        return TimeSource.SYSTEM;
    }

    /** {@return the clock by which snapshots are carried: its seconds are those of the rate, and of all that is waited for} */
    default TimeSource transferTime() {
        return time();
    }

    /** {@return the rules of the session table; the same on every member} */
    default SessionRules sessions() {
        return SessionRules.STANDARD;
    }

    /**
     * The numbers that the protocol runs with.
     *
     * @param computed what follows from the node's settings
     * @return what is used
     */
    default Parameters parameters(Parameters computed) {
        return computed;
    }

    /**
     * Who decides.
     *
     * @param founded what the founding record says
     * @return what is used
     */
    default Configuration configuration(Configuration founded) {
        return founded;
    }

    /**
     * Stands between the driver and the journal.
     *
     * @param journal writes
     * @param durable tells the driver how many records are durable
     * @return what the driver writes to
     */
    default Driver.Journal journal(Driver.Journal journal, LongConsumer durable) {
        return journal;
    }

    /**
     * Stands between the driver and the transport.
     *
     * @param network sends
     * @return what the driver sends to
     */
    default Driver.Network network(Driver.Network network) {
        return network;
    }

    /**
     * Stands between the driver and the state machine's side.
     *
     * @param application takes what is chosen
     * @return what the driver hands it to
     */
    default Driver.Application application(Driver.Application application) {
        return application;
    }

    /**
     * Stands between whoever has chosen slots to be executed, a replay or the applier, and their execution.
     *
     * @param execution executes
     * @return what is asked to
     */
    default SlotExecution execution(SlotExecution execution) {
        return execution;
    }
}
