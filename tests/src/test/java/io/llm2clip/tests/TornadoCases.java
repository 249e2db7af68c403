package io.llm2clip.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.device.DeviceException;
import io.llm2clip.kernels.gpu.tornado.TornadoVm;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What only devices of TornadoVM have: memory of their own, and libraries; run by {@link DeviceTest}, not by itself. */
class TornadoCases {
    private static final ProgramOptions BF16 = new ProgramOptions(Precision.BF16);

    private final TensorData weight = TensorData.of(Shape.of(3), 1, 2, 3);

    /** With factors of so few bits that nothing is lost. */
    @Test
    void roundedFactorsFollowTheirVariables() {
        assumeFalse(TornadoVm.products(0).equals("kernels"), "The device has no library for products in bf16.");
        Tensor x = Tensor.input("x", Shape.of(2, 3), DType.F32);
        Tensor product = x.matmul(Tensor.variable("weight", weight).reshape(3, 1));
        try (Device device = Device.open(0, 64 << 20);
                Program program = Program.compile(List.of(product), new Execution(device, BF16));
                Program other = Program.compile(List.of(product.add(1)), new Execution(device, BF16))) {
            for (Program each : List.of(program, other)) {
                each.feed(x, TensorData.of(Shape.of(2, 3), 1, 1, 1, 1, 2, 4));
            }
            assertThat(program.run().getFirst().toFloats()).containsExactly(6, 17);
            assertThat(other.run().getFirst().toFloats()).containsExactly(7, 18);
            weight.fill(4, 5, 6);
            assertThat(program.run().getFirst().toFloats()).containsExactly(15, 38);
            try (Program update = AcceleratorCases.halfStep(weight, new Execution(device, BF16))) {
                update.run();
                assertThat(program.run().getFirst().toFloats()).containsExactly(13.5f, 34.5f);
                update.run();
            }
            assertThat(other.run().getFirst().toFloats()).containsExactly(13, 32);
            assertThat(weight.toFloats()).containsExactly(3, 4, 5);
            weight.fill(0.0625f, 1 + 0x1p-9f, 2);
            assertThat(program.run().getFirst().toFloats())
                    .as("1 + 2^-9 is rounded to 1")
                    .containsExactly(3.0625f, 10.0625f);
            try (Program exact = Program.compile(List.of(product), new Execution(device, ProgramOptions.DEFAULT))) {
                exact.feed(x, TensorData.of(Shape.of(2, 3), 1, 1, 1, 1, 2, 4));
                assertThat(exact.run().getFirst().toFloats())
                        .as("a program in f32 on the same device, beside it")
                        .containsExactly(3.0625f + 0x1p-9f, 10.0625f + 0x1p-8f);
            }
        }
    }

    @Test
    void moreMemoryThanTheDeviceHasIsRefused() {
        long all = TornadoVm.device(0).memoryBytes();
        for (long bytes : new long[] {all + 1, Long.MAX_VALUE}) {
            assertThatThrownBy(() -> Device.open(0, bytes))
                    .isInstanceOf(DeviceException.class)
                    .hasMessage(bytes + " bytes of the memory of "
                            + TornadoVm.device(0).name() + " were asked for, expected at most " + all
                            + ", which is all it has; allow less (--device-memory).");
        }
    }
}
