/** Threads, queues and sessions around the protocol; internal. */
@NullMarked
package dev.multipaxos.runtime;

import org.jspecify.annotations.NullMarked;
