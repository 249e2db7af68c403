package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch;
import io.llm2clip.kernels.gpu.tornado.TornadoDevice;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.internal.graph.Graph;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * Variables on an accelerator as its matrix products take them: rounded to fewer bits, and rounded again only after they have changed.
 * What is a factor only, such as the weights of a frozen model, needs no f32 elements there.
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
        final int element;
        long version = -1;
        int users;

        Rounded(int element) {
            this.element = element;
        }
    }

    /** Begins a use; returns the first element in the arena of the type. */
    int retain(TensorData data) {
        Rounded rounded = factors.computeIfAbsent(
                data, key -> new Rounded(memory.take(dtype, key.shape().size())));
        rounded.users++;
        return rounded.element;
    }

    /** Ends a use. */
    void release(TensorData data) {
        Rounded rounded = Graph.known(factors, data);
        rounded.users--;
        if (rounded.users == 0) {
            factors.remove(data);
            memory.give(dtype, rounded.element, data.shape().size());
        }
    }

    /** Makes the rounded elements those of the variable as it is now. */
    void send(TensorData data) {
        Rounded rounded = Graph.known(factors, data);
        if (rounded.version != data.version()) {
            KernelOp convert = Elementwise.convert(data.shape().size(), data.dtype(), dtype);
            DeviceCopy copy = DeviceCopy.of(data);
            if (copy != null && copy.isCurrent()) {
                int[] places = {copy.element(), rounded.element};
                for (DeviceLaunch launch : DeviceKernels.plan(convert).launches()) {
                    memory.device().launch(launch, places);
                }
            } else {
                upload(convert, data, memory.device(), rounded.element);
            }
            rounded.version = data.version();
        }
    }

    private void upload(KernelOp convert, TensorData data, TornadoDevice device, int element) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment rounded =
                    arena.allocate(dtype.bytes((long) data.shape().size()), 64);
            long[] addresses = {data.memory().address(), rounded.address()};
            CpuKernels.bind(convert, addresses, Workers.shared()).run();
            device.upload(dtype, element, rounded);
        }
    }
}
