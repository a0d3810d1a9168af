package dev.multipaxos.wire;

/**
 * What every frame between nodes says of itself; stamped by the driver when the frame is sent.
 *
 * @param cluster the cluster
 * @param group the group
 * @param from the sender
 * @param to the receiver that it means
 * @param storageId the sender's storage
 * @param bootCount the sender's life
 * @param position the sender's durable journal position
 */
public record Envelope(long cluster, int group, int from, int to, long storageId, long bootCount, long position) {}
