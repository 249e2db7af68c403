package io.llm2clip.tensor.machine;

import io.llm2clip.kernels.gpu.tornado.DeviceInfo;
import io.llm2clip.kernels.gpu.tornado.TornadoVm;
import java.util.Optional;

/**
 * A device that TornadoVM reports.
 *
 * @param number by which {@link io.llm2clip.tensor.Device#open} takes it
 * @param name as its driver calls it
 * @param backend {@code cuda}, {@code ptx}, {@code opencl}, {@code spirv} or {@code metal}
 * @param memoryBytes its global memory
 * @param allocationBytes the most that one allocation may have; 0 if it does not say
 * @param platform the driver's name, with its version where it says one
 */
public record Accelerator(
        int number, String name, String backend, long memoryBytes, long allocationBytes, String platform) {

    static Accelerator of(DeviceInfo info) {
        return new Accelerator(
                info.number(),
                info.name(),
                info.backend(),
                info.memoryBytes(),
                info.allocationBytes(),
                info.platform());
    }

    /**
     * By what its matrix products are computed: a library with its version, or kernels.
     *
     * @throws TornadoException if the library is there but not usable
     */
    public String matmul() {
        return TornadoException.translating(() -> TornadoVm.products(number));
    }

    /** Why it does not work, found by running a trivial kernel there and comparing what it made; empty if it does. */
    public Optional<String> defect() {
        return TornadoException.translating(() -> TornadoVm.defect(number));
    }
}
