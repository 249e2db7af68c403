package io.llm2clip.tests;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A device as a user opens it; run by {@link DeviceTest}, not by itself. */
class DefaultMemoryCases {

    @Test
    void theDefaultAmountOfMemoryOpens() {
        TensorData weight = TensorData.of(Shape.of(3), 1, 2, 3);
        try (Device device = Device.open(0, Device.usableBytes(0));
                Program program = Program.compile(
                        List.of(Tensor.variable("weight", weight).mul(3)),
                        new Execution(device, ProgramOptions.DEFAULT))) {
            assertThat(program.run().getFirst().toFloats()).containsExactly(3, 6, 9);
        }
    }
}
