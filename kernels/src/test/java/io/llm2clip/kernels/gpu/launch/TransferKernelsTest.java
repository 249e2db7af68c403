package io.llm2clip.kernels.gpu.launch;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.emulator.Emulator;
import io.llm2clip.kernels.gpu.emulator.Schedule;
import io.llm2clip.kernels.operations.KernelOpArbitraries;
import io.llm2clip.kernels.operations.Operand;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** Transfers keep every bit. */
class TransferKernelsTest {

    @Property(tries = 60)
    void copiesBits(
            @ForAll("types") DType dtype, @ForAll @IntRange(min = 1, max = 300) int elements, @ForAll long seed) {
        DeviceLaunch launch = Transfers.copy(dtype, elements);
        DevicePlan plan = new DevicePlan(
                List.of(
                        new Operand("from", dtype, elements, Operand.Access.READ),
                        new Operand("to", dtype, elements, Operand.Access.WRITE)),
                List.of(launch),
                0);
        byte[] from = new byte[elements * dtype.bytes()];
        new Random(seed).nextBytes(from);
        byte[] to = new byte[from.length];
        new Emulator(Schedule.shuffled(seed)).run(plan, MemorySegment.ofArray(from), MemorySegment.ofArray(to));
        assertThat(to).isEqualTo(from);
    }

    @Provide
    Arbitrary<DType> types() {
        return KernelOpArbitraries.denseTypes();
    }
}
