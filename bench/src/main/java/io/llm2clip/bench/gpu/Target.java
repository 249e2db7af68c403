package io.llm2clip.bench.gpu;

import io.llm2clip.kernels.gpu.cublas.MatmulPrecision;
import io.llm2clip.kernels.gpu.tornado.TornadoVm;
import io.llm2clip.tensor.Device;
import java.util.Arrays;
import java.util.List;

/**
 * Where a part computes: {@code cpu}, or the number of a device of TornadoVM.
 *
 * @param number of the device, or -1 for the CPU
 */
record Target(int number) {

    static Target parse(String text) {
        return new Target(text.equals("cpu") ? -1 : Integer.parseInt(text));
    }

    boolean isCpu() {
        return number < 0;
    }

    String name() {
        return isCpu() ? "CPU" : TornadoVm.device(number).name();
    }

    /** What its matmuls can compute in. */
    List<MatmulPrecision> precisions() {
        return !isCpu() && !TornadoVm.products(number).equals("kernels")
                ? Arrays.asList(MatmulPrecision.values())
                : List.of(MatmulPrecision.F32);
    }

    /** Runs something with programs compiled for this device. */
    void with(MatmulPrecision precision, Runnable work) {
        if (isCpu()) {
            work.run();
            return;
        }
        try (Device device = Device.open(number, Device.usableBytes(number), precision)) {
            device.makeStandard();
            work.run();
        } finally {
            Device.cpu().makeStandard();
        }
    }
}
