package io.llm2clip.testkit;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.CpuOp;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Operand;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** {@code y = 2 x} by a reference and a CPU kernel of which each may be wrong. */
record Doubling(int elements, Mistake reference, Mistake kernel) implements CpuOp {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    /** What an implementation does wrong. */
    enum Mistake {
        NONE,
        VALUE,
        UNWRITTEN,
        READS_RESULT,
        COUNTS_RUNS,
        COUNTS_THREADS,
        OUT_OF_BOUNDS,
        BESIDE_OPERAND,
        WRITES_INPUT,
        THROWS
    }

    @Override
    public List<Operand> operands() {
        return List.of(Operand.in("x", elements), Operand.out("y", elements));
    }

    @Override
    public void reference(MemorySegment... operands) {
        run(reference, operands, 1, 0);
    }

    @Override
    public Launch bind(MemorySegment[] operands, Workers workers) {
        int[] runs = {0};
        return () -> run(kernel, operands, workers.threads(), runs[0]++);
    }

    private void run(Mistake mistake, MemorySegment[] operands, int threads, int runsBefore) {
        MemorySegment x = operands[0];
        MemorySegment y = operands[1];
        for (int i = 0; i < elements; i++) {
            float doubled = 2 * x.getAtIndex(FLOAT, i);
            if (mistake != Mistake.UNWRITTEN || i % 3 != 2) {
                y.setAtIndex(FLOAT, i, mistake == Mistake.READS_RESULT ? doubled + y.getAtIndex(FLOAT, i) : doubled);
            }
        }
        switch (mistake) {
            case NONE, UNWRITTEN, READS_RESULT -> {}
            case VALUE -> y.setAtIndex(FLOAT, 4, 77);
            case COUNTS_RUNS -> y.setAtIndex(FLOAT, 0, y.getAtIndex(FLOAT, 0) + 2e-6f * runsBefore);
            case COUNTS_THREADS -> y.setAtIndex(FLOAT, 0, y.getAtIndex(FLOAT, 0) + 2e-6f * threads);
            case OUT_OF_BOUNDS -> y.setAtIndex(FLOAT, elements, 1);
            case BESIDE_OPERAND -> anywhere(y, Float.BYTES).setAtIndex(FLOAT, elements, 1);
            case WRITES_INPUT -> anywhere(x, 0).setAtIndex(FLOAT, 1, 77);
            case THROWS -> throw new UnsupportedOperationException("not today");
        }
    }

    /** As a native library gets it. */
    private static MemorySegment anywhere(MemorySegment operand, int more) {
        return MemorySegment.ofAddress(operand.address()).reinterpret(operand.byteSize() + more);
    }
}
