package io.llm2clip.bench.gpu;

import io.llm2clip.kernels.gpu.tornado.TornadoVm;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramOptions;
import java.util.List;
import java.util.function.Consumer;

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
    List<Precision> precisions() {
        return !isCpu() && !TornadoVm.products(number).equals("kernels")
                ? List.of(Precision.F32, Precision.TF32, Precision.BF16)
                : List.of(Precision.F32);
    }

    /** Runs something with programs compiled for this device. */
    void with(Precision precision, Consumer<Execution> work) {
        ProgramOptions options = new ProgramOptions(precision);
        if (isCpu()) {
            work.accept(new Execution(Device.cpu(), options));
            return;
        }
        try (Device device = Device.open(number, Device.usableBytes(number))) {
            work.accept(new Execution(device, options));
        }
    }
}
