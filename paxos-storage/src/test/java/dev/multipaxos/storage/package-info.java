@NullMarked
package dev.multipaxos.storage;

import org.jspecify.annotations.NullMarked;
