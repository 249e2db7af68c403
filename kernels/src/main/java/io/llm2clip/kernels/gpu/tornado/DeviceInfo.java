package io.llm2clip.kernels.gpu.tornado;

/**
 * A device that TornadoVM reports.
 *
 * @param number by which {@link TornadoDevice#open} takes it
 * @param name as its driver calls it
 * @param backend {@code cuda}, {@code ptx}, {@code opencl}, {@code spirv} or {@code metal}
 * @param memoryBytes its global memory
 * @param allocationBytes the most that one allocation may have; 0 if it does not say
 * @param platform the driver's name, with its version where it says one
 */
public record DeviceInfo(
        int number, String name, String backend, long memoryBytes, long allocationBytes, String platform) {
    /** The most elements of an arena, which kernels number by int. */
    static final int MOST_ELEMENTS = Integer.MAX_VALUE - 8;

    /** What an allocation takes beside the elements of an arena: a header, and an element of its own. */
    private static final long OVERHEAD = 4096;

    /** Whether it is driven by CUDA, whose tasks may be captured, share compiled code and call libraries. */
    boolean isCuda() {
        return backend.equals("cuda");
    }

    /** Bytes of f32 elements that the arena of a program may have: three quarters of the memory, as far as one allocation and int go. */
    public long usableBytes() {
        long share = memoryBytes / 4 * 3;
        return Math.min(
                (long) MOST_ELEMENTS * Float.BYTES,
                allocationBytes > 0 ? Math.min(share, allocationBytes - OVERHEAD) : share);
    }
}
