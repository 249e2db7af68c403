package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.KernelDevice;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.internal.graph.Graph;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Variables on an accelerator as its matmuls take them: rounded to fewer bits, and rounded again only after they have changed.
 * What is an operand of matmuls only, such as the weights of a frozen model, needs no f32 elements there.
 */
final class RoundedFactors {
    private final AcceleratorMemory memory;
    private final DType dtype;
    private final Map<TensorData, Rounded> factors = new HashMap<>();

    RoundedFactors(AcceleratorMemory memory, DType dtype) {
        this.memory = memory;
        this.dtype = dtype;
    }

    private static final class Rounded {
        final ArenaRange range;
        long version = -1;
        int users;

        Rounded(ArenaRange range) {
            this.range = range;
        }
    }

    /** Begins a use; returns where the rounded elements start. */
    DeviceAddress retain(TensorData data) {
        Rounded rounded = factors.computeIfAbsent(
                data,
                key -> new Rounded(
                        memory.take(MemoryUse.VARIABLE, dtype, key.shape().size())));
        rounded.users++;
        return rounded.range.start();
    }

    /** Ends a use. */
    void release(TensorData data) {
        Rounded rounded = Graph.known(factors, data);
        rounded.users--;
        if (rounded.users == 0) {
            factors.remove(data);
            memory.give(rounded.range);
        }
    }

    /** Makes the rounded elements those of the variable as it is now. */
    void send(TensorData data) {
        Rounded rounded = Graph.known(factors, data);
        if (rounded.version != data.version()) {
            KernelOp convert = Elementwise.convert(data.shape().size(), data.dtype(), dtype);
            DeviceCopy copy = DeviceCopy.of(data);
            if (copy != null && copy.isCurrent()) {
                memory.device().run(convert, List.of(copy.address(), rounded.range.start()));
            } else {
                upload(convert, data, memory.device(), rounded.range.start());
            }
            rounded.version = data.version();
        }
    }

    private void upload(KernelOp convert, TensorData data, KernelDevice device, DeviceAddress target) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment rounded =
                    arena.allocate(dtype.bytes((long) data.shape().size()), 64);
            long[] addresses = {data.memory().address(), rounded.address()};
            CpuKernels.bind(convert, addresses, Workers.shared()).run();
            device.upload(dtype, target, rounded);
        }
    }
}
