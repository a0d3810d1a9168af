/** A replicated key-value store: its state machine, its server and its command line. */
@NullMarked
package dev.multipaxos.examples.kv;

import org.jspecify.annotations.NullMarked;
