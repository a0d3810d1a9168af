/** The acceptor's memory in files; the format is in {@code docs/storage.md}. */
@NullMarked
package dev.multipaxos.storage;

import org.jspecify.annotations.NullMarked;
