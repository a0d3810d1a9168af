/** The protocol as a pure state machine: values in, calls out; no threads, clocks, randomness, input or output. */
@NullMarked
package dev.multipaxos.core;

import org.jspecify.annotations.NullMarked;
