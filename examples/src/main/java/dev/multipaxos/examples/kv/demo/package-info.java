/** The key-value store put to the test: three processes, a load, a killed leader, a check. */
@NullMarked
package dev.multipaxos.examples.kv.demo;

import org.jspecify.annotations.NullMarked;
