/** The seam between the journal and the operating system: a simulator puts a disk of its own here. */
@NullMarked
package dev.multipaxos.storage.disk;

import org.jspecify.annotations.NullMarked;
