package io.llm2clip.kernels.operations;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.reference.Reference;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** The generator yields valid operations of every kind but one's own, and those whose result is packed, which have a test of their own. */
class KernelOpArbitrariesTest {

    @Provide
    Arbitrary<KernelOp> operations() {
        return KernelOpArbitraries.all();
    }

    @Property(tries = 300)
    void referenceRunsEveryOperationWithinItsBuffers(@ForAll("operations") KernelOp op, @ForAll long seed) {
        try (OperandBuffers buffers = OperandBuffers.random(op, seed);
                OperandBuffers again = buffers.copy()) {
            Reference.run(op, buffers.segments());
            Reference.run(op, again.segments());
            again.assertSameBits(buffers);
        }
    }

    /** Which callers rely on when they cut a list of operands in two. */
    @Property(tries = 300)
    void resultsFollowInputs(@ForAll("operations") KernelOp op) {
        List<Operand> operands = op.operands();
        List<Operand> results = op.results();
        assertThat(operands.subList(operands.size() - results.size(), operands.size()))
                .isEqualTo(results);
    }

    @Test
    void everyKindIsGenerated() {
        Set<Class<?>> generated = KernelOpArbitraries.all()
                .sampleStream()
                .limit(3000)
                .map(KernelOp::getClass)
                .collect(Collectors.toSet());
        assertThat(generated)
                .containsExactlyInAnyOrderElementsOf(kinds(KernelOp.class)
                        .filter(kind -> kind != CustomOp.class && kind != PackedRows.class)
                        .collect(Collectors.toSet()));
    }

    private static Stream<Class<?>> kinds(Class<?> type) {
        return type.isSealed()
                ? Stream.of(type.getPermittedSubclasses()).flatMap(KernelOpArbitrariesTest::kinds)
                : Stream.of(type);
    }
}
