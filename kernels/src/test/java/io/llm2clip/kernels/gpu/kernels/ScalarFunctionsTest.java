package io.llm2clip.kernels.gpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.operations.Opcode;
import org.junit.jupiter.api.Test;

class ScalarFunctionsTest {

    @Test
    void kernelsNumberOpcodesAsTheEnumDoes() throws ReflectiveOperationException {
        for (Opcode opcode : Opcode.values()) {
            assertThat(ScalarFunctions.class.getDeclaredField(opcode.name()).getInt(null))
                    .as("ScalarFunctions.%s", opcode)
                    .isEqualTo(opcode.ordinal());
        }
    }
}
