package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.DType;

/**
 * A device that TornadoVM reports.
 *
 * @param number by which {@link TornadoDevice#open} takes it
 * @param name as its driver calls it
 * @param backend {@code cuda}, {@code ptx}, {@code opencl}, {@code spirv} or {@code metal}
 * @param memoryBytes its global memory
 * @param allocationBytes largest size of one allocation; 0 if it does not say
 * @param platform the driver's name, with its version where it says one
 */
public record DeviceInfo(
        int number, String name, String backend, long memoryBytes, long allocationBytes, String platform) {
    /** Maximum number of elements per arena: kernels index them by int. */
    static final int MAX_ELEMENTS = Integer.MAX_VALUE - 8;

    /** Bytes of an allocation beside an arena's elements: a header, and an element of its own. */
    private static final long OVERHEAD = 4096;

    /** Whether it is driven by CUDA, whose tasks may be captured, share compiled code and call libraries. */
    boolean isCuda() {
        return backend.equals("cuda");
    }

    /**
     * Default size of all arenas: three quarters of the memory; without CUDA not more than two arenas take, one of f32 and one of 16-bit
     * elements, as such devices may share the host's memory and promise more than they allocate.
     */
    public long usableBytes() {
        long share = memoryBytes / 4 * 3;
        return isCuda() ? share : Math.min(share, 2 * maxElements(DType.F32) * Float.BYTES);
    }

    /** Largest number of elements of an arena, as far as one allocation and int indexing go. */
    public long maxElements(DType dtype) {
        return allocationBytes > 0
                ? Math.min(MAX_ELEMENTS, (allocationBytes - OVERHEAD) / dtype.bytes())
                : MAX_ELEMENTS;
    }
}
